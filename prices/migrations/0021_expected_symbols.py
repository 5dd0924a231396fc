"""The view `prices` is prepared by `migrate` for what is recorded next, and by no recorder."""

from pathlib import Path

from django.db import migrations

from prices.patience import Patiently

SQL = Path(__file__).with_name("sql")


def read(name: str) -> str:
    return (SQL / name).read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = (("prices", "0022_coarse_candles"),)

    operations = (
        Patiently(
            migrations.RunSQL(
                read("0021_expected_symbols.sql"),
                reverse_sql=read("0021_expected_symbols_reverse.sql"),
            ),
        ),
    )
