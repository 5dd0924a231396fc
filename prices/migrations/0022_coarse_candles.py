"""Candles of 15 minutes, 1 and 4 hours and a day, made of those of minutes."""

import logging
from pathlib import Path
from typing import Any

import django.db.models.deletion
from django.db import migrations, models

from prices.patience import Patiently

SQL = Path(__file__).with_name("sql")

logger = logging.getLogger(__name__)

# Seconds per million candles of minutes, as measured on two cores with other work to do.
SECONDS_PER_MILLION = 4


def announce(apps: Any, schema_editor: Any) -> None:
    """Say how long it will take: nobody can record meanwhile."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM prices_candle")
        ((minutes,),) = cursor.fetchall()
    if minutes:
        logger.info(
            "Folding %s candles of minutes into longer ones: about %.0f s "
            "(%d s per million). Interrupted, it leaves everything as it was.",
            f"{minutes:,}",
            minutes / 1_000_000 * SECONDS_PER_MILLION,
            SECONDS_PER_MILLION,
        )


def decimal(digits: int, decimals: int, **options: Any) -> models.DecimalField:
    return models.DecimalField(max_digits=digits, decimal_places=decimals, **options)


class Migration(migrations.Migration):
    dependencies = (("prices", "0012_shared_sql"),)

    operations = (
        migrations.RunPython(announce, migrations.RunPython.noop),
        Patiently(
            migrations.RunSQL(
                (SQL / "0022_coarse_candles.sql").read_text(encoding="utf-8"),
                reverse_sql=(
                    "DROP FUNCTION prices_coarse_candles",
                    "DROP TABLE prices_coarsecandle",
                ),
                state_operations=(
                    migrations.CreateModel(
                        name="CoarseCandle",
                        fields=(
                            (
                                "pk",
                                models.CompositePrimaryKey(
                                    "symbol_id",
                                    "minutes",
                                    "minute",
                                    blank=True,
                                    editable=False,
                                    primary_key=True,
                                    serialize=False,
                                ),
                            ),
                            ("minute", models.DateTimeField()),
                            ("first_trade", models.BigIntegerField()),
                            ("last_trade", models.BigIntegerField()),
                            ("trades", models.BigIntegerField()),
                            (
                                "symbol",
                                models.ForeignKey(
                                    "prices.symbol",
                                    db_constraint=False,
                                    db_index=False,
                                    on_delete=django.db.models.deletion.PROTECT,
                                    related_name="coarse_candles",
                                ),
                            ),
                            ("minutes", models.SmallIntegerField()),
                            ("open", decimal(18, 8)),
                            ("high", decimal(18, 8)),
                            ("low", decimal(18, 8)),
                            ("close", decimal(18, 8)),
                            ("volume", decimal(32, 8)),
                            ("quote_volume", decimal(50, 16, null=True)),
                            ("taker_buy_volume", decimal(32, 8, null=True)),
                            ("taker_buy_quote_volume", decimal(50, 16, null=True)),
                        ),
                    ),
                ),
            ),
        ),
    )
