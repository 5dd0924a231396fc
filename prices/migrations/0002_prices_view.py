"""The SQL view `prices`, for SQL written against the classic table of that name."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).with_name("sql")


class Migration(migrations.Migration):
    dependencies = (("prices", "0001_initial"),)

    operations = (
        migrations.RunSQL(
            (SQL / "0002_prices_view.sql").read_text(encoding="utf-8"),
            reverse_sql=(SQL / "0002_prices_view_reverse.sql").read_text(encoding="utf-8"),
        ),
    )
