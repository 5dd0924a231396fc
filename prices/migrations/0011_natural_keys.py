"""Ticks and candles under natural keys, with the taker's side and the volumes that follow from it."""

import logging
from pathlib import Path
from typing import Any

import django.db.models.deletion
from django.db import migrations, models

from prices.patience import Patiently

SQL = Path(__file__).with_name("sql")

logger = logging.getLogger(__name__)

# Seconds per million ticks, as measured on two cores with other work to do; a fast disk takes half of that.
SECONDS_PER_MILLION = 6

GIGABYTE = 10**9


def announce(apps: Any, schema_editor: Any) -> None:
    """Say how long it will take: nobody can read or record meanwhile."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM prices_price")
        ((ticks,),) = cursor.fetchall()
        cursor.execute(
            "SELECT pg_total_relation_size('prices_price') + pg_total_relation_size('prices_candle')"
        )
        ((size,),) = cursor.fetchall()
    if ticks:
        logger.info(
            "Rebuilding the tables of %s ticks and their candles: about %.0f s (%d s per million ticks), "
            "and up to %.1f GB more disk until it is done. Interrupted, it leaves everything as it was.",
            f"{ticks:,}",
            ticks / 1_000_000 * SECONDS_PER_MILLION,
            SECONDS_PER_MILLION,
            size / GIGABYTE,
        )


def decimal(digits: int, decimals: int, **options: Any) -> models.DecimalField:
    return models.DecimalField(max_digits=digits, decimal_places=decimals, **options)


def key(*columns: str) -> models.CompositePrimaryKey:
    return models.CompositePrimaryKey(
        *columns, blank=True, editable=False, primary_key=True, serialize=False
    )


def symbol(related_name: str) -> models.ForeignKey:
    return models.ForeignKey(
        "prices.symbol",
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name=related_name,
    )


class Migration(migrations.Migration):
    dependencies = [("prices", "0020_counters")]

    operations = [
        migrations.RunPython(announce, migrations.RunPython.noop),
        Patiently(
            migrations.RunSQL(
                (SQL / "0011_natural_keys.sql").read_text(encoding="utf-8"),
                reverse_sql=(SQL / "0011_natural_keys_reverse.sql").read_text(encoding="utf-8"),
                state_operations=[
                    migrations.DeleteModel("Price"),
                    migrations.CreateModel(
                        name="Price",
                        fields=[
                            ("pk", key("symbol_id", "first_trade")),
                            ("timestamp", models.DateTimeField()),
                            ("first_trade", models.BigIntegerField()),
                            (
                                "trades",
                                models.IntegerField(
                                    help_text="How many raw trades the tick holds."
                                ),
                            ),
                            ("symbol", symbol("prices")),
                            ("is_buyer_maker", models.BooleanField(null=True)),
                            ("price", decimal(18, 8)),
                            ("quantity", decimal(28, 8)),
                        ],
                        options={
                            "indexes": [
                                models.Index(
                                    fields=["symbol", "timestamp"], name="price_symbol_timestamp"
                                )
                            ],
                        },
                    ),
                    migrations.DeleteModel("Candle"),
                    migrations.CreateModel(
                        name="Candle",
                        fields=[
                            ("pk", key("symbol_id", "minute")),
                            ("minute", models.DateTimeField()),
                            ("first_trade", models.BigIntegerField()),
                            ("last_trade", models.BigIntegerField()),
                            ("trades", models.IntegerField()),
                            ("symbol", symbol("candles")),
                            ("open", decimal(18, 8)),
                            ("high", decimal(18, 8)),
                            ("low", decimal(18, 8)),
                            ("close", decimal(18, 8)),
                            ("volume", decimal(28, 8)),
                            ("quote_volume", decimal(46, 16, null=True)),
                            ("taker_buy_volume", decimal(28, 8, null=True)),
                            ("taker_buy_quote_volume", decimal(46, 16, null=True)),
                        ],
                    ),
                    migrations.AddField("Tick", "is_buyer_maker", models.BooleanField(null=True)),
                ],
            ),
        ),
    ]
