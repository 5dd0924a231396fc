"""How the exchange describes each symbol."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("prices", "0021_expected_symbols"),
    ]

    operations = [
        migrations.CreateModel(
            name="Listing",
            fields=[
                (
                    "symbol",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="listing",
                        serialize=False,
                        to="prices.symbol",
                    ),
                ),
                ("body", models.JSONField()),
                ("checked_at", models.DateTimeField()),
            ],
        ),
    ]
