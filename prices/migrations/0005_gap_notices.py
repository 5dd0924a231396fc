"""A trigger that tells of every gap that is opened, filled in part or closed."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).with_name("sql")


class Migration(migrations.Migration):
    dependencies = (("prices", "0004_symbol_lag"),)

    operations = (
        migrations.RunSQL(
            (SQL / "0005_gap_notices.sql").read_text(encoding="utf-8"),
            reverse_sql=(SQL / "0005_gap_notices_reverse.sql").read_text(encoding="utf-8"),
        ),
    )
