"""For INSTALLED_APPS, where somebody wants what it adds: the storages themselves do not need it."""

from django.apps import AppConfig


class StoragesConfig(AppConfig):
    name = "storages"
    verbose_name = "Storages"

    def ready(self):
        from django.core.management import get_commands

        from storages import checks  # noqa: F401  registers them

        # The first app that has a command gives it; this one is often named behind Django's. What somebody else put in
        # place of Django's stays.
        commands = get_commands()
        if commands.get("collectstatic") == "django.contrib.staticfiles":
            commands["collectstatic"] = self.name
