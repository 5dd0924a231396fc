"""How ticks and candles are stored: the key by symbol, pages that stay full, and vacuum in small portions."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).with_name("sql")


class Migration(migrations.Migration):
    dependencies = (("prices", "0006_pruning"),)

    operations = (
        migrations.RunSQL(
            (SQL / "0007_storage.sql").read_text(encoding="utf-8"),
            reverse_sql=(SQL / "0007_storage_reverse.sql").read_text(encoding="utf-8"),
        ),
    )
