"""The storages of a project: those of its settings, and those of its models' fields."""

from functools import partial

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.utils.functional import LazyObject, empty
from django.utils.module_loading import import_string


def configured_storages():
    """(alias, storage) of STORAGES, or of the settings before there was that.

    ImproperlyConfigured for one that cannot be made: nobody knows which files are its own. But Django names one for
    static files also on sites that have none, and gives it no address.
    """
    try:
        from django.core.files.storage import storages
    except ImportError:
        makers = {
            "default": lambda: import_string(settings.DEFAULT_FILE_STORAGE)(),
            "staticfiles": lambda: import_string(settings.STATICFILES_STORAGE)(),
        }
    else:
        makers = {alias: partial(storages.__getitem__, alias) for alias in storages.backends}
    for alias, make in makers.items():
        try:
            yield alias, make()
        except ImproperlyConfigured as error:
            if alias == "staticfiles" and not apps.is_installed("django.contrib.staticfiles"):
                continue
            raise ImproperlyConfigured(f"the storage {alias}: {error}") from error


def all_wrappers():
    """Each TransactionalStorage: one for each place and database."""
    found = {}
    for storage in _everywhere():
        if hasattr(type(storage), "wraps_storage"):
            found.setdefault((storage.using, storage.folder, str(storage.place)), storage)
    return list(found.values())


def _everywhere():
    for _, storage in configured_storages():
        yield storage
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_concrete_fields:
            if isinstance(field, models.FileField):
                yield _made(field.storage)


def _made(storage):
    while isinstance(storage, LazyObject):
        if storage._wrapped is empty:
            storage._setup()
        storage = storage._wrapped
    return storage
