"""The archive is a source of what fills gaps. No table changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("prices", "0025_listing"),)

    operations = (
        migrations.AlterField(
            model_name="gap",
            name="source",
            field=models.CharField(
                choices=[("stream", "Stream"), ("rest", "Rest"), ("archive", "Archive")],
                help_text="Where what filled it came from.",
                max_length=8,
                null=True,
            ),
        ),
    )
