"""What the tests of storages.transactional and of gc share: models, tables, and places to keep files in."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from unittest import mock

import django
import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage
from django.core.management import call_command
from django.db import connection, connections, models
from django.test import modify_settings
from django.utils import timezone
from storages.backends.local import LocalStorage
from storages.backends.memory import MemoryStorage
from storages.gc import sources
from storages.gc.listing import files_of
from storages.journal import wrappers
from storages.places import Place

from helpers.models import the_storage

_numbers = itertools.count(1)

options_of_default = pytest.mark.skipif(
    django.VERSION < (5, 1), reason="settings that are set here lose the OPTIONS of default and staticfiles"
)


class Document(models.Model):
    title = models.CharField(max_length=40, blank=True, unique=True, null=True)
    file = models.FileField(upload_to="docs", storage=the_storage, blank=True)
    preview = models.FileField(upload_to="previews/%Y", storage=the_storage, blank=True)

    class Meta:
        app_label = "contenttypes"


class Report(Document):
    """Inherits a table with files and has one more."""

    appendix = models.FileField(upload_to="appendices", storage=the_storage, blank=True)

    class Meta:
        app_label = "contenttypes"


class ShownDocument(Document):
    class Meta:
        app_label = "contenttypes"
        proxy = True


class Hidden(models.Manager):
    def get_queryset(self):
        return super().get_queryset().none()


class Memo(models.Model):
    """Its manager shows nothing, its name has a default."""

    file = models.FileField(storage=the_storage, default="defaults/memo.txt")
    also = models.TextField(blank=True)
    objects = Hidden()
    everything = models.Manager()

    class Meta:
        app_label = "contenttypes"
        base_manager_name = "objects"


class Undone(Exception):
    """Raised to roll a transaction back."""


class Plain(Storage):
    """A storage that can do what Django asks and nothing else."""

    def __init__(self, storage):
        self._storage = storage
        for name in ("_save", "_open", "delete", "exists", "listdir", "size", "get_modified_time", "url"):
            setattr(self, name, getattr(storage, name))


MODELS = Document, Report, Memo


@contextmanager
def tables():
    """The journal's app and the tables of the models."""
    with modify_settings(INSTALLED_APPS={"append": "storages.journal"}):
        call_command("migrate", "storages_journal", verbosity=0)
        with connection.schema_editor() as editor:
            for model in MODELS:
                editor.create_model(model)
        # Other tests declare models too, and leave some tables.
        ours = SimpleNamespace(
            get_models=lambda **_: [*MODELS, ShownDocument], get_model=apps.get_model, is_installed=apps.is_installed
        )
        try:
            with mock.patch.object(sources, "apps", ours), mock.patch.object(wrappers, "apps", ours):
                yield
        finally:
            with connection.schema_editor() as editor:
                for model in reversed(MODELS):
                    editor.delete_model(model)
            call_command("migrate", "storages_journal", "zero", verbosity=0)


@contextmanager
def another_database(settings):
    """The alias of a second database with the tables."""
    connections.databases["other"] = {**connections.databases["default"], **settings}
    call_command("migrate", "storages_journal", database="other", verbosity=0)
    with connections["other"].schema_editor() as editor:
        for model in MODELS:
            editor.create_model(model)
    try:
        yield "other"
    finally:
        connections["other"].close()
        del connections["other"], connections.databases["other"]


def use(storage):
    """All models keep their files there."""
    for model in MODELS:
        for field in model._meta.local_concrete_fields:
            if isinstance(field, models.FileField):
                field.storage = storage
    return storage


def kept_in_memory(**options):
    return MemoryStorage(bucket_name=f"transactions-{next(_numbers)}", **options)


def kept_in(folder, **options):
    return FileSystemStorage(location=str(folder), base_url="/media/", **options)


def text(content=b"content"):
    return ContentFile(content, name="a.txt")


def names_in(storage):
    """Of all files, staged ones too."""
    place = Place(storage)
    return sorted(place.name_of(stored.key) for stored in files_of(place))


def names_of_files(storage):
    """names_in() the storage that a TransactionalStorage keeps its files in."""
    return names_in(getattr(storage.inner, "_storage", storage.inner))


def has_address(storage):
    return not isinstance(storage.inner, LocalStorage)  # that one would have to be in STORAGES


def names_in_rows():
    found = set()
    for model, fields in ((Document, ("file", "preview")), (Report, ("appendix",)), (Memo, ("file",))):
        rows = models.QuerySet(model)
        for field in fields:
            found.update(filter(None, rows.values_list(field, flat=True)))
    return sorted(found)


def journal():
    from storages.journal.models import Entry

    return list(Entry.objects.order_by("pk"))


def agree(storage):
    assert names_of_files(storage) == names_in_rows()
    assert journal() == []


def leave(storage, name, content=b"left", ago=timedelta(days=2)):
    """As a process does that ends right after the commit."""
    from storages.journal.models import Entry

    staged, _ = storage.staging.put(name, ContentFile(content))
    digest = storage.place.digest_of(name)
    claimed = timezone.now() - ago
    Entry.objects.create(
        digest=digest, place=str(storage.place), name=name, staged=staged, owner="gone", claimed=claimed
    )


def clear():
    from storages.journal.models import Entry

    Entry.objects.all().delete()
    for model in reversed(MODELS):
        models.QuerySet(model).delete()
