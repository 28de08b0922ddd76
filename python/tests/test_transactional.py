"""Files that follow the database: saved, deleted and read in transactions that commit, and in some that do not."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import pickle
import re
import subprocess
import sys
import threading
import unittest
from pathlib import Path

import django
import orlop
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import TestCase, modify_settings, override_settings
from django.test.utils import CaptureQueriesContext
from helpers import transactions
from helpers.transactions import Document, clear, journal, kept_in, kept_in_memory, names_in, names_in_rows, use
from storages.backends.local import LocalStorage
from storages.transactional import TransactionalStorage, ending

pytestmark = pytest.mark.skipif(django.VERSION < (4, 2), reason="STORAGES came with 4.2")


@pytest.fixture(scope="module", autouse=True)
def tables():
    with transactions.tables():
        yield


@pytest.fixture(autouse=True)
def empty():
    yield
    clear()


class Plain(Storage):
    """A storage that can do what Django asks and nothing else."""

    def __init__(self, storage):
        self._storage = storage
        for name in ("_save", "_open", "delete", "exists", "listdir", "size", "get_modified_time", "url"):
            setattr(self, name, getattr(storage, name))


@pytest.fixture(params=["s3", "memory", "local", "files", "plain"])
def kept(request, own_place, tmp_path):
    """Storages that do not overwrite."""
    kinds = {
        "s3": lambda: own_place.storage(file_overwrite=False),
        "memory": lambda: kept_in_memory(file_overwrite=False),
        "local": lambda: LocalStorage(root=str(tmp_path), file_overwrite=False),
        "files": lambda: kept_in(tmp_path),
        "plain": lambda: Plain(kept_in(tmp_path)),
    }
    return kinds[request.param]()


@pytest.fixture
def storage(kept):
    return use(TransactionalStorage(kept))


def seen(storage):
    return names_in(getattr(storage.inner, "_storage", storage.inner))


def has_address(storage):
    return not isinstance(storage.inner, LocalStorage)  # that one would have to be in STORAGES


def agree(storage):
    assert seen(storage) == names_in_rows()
    assert journal() == []


class Undone(Exception):
    pass


def text(content=b"content"):
    return ContentFile(content, name="a.txt")


# -- Commit and roll-back ----------------------------------------------------------------------------------------------


def test_a_committed_file_is_in_place(storage):
    with transaction.atomic():
        row = Document.objects.create(file=text())
        assert [name.partition("/")[0] for name in seen(storage)] == [".pending"]
    agree(storage)
    assert storage.open(row.file.name).read() == b"content"
    assert row.file.name.startswith("docs/a_") and row.file.name.endswith(".txt")


def test_a_file_rolled_back_is_gone(storage):
    with pytest.raises(Undone), transaction.atomic():
        Document.objects.create(file=text(), preview=text())
        assert len(seen(storage)) == 2
        raise Undone
    assert seen(storage) == [] == journal()


def test_a_row_that_is_refused_leaves_no_file(storage):
    Document.objects.create(title="taken")
    with pytest.raises(IntegrityError), transaction.atomic():
        Document.objects.create(title="taken", file=text())
    agree(storage)


def test_a_savepoint_rolled_back_takes_its_files_along(storage):
    with transaction.atomic():
        Document.objects.create(file=text(b"1"))
        with pytest.raises(Undone), transaction.atomic():
            Document.objects.create(file=text(b"2"))
            with transaction.atomic():
                Document.objects.create(file=text(b"3"))
            raise Undone
        with transaction.atomic():
            Document.objects.create(file=text(b"4"))
    agree(storage)
    assert {row.file.read() for row in Document.objects.all()} == {b"1", b"4"}


def test_a_block_without_savepoint_takes_all_along(storage):
    with pytest.raises(Undone), transaction.atomic():
        Document.objects.create(file=text())
        with transaction.atomic(savepoint=False):
            Document.objects.create(file=text())
            raise Undone
    assert seen(storage) == [] == journal()


def test_without_a_transaction_it_is_the_storage_itself(storage):
    row = Document.objects.create(file=text())
    assert row.file.name == "docs/a.txt"
    agree(storage)
    storage.delete(row.file.name)
    assert not storage.exists(row.file.name)


def test_deletion_waits_for_the_commit(storage):
    row = Document.objects.create(file=text())
    name = row.file.name
    with pytest.raises(Undone), transaction.atomic():
        row.file.delete()
        assert not storage.exists(name)
        with pytest.raises(FileNotFoundError):
            storage.open(name)
        assert storage.inner.exists(name)
        raise Undone
    assert storage.exists(name)
    row.refresh_from_db()
    with transaction.atomic():
        row.file.delete()
        row.delete()
    assert seen(storage) == [] == journal()


def test_what_is_saved_and_deleted_in_one_transaction_never_appears(storage):
    with transaction.atomic():
        row = Document.objects.create(file=text())
        row.file.delete()
    agree(storage)
    assert seen(storage) == []


def test_a_replaced_file_is_there_until_the_commit(storage):
    row = Document.objects.create(file=text(b"old"))
    old = row.file.name
    with pytest.raises(Undone), transaction.atomic():
        storage.delete(old)
        row.file = text(b"new")
        row.save()
        raise Undone
    row.refresh_from_db()
    assert row.file.read() == b"old"
    agree(storage)


def test_several_transactions_one_after_the_other(storage):
    for number in range(3):
        with transaction.atomic():
            Document.objects.create(file=text(b"%d" % number))
        with pytest.raises(Undone), transaction.atomic():
            Document.objects.create(file=text())
            raise Undone
    agree(storage)
    assert "set_autocommit" not in vars(connection)


# -- Inside the transaction --------------------------------------------------------------------------------------------


def test_its_own_files_are_read(storage):
    with transaction.atomic():
        name = storage.save("dir/a.txt", text())
        assert storage.exists(name) and storage.size(name) == 7
        assert storage.open(name).read() == b"content"
        assert storage.get_modified_time(name)
        assert storage.listdir("") == ([], [])
    assert storage.listdir("") == (["dir"], [])
    if has_address(storage):
        assert storage.url(name) == storage.inner.url(name)


def test_a_savepoint_undoes_what_is_read(storage):
    storage.save("a.txt", text(b"first"))
    with transaction.atomic():
        with pytest.raises(Undone), transaction.atomic():
            storage.delete("a.txt")
            assert not storage.exists("a.txt")
            raise Undone
        assert storage.open("a.txt").read() == b"first"
    assert storage.exists("a.txt")


def test_a_name_is_never_promised_twice(storage):
    with transaction.atomic():
        names = {storage.save("a.txt", text()) for _ in range(5)}
        long = storage.save("b" * 80 + ".txt", text(), max_length=40)
    assert len(names) == 5 and len(long) <= 40
    assert set(seen(storage)) == {*names, long}


def test_a_file_is_written(storage):
    with transaction.atomic():
        with storage.open("a.txt", "wb") as file:
            file.write(b"content")
        assert storage.open("a.txt").read() == b"content"
        with pytest.raises(Undone), storage.open("b.txt", "wb") as file:
            file.write(b"half")
            raise Undone
        with pytest.raises(ValueError, match="in a transaction a file is opened with"):
            storage.open("a.txt", "ab")
    assert seen(storage) == ["a.txt"]
    with pytest.raises(Undone), transaction.atomic():
        with storage.open("a.txt", "wb") as file:
            file.write(b"other")
        raise Undone
    assert seen(storage) == ["a.txt"] and storage.open("a.txt").read() == b"content"


def test_bad_names_and_content_leave_nothing(storage):
    with transaction.atomic():
        for name in ("../a.txt", "/etc/a.txt", ""):
            with pytest.raises(Exception):  # noqa: B017  which one, each storage says
                storage.save(name, text())
        with pytest.raises(ValueError, match="name must be given"):
            storage.delete("")
        with pytest.raises(Undone):
            storage.save("a.txt", ContentFile(Broken()))
    assert seen(storage) == [] == journal()


class Broken(bytes):
    def __iter__(self):
        raise Undone

    def __len__(self):
        raise Undone


def test_the_callers_own_hooks_find_the_file(storage):
    found = []
    with transaction.atomic():
        row = Document.objects.create(file=text())
        transaction.on_commit(lambda: found.append(storage.inner.exists(row.file.name)))
    assert found == [True]


def test_a_hook_that_fails_loses_no_file(storage):
    def fail():
        raise Undone

    with pytest.raises(Undone), transaction.atomic():
        transaction.on_commit(fail)  # Django drops the hooks behind it
        Document.objects.create(file=text())
    agree(storage)


def test_a_hook_may_use_a_transaction_of_its_own(storage):
    def more():
        with transaction.atomic():
            Document.objects.create(file=text(b"more"))

    with transaction.atomic():
        transaction.on_commit(more)
        Document.objects.create(file=text())
        transaction.on_commit(more)
    agree(storage)
    assert Document.objects.count() == 3


# -- Ahead of the transaction ------------------------------------------------------------------------------------------


def test_content_is_staged_ahead(storage):
    staged = storage.stage(SimpleUploadedFile("scan.pdf", b"content"))
    assert staged.size == 7 and staged.read() == b"content"
    with transaction.atomic():
        row = Document.objects.create(file=staged)
    agree(storage)
    assert storage.open(row.file.name).read() == b"content"
    assert row.file.name.startswith("docs/scan_")


def test_what_was_staged_ahead_follows_the_roll_back(storage):
    staged = storage.stage(text())
    with pytest.raises(Undone), transaction.atomic():
        Document.objects.create(file=staged)
        raise Undone
    assert seen(storage) == []
    unused = storage.stage(text())
    unused.discard()
    unused.discard()
    assert seen(storage) == []


def test_content_that_waited_too_long_is_missed_before_the_commit(storage, monkeypatch):
    staged = storage.stage(text())
    storage.staging.remove([staged._staged])
    monkeypatch.setattr("storages.transactional.storage._SURELY_KEPT", -1)
    with pytest.raises(FileNotFoundError, match="send it again"), transaction.atomic():
        Document.objects.create(file=staged)
    agree(storage)


def test_staged_content_without_a_transaction(storage):
    row = Document.objects.create(file=storage.stage(text()))
    agree(storage)
    assert row.file.read() == b"content"


# -- Overwriting -------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["s3", "memory", "local", "files"])
def overwriting(request, own_place, tmp_path):
    if request.param == "files" and django.VERSION < (5, 1):
        pytest.skip("allow_overwrite came with 5.1")
    kinds = {
        "s3": own_place.storage,
        "memory": kept_in_memory,
        "local": lambda: LocalStorage(root=str(tmp_path)),
        "files": lambda: kept_in(tmp_path, allow_overwrite=True),
    }
    return use(TransactionalStorage(kinds[request.param]()))


def test_an_overwritten_file_stays_until_the_commit(overwriting):
    overwriting.save("a.txt", text(b"old"))
    with pytest.raises(Undone), transaction.atomic():
        assert overwriting.save("a.txt", text(b"new")) == "a.txt"
        assert overwriting.open("a.txt").read() == b"new"
        assert overwriting.inner.open("a.txt").read() == b"old"
        raise Undone
    assert overwriting.open("a.txt").read() == b"old"
    with transaction.atomic():
        overwriting.save("a.txt", text(b"new"))
        overwriting.delete("a.txt")
        overwriting.save("a.txt", text(b"newest"))
    assert overwriting.open("a.txt").read() == b"newest"
    assert seen(overwriting) == ["a.txt"] and journal() == []


def test_what_comes_later_is_not_undone_by_what_was_left(overwriting):
    for later in (
        lambda: overwriting.save("a.txt", text(b"later")),
        lambda: overwriting.delete("a.txt"),
        lambda: written(overwriting, b"later"),
    ):
        leave(overwriting, "a.txt", b"left")
        later()
        assert journal() == []
        assert seen(overwriting) in (["a.txt"], [])
        assert not overwriting.exists("a.txt") or overwriting.open("a.txt").read() == b"later"


def written(storage, content):
    with storage.open("a.txt", "wb") as file:
        file.write(content)


def leave(storage, name, content):
    """As a process does that ends right after the commit, long ago."""
    from datetime import timedelta

    from django.utils import timezone
    from storages.journal.models import Entry

    staged, _ = storage.staging.put(name, text(content))
    digest = storage.place.digest_of(name)
    long_ago = timezone.now() - timedelta(days=2)
    Entry.objects.create(
        digest=digest, place=str(storage.place), name=name, staged=staged, owner="gone", claimed=long_ago
    )


def test_a_name_whose_deletion_is_promised_is_not_taken(storage):
    """A process ends between deleting a file and forgetting that it had to."""
    from storages.journal.models import Entry

    leave(storage, "a.txt", b"left")
    storage.staging.remove([entry.staged for entry in journal()])
    Entry.objects.update(staged="")
    name = storage.save("a.txt", text())
    assert name != "a.txt" and journal() == []
    assert seen(storage) == [name] and storage.open(name).read() == b"content"


def test_a_committed_file_is_read_before_it_is_in_place(overwriting):
    leave(overwriting, "a.txt", b"left")
    assert overwriting.exists("a.txt") and overwriting.size("a.txt") == 4
    assert overwriting.open("a.txt").read() == b"left"


def test_a_busy_name_is_left_to_the_repair(overwriting, monkeypatch, caplog):
    from storages.journal.models import Entry

    monkeypatch.setattr("storages.transactional.ending._PATIENCE", 0.1)
    leave(overwriting, "a.txt", b"left")
    Entry.objects.update(claimed=django.utils.timezone.now())  # somebody is at it right now
    overwriting.save("a.txt", text(b"later"))
    assert "finishes it" in caplog.text
    assert [entry.owner == "gone" for entry in journal()] == [True, False]
    assert overwriting.open("a.txt").read() == b"later"


# -- What goes wrong ---------------------------------------------------------------------------------------------------


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
    assert [name for name in seen(storage) if name.startswith(".pending/")] == [journal()[0].staged]
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
    assert len(seen(storage)) == 1 and seen(storage)[0].startswith(".pending/")
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
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
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


def test_of_several_databases_one_counts(tmp_path):
    storage = use(TransactionalStorage(kept_in(tmp_path / "files"), using="other"))
    with transactions.another_database(tmp_path) as other:
        with pytest.raises(Undone), transaction.atomic():
            name = Document.objects.create(file=text()).file.name
            raise Undone
        assert seen(storage) == [name]  # nobody told the other database
        storage.delete(name)
        with pytest.raises(Undone), transaction.atomic(using=other):
            Document.objects.using(other).create(file=text())
            raise Undone
        assert seen(storage) == []
        with transaction.atomic(using=other):
            row = Document.objects.using(other).create(file=text())
        assert seen(storage) == [row.file.name] and journal() == []


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


# -- As a storage of Django's ------------------------------------------------------------------------------------------


@transactions.options_of_default
def test_by_alias_and_by_specification(tmp_path, settings_of):
    spec = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    wrapped = {"BACKEND": "storages.transactional.TransactionalStorage", "OPTIONS": {"storage": "media"}}
    nested = {"BACKEND": "storages.transactional.TransactionalStorage", "OPTIONS": {"storage": spec, "staging": "x/y"}}
    with settings_of(default=wrapped, media=spec, nested=nested):
        from django.core.files.storage import default_storage, storages

        with transaction.atomic():
            name = default_storage.save("a.txt", text())
            other = storages["nested"].save("b.txt", text())
            assert len(os.listdir(tmp_path / "x" / "y")) == 1
        assert names_in(storages["media"]) == sorted([name, other])
        assert default_storage.location == str(tmp_path)
        assert storages["nested"].listdir("x") == ([], [])


@pytest.fixture
def settings_of():
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    return lambda **storages: override_settings(STORAGES={"staticfiles": static, **storages})


def test_it_is_pickled_and_migrated(storage):
    path, arguments, options = TransactionalStorage("media", staging="x").deconstruct()
    assert (path, arguments, options) == ("storages.transactional.TransactionalStorage", ("media",), {"staging": "x"})
    twin = pickle.loads(pickle.dumps(TransactionalStorage("media")))
    assert twin.folder == ".pending"


def test_attributes_of_an_object_reach_its_place(own_place, own_server):
    storage = TransactionalStorage(
        own_place.storage(
            default_acl="public-read",
            object_parameters={"CacheControl": "max-age=60", "Metadata": {"a": "b"}, "StorageClass": "STANDARD_IA"},
            gzip=True,
        )
    )
    for content in (ContentFile(b"body {}" * 100), storage.stage(ContentFile(b"body {}" * 100, name="a.css"))):
        with transaction.atomic():
            name = storage.save("a.css", content)
        meta = own_place.handle().stat(name)
        assert (meta.content_type, meta.content_encoding, meta.cache_control) == ("text/css", "gzip", "max-age=60")
        assert dict(meta.metadata if hasattr(meta, "metadata") else meta.user) == {"a": "b"}
        assert storage.open(name).read() == b"body {}" * 100


def save(storage):
    storage.save("a.txt", text())


def save_and_roll_back(storage):
    with contextlib.suppress(Undone), transaction.atomic():
        save(storage)
        raise Undone


def read_what_was_saved(storage):
    with transaction.atomic():
        name = storage.save("a.txt", text())
        with counted(storage) as cost:
            storage.open(name).read()
    return cost


def in_transaction(action, times=1):
    def operation(storage):
        with transaction.atomic():
            for _ in range(times):
                action(storage)

    return operation


COSTS = {
    "`save` without a transaction": save,
    "`save` in a transaction that commits": in_transaction(save),
    "`save` in a transaction that is rolled back": save_and_roll_back,
    "3 times `save` in a transaction that commits": in_transaction(save, 3),
    "`delete` in a transaction that commits": in_transaction(lambda storage: storage.delete("b.txt")),
    "`open` and `read` of a file in place": lambda storage: storage.open("b.txt").read(),
    "`open` and `read` in the transaction that saved it": read_what_was_saved,
}
PAGE = Path(__file__).resolve().parents[2] / "docs" / "django" / "transactions.md"
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in PAGE.read_text().partition("| queries |\n|---|---|---|\n")[2].partition("\n\n")[0].splitlines()
]


@contextlib.contextmanager
def counted(storage):
    cost = {}
    with CaptureQueriesContext(connection) as queries, orlop.requests() as ledger:
        yield cost
    words = [query["sql"].split()[0] for query in queries]
    cost["queries"] = sum(word in ("SELECT", "INSERT", "UPDATE", "DELETE") for word in words)
    cost["requests"] = ledger.operations


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_costs(own_place, own_server, row):
    """The table of the manual."""
    operation, requests, queries = row
    storage = TransactionalStorage(own_place.storage(file_overwrite=False))
    storage.save("b.txt", text())
    with counted(storage) as cost:
        inner = COSTS[operation](storage)
    cost = inner if isinstance(inner, dict) else cost
    told = {name: int(count) for count, name in re.findall(r"(\d+) (\w+)", requests)}
    assert cost == {"requests": told, "queries": int(queries)}


def test_every_cost_is_told():
    assert [row[0] for row in ROWS] == list(COSTS)


def test_in_django_tests(tmp_path):
    """The files of a test go with it, but those whose callbacks it runs as after a commit."""
    storage = use(TransactionalStorage(kept_in(tmp_path)))
    names = []

    class InATest(TestCase):
        def one(self):
            with self.captureOnCommitCallbacks(execute=True):
                names.append(Document.objects.create(file=text()).file.name)
            assert storage.inner.exists(names[0])
            Document.objects.create(file=text())

        def other(self):
            assert Document.objects.count() == 0

    result = unittest.TestResult()
    InATest.setUpClass()
    try:
        for name in ("one", "other"):
            InATest(name)(result)
    finally:
        InATest.doClassCleanups()
        InATest.tearDownClass()
    assert result.testsRun == 2 and not result.failures + result.errors
    assert names_in(storage.inner) == names


def test_async_calls_see_the_same(storage):
    async def work():
        name = await storage.asave("a.txt", text())
        assert await storage.aexists(name) and await storage.asize(name) == 7
        assert (await storage.aopen(name)).read() == b"content"
        assert not has_address(storage) or await storage.aurl(name)
        assert (await storage.alistdir(""))[1] == [name]
        await storage.adelete(name)
        return await storage.aexists(name)

    def save_in_transaction():
        with transaction.atomic():
            return storage.save("b.txt", text())

    async def both():
        from asgiref.sync import sync_to_async

        return await work(), await sync_to_async(save_in_transaction)()

    exists, name = run_with_threads(both)
    assert exists is False and storage.exists(name)


def run_with_threads(task):
    """sync_to_async() runs in the thread that waits, whose in-memory database has the tables."""
    from asgiref.sync import async_to_sync

    return async_to_sync(task)()


def test_transactions_of_threads_are_apart(storage):
    """Another thread has another connection, and no transaction."""
    seen_there = []
    with transaction.atomic():
        storage.save("a.txt", text())
        thread = threading.Thread(target=lambda: seen_there.append(storage._is_in_transaction()))
        thread.start()
        thread.join()
    assert seen_there == [False]
    assert asyncio.iscoroutinefunction(type(storage).asave)
