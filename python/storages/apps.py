"""For INSTALLED_APPS, where somebody wants what it adds: the storages themselves do not need it."""

from django.apps import AppConfig


class StoragesConfig(AppConfig):
    name = "storages"
    verbose_name = "Storages"

    def ready(self):
        from storages import checks  # noqa: F401  registers them
