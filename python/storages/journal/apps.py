from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "storages.journal"
    label = "storages_journal"
    verbose_name = "Journal of files"
    default_auto_field = "django.db.models.BigAutoField"
