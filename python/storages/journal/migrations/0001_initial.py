import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(db_index=True, max_length=64)),
                ("place", models.TextField()),
                ("name", models.TextField()),
                ("staged", models.TextField(blank=True)),
                ("owner", models.CharField(max_length=32)),
                ("claimed", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={"verbose_name_plural": "entries"},
        ),
    ]
