"""Transactions on stores, databases and settings that fail or are unusual."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import orlop
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.test import modify_settings, override_settings
from django.utils import timezone
from helpers import transactions
from helpers.collection import run
from helpers.transactions import Document, Undone, agree, journal, kept_in, kept_in_memory, names_of_files, text, use
from storages.transactional import TransactionalStorage, ending


def test_a_promotion_that_fails_is_kept_in_the_journal(own_place, own_server, caplog):
    storage = use(TransactionalStorage(own_place.storage(file_overwrite=False)))
    with own_server.faults("CopyObject 403"), transaction.atomic():
        row = Document.objects.create(file=text())
    assert "repair` tries again" in caplog.text
    assert len(journal()) == 1 and not storage.inner.exists(row.file.name)
    assert storage.open(row.file.name).read() == b"content"


def test_one_that_fails_holds_up_no_other(own_place, own_server, caplog):
    storage = use(TransactionalStorage(own_place.storage(file_overwrite=False)))
    with own_server.faults("CopyObject 403-once"), transaction.atomic():
        names = [Document.objects.create(file=text()).file.name for _ in range(30)]
    assert sum(map(storage.inner.exists, names)) == 29 and len(journal()) == 1
    assert [name for name in names_of_files(storage) if name.startswith(".pending/")] == [journal()[0].staged]
    assert all(storage.open(name).read() == b"content" for name in names)


def test_an_upload_that_fails_leaves_nothing(own_place, own_server):
    storage = use(TransactionalStorage(own_place.storage(file_overwrite=False)))
    with own_server.faults("PutObject 403"), pytest.raises(orlop.OrlopError), transaction.atomic():
        Document.objects.create(file=text())
    agree(storage)


def test_when_the_database_is_lost_nothing_is_removed(storage, caplog):
    """Whether such a commit went through nobody knows."""
    with transaction.atomic():
        storage.save("a.txt", text())
        ending.current("default").session = object()
    assert len(names_of_files(storage)) == 1 and names_of_files(storage)[0].startswith(".pending/")
    assert len(journal()) == 1
    assert "repair" in caplog.text


PROGRAM = """
import sys
from django.conf import settings
spec = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": sys.argv[1]}}
wrapped = {"BACKEND": "storages.transactional.TransactionalStorage", "OPTIONS": {"storage": spec}}
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "storages"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    STORAGES={"default": wrapped if sys.argv[2] == "wrapped" else spec, "staticfiles": spec},
)
import django
django.setup()
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import transaction
if sys.argv[2] == "wrapped":
    with transaction.atomic():
        default_storage.save("a.txt", ContentFile(b""))
call_command("storages", "gc")
call_command("storages", "repair")
"""


@transactions.options_of_default
def test_without_the_journal(tmp_path):
    """It is asked for by those who need it."""
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    told = {
        kind: subprocess.run([*command, kind], capture_output=True, text=True, env=environment)
        for kind in ("plain", "wrapped")
    }
    assert told["plain"].returncode == 0, told["plain"].stderr
    assert told["plain"].stdout == "0 finished, 0 staged files removed\n"
    assert told["wrapped"].returncode == 1
    assert 'add "storages.journal" to INSTALLED_APPS, and migrate' in told["wrapped"].stderr
    assert not [name for _, _, names in os.walk(tmp_path) for name in names]


def test_another_device_below_the_folder(tmp_path, monkeypatch):
    storage = use(TransactionalStorage(kept_in(tmp_path)))

    def replace(source, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "replace", replace)
    with transaction.atomic():
        row = Document.objects.create(file=text())
    monkeypatch.undo()
    agree(storage)
    assert row.file.read() == b"content"


def test_a_check_asks_for_the_journal():
    from storages.checks import check_journal

    wrapped = {"BACKEND": "storages.transactional.TransactionalStorage", "OPTIONS": {"storage": "media"}}
    with override_settings(STORAGES={"default": wrapped, "media": {"BACKEND": "x"}}):
        assert check_journal(None) == []
        with modify_settings(INSTALLED_APPS={"remove": "storages.journal"}):
            (error,) = check_journal(None)
    assert (error.id, error.msg) == ("storages.E090", "STORAGES['default']: TransactionalStorage keeps a journal")


def test_in_memory_there_is_nobody_to_keep_out():
    storage = TransactionalStorage(kept_in_memory(default_acl="public-read", object_parameters={"CacheControl": "x"}))
    for content in (text(), storage.stage(text())):
        with transaction.atomic():
            name = storage.save("a.txt", content)
        assert storage.open(name).read() == b"content"


def test_with_a_key_of_the_customers_content_is_sent_again(monkeypatch):
    from storages.doubles import DoubleStore

    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}
    storage = use(TransactionalStorage(kept_in_memory(object_parameters=key, file_overwrite=False)))
    monkeypatch.delattr(DoubleStore, "copy")
    with transaction.atomic():
        row = Document.objects.create(file=text())
    agree(storage)
    assert row.file.read() == b"content"


def test_of_several_databases_one_counts(database, tmp_path):
    storage = use(TransactionalStorage(kept_in(tmp_path / "files"), using="other"))
    with transactions.another_database(database.fresh(tmp_path)) as other:
        with pytest.raises(Undone), transaction.atomic():
            name = Document.objects.create(file=text()).file.name
            raise Undone
        assert names_of_files(storage) == [name]  # nobody told the other database
        storage.delete(name)
        with pytest.raises(Undone), transaction.atomic(using=other):
            Document.objects.using(other).create(file=text())
            raise Undone
        assert names_of_files(storage) == []
        with transaction.atomic(using=other):
            row = Document.objects.using(other).create(file=text())
        assert names_of_files(storage) == [row.file.name] and journal() == []


def test_bad_options():
    for options in (
        {"storage": {"OPTIONS": {}}},
        {"storage": {"BACKEND": "x", "LOCATION": "y"}},
        {"storage": "default", "staging": ""},
        {"storage": "default", "staging": "../up"},
    ):
        with pytest.raises(ImproperlyConfigured, match="TransactionalStorage"):
            TransactionalStorage(**options)
    twice = TransactionalStorage(TransactionalStorage(kept_in_memory()))
    with pytest.raises(ImproperlyConfigured, match="itself"):
        twice.exists("a")


def repair_later():
    from storages.journal.models import Entry

    Entry.objects.update(claimed=timezone.now() - timedelta(days=2))
    assert run(verb="repair")[0] == 0


def test_a_promised_name_is_not_given_to_somebody_else(own_place, own_server, caplog):
    """Nor is what was promised of it taken back."""
    storage = use(TransactionalStorage(own_place.storage(file_overwrite=False)))
    with own_server.faults("CopyObject 403"), transaction.atomic():
        row = Document.objects.create(file=text(b"first"))
    other = storage.save(row.file.name, text(b"second"))
    assert other != row.file.name
    repair_later()
    assert storage.open(row.file.name).read() == b"first" and storage.open(other).read() == b"second"
    assert journal() == [] and sorted(names_of_files(storage)) == sorted([row.file.name, other])


def test_a_name_that_is_promised_while_it_is_taken(storage, monkeypatch):
    """The promise was committed between the look at the journal and the saving."""
    save = storage.inner.save

    def promised_meanwhile(name, content, max_length=None):
        saved = save(name, content, max_length=max_length)
        transactions.leave(storage, saved, b"first")
        return saved

    monkeypatch.setattr(storage.inner, "save", promised_meanwhile)
    other = storage.save("a.txt", text(b"second"))
    assert other != "a.txt"
    repair_later()
    assert storage.open("a.txt").read() == b"first" and storage.open(other).read() == b"second"


def test_a_staged_file_whose_transaction_was_rolled_back(storage):
    staged = storage.stage(text())
    with pytest.raises(Undone), transaction.atomic():
        Document.objects.create(file=staged)
        raise Undone
    before = names_of_files(storage)
    with pytest.raises(FileNotFoundError, match=r"stage\(\) the content again"), transaction.atomic():
        Document.objects.create(file=staged)
    assert names_of_files(storage) == before == []
    assert journal() == []


def test_a_staged_file_that_is_used_twice(storage):
    staged = storage.stage(text())
    with transaction.atomic():
        rows = [Document.objects.create(file=staged) for _ in range(2)]
    assert [storage.open(row.file.name).read() for row in rows] == [b"content"] * 2
    agree(storage)
