"""What several statements share, as functions and views; and the candles as they are browsed."""

from pathlib import Path
from typing import Any

from django.db import migrations, models

SQL = Path(__file__).with_name("sql")


def decimal(digits: int, decimals: int, **options: Any) -> models.DecimalField:
    return models.DecimalField(max_digits=digits, decimal_places=decimals, **options)


class Migration(migrations.Migration):
    dependencies = (("prices", "0011_natural_keys"),)

    operations = (
        migrations.RunSQL(
            (SQL / "0012_minutes.sql").read_text(encoding="utf-8"),
            reverse_sql="DROP FUNCTION prices_minutes",
        ),
        migrations.RunSQL(
            (SQL / "0012_prunable.sql").read_text(encoding="utf-8"),
            reverse_sql="DROP FUNCTION prices_prunable",
        ),
        migrations.RunSQL(
            (SQL / "0012_latest.sql").read_text(encoding="utf-8"),
            reverse_sql="DROP VIEW prices_latest",
        ),
        migrations.RunSQL(
            (SQL / "0012_candles.sql").read_text(encoding="utf-8"),
            reverse_sql="DROP VIEW prices_candles",
            state_operations=(
                migrations.CreateModel(
                    name="CandleRow",
                    fields=(
                        ("id", models.TextField(primary_key=True, serialize=False)),
                        ("symbol", models.TextField()),
                        ("number", models.SmallIntegerField(db_column="symbol_id")),
                        ("minute", models.DateTimeField()),
                        ("first_trade", models.BigIntegerField()),
                        ("last_trade", models.BigIntegerField()),
                        ("trades", models.IntegerField()),
                        ("open", decimal(18, 8)),
                        ("high", decimal(18, 8)),
                        ("low", decimal(18, 8)),
                        ("close", decimal(18, 8)),
                        ("volume", decimal(28, 8)),
                        ("quote_volume", decimal(46, 16, null=True)),
                        ("taker_buy_volume", decimal(28, 8, null=True)),
                        ("taker_buy_quote_volume", decimal(46, 16, null=True)),
                    ),
                    options={
                        "verbose_name": "candle",
                        "db_table": "prices_candles",
                        "managed": False,
                    },
                ),
            ),
        ),
    )
