"""Adds `pruned_through` to tapes made while migration 0006 did not add it (4d37b93 to a5d04b0)."""

from pathlib import Path

from django.db import migrations

from prices.patience import Patiently

SQL = Path(__file__).with_name("sql")


class Migration(migrations.Migration):
    dependencies = (("prices", "0008_prices_view"),)

    operations = (
        Patiently(
            migrations.RunSQL(
                (SQL / "0009_pruned_through.sql").read_text(encoding="utf-8"),
                # The column is 0006's, which takes it away.
                reverse_sql=migrations.RunSQL.noop,
            ),
        ),
    )
