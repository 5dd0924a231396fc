"""The market of the tape: tapes from before take that of the first who records."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = (("prices", "0007_storage"),)

    operations = (
        migrations.CreateModel(
            name="Market",
            fields=[
                ("id", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=50)),
            ],
            options={
                "constraints": (models.CheckConstraint(condition=Q(id=1), name="market_is_one"),),
            },
        ),
    )
