"""Counters of the recorders, for /metrics."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("prices", "0009_pruned_through"),)

    operations = (
        migrations.CreateModel(
            name="Counter",
            fields=[
                (
                    "name",
                    models.CharField(max_length=50, primary_key=True, serialize=False),
                ),
                ("value", models.BigIntegerField()),
            ],
        ),
    )
