from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("prices", "0005_gap_notices"),)

    operations = (
        migrations.AddField(
            model_name="symbol",
            name="kept_from",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="symbol",
            name="pruned_through",
            field=models.DateTimeField(null=True),
        ),
    )
