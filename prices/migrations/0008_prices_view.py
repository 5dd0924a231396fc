"""The view `prices` without DDL while recording: registering a symbol no longer rebuilds it."""

from pathlib import Path

from django.db import migrations

from prices.patience import Patiently

SQL = Path(__file__).with_name("sql")


def read(name: str) -> str:
    return (SQL / name).read_text(encoding="utf-8")


class Migration(migrations.Migration):
    # 0010 landed first.
    dependencies = (("prices", "0010_market"),)

    operations = (
        Patiently(
            migrations.RunSQL(
                read("0008_prices_view.sql"),
                reverse_sql=read("0008_prices_view_reverse.sql") + read("0002_prices_view.sql"),
            ),
        ),
    )
