"""The Django the tests run in, whoever's `storages` it finds."""

from __future__ import annotations

import os


def set_up(**settings):
    """Configures Django, in an environment that says nothing of AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # tests say themselves what is in the environment
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.environ["AWS_CONFIG_FILE"] = os.devnull

    import django
    from django.conf import settings as of_django

    of_django.configure(
        USE_TZ=True,
        TIME_ZONE="America/Chicago",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.staticfiles"],
        STATIC_URL="static/",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        **settings,
    )
    django.setup()
