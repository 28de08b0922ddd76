"""manage.py storages gc and repair: files no row names, rows whose file is gone, and what crashes leave."""

from __future__ import annotations

import functools
import io
import json
import os
import random
import time
import tracemalloc
from datetime import timedelta

import django
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.test import modify_settings, override_settings
from django.utils import timezone
from helpers import transactions
from helpers.transactions import Document, Memo, Report, clear, journal, kept_in, kept_in_memory, names_in, use
from storages.backends.local import LocalStorage
from storages.gc.sorting import Sorted, Spool
from storages.management.commands.storages import Command
from storages.transactional import TransactionalStorage

pytestmark = pytest.mark.skipif(django.VERSION < (4, 2), reason="STORAGES came with 4.2")


@pytest.fixture(scope="module", autouse=True)
def tables():
    with transactions.tables():
        yield


@pytest.fixture(autouse=True)
def empty():
    yield
    clear()


@pytest.fixture(params=["s3", "memory", "local", "files", "Django's"])
def storage(request, own_place, tmp_path):
    kinds = {
        "s3": own_place.storage,
        "memory": kept_in_memory,
        "local": lambda: LocalStorage(root=str(tmp_path)),
        "files": lambda: kept_in(tmp_path),
        "Django's": InMemoryStorage,
    }
    return use(kinds[request.param]())


def put(storage, *names):
    for name in names:
        storage.save(name, ContentFile(b"content"))


def run(*arguments, verb="gc"):
    """(exit status, output)"""
    out = io.StringIO()
    try:
        call_command(Command(), verb, *arguments, stdout=out, stderr=out)
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}"
    return 0, out.getvalue()


def findings(*arguments):
    """(kind, name) of all, and the totals."""
    out = io.StringIO()
    try:
        call_command(Command(), "gc", "--format", "json", "--older-than", "0", *arguments, stdout=out)
    except CommandError as error:
        assert "do not agree" in str(error)
    told = [json.loads(line) for line in out.getvalue().splitlines()]
    return [(one["kind"], one["key"], one["why"]) for one in told if one["kind"] != "total"], told[-1]


def names_of(found):
    return [(kind, key.rpartition("/")[2]) for kind, key, _ in found]


# -- What is found -----------------------------------------------------------------------------------------------------


def test_everything_agrees(storage):
    Document.objects.create(file=ContentFile(b"1", name="a.txt"), preview=ContentFile(b"1", name="b.txt"))
    Report.objects.create(file=ContentFile(b"2", name="c.txt"), appendix=ContentFile(b"2", name="d.txt"))
    Memo.everything.create(file=ContentFile(b"3", name="e.txt"))
    status, out = run("--older-than", "0")
    assert status == 0, out
    assert "5 files, 5 names in rows" in out


def test_orphans_and_missing_files_are_explained(storage):
    row = Document.objects.create(file=ContentFile(b"1", name="kept.txt"), preview="previews/2020/gone.png")
    put(storage, "docs/a.txt", "previews/2020/b.png", "elsewhere/c.txt", "docs/kept.txt~")
    found, totals = findings()
    assert sorted(names_of(found)) == [
        ("missing", "gone.png"),
        ("orphan", "a.txt"),
        ("orphan", "b.png"),
        ("orphan", "c.txt"),
        ("orphan", "kept.txt~"),
    ]
    why = {key.rpartition("/")[2]: why for _, key, why in found}
    assert why["gone.png"] == f"contenttypes.Document.preview of row {row.pk} names it"
    assert why["a.txt"] == "no row of contenttypes.Document.file names it"
    assert why["b.png"] == "no row of contenttypes.Document.preview names it"
    assert why["c.txt"] == "no row names it; contenttypes.Memo.file may have"
    assert (totals["files"], totals["rows"], totals["orphans"], totals["missing"]) == (5, 2, 4, 1)


def test_rows_a_manager_hides_and_defaults_count(storage):
    Memo.everything.create(file="hidden.txt")
    put(storage, "hidden.txt", "defaults/memo.txt", "orphan.txt")
    found, totals = findings()
    assert names_of(found) == [("orphan", "orphan.txt")] and totals["kept"] == 1


def test_direct_uploads_nobody_claimed_are_explained(storage):
    from storages.uploads.tickets import PENDING

    put(storage, f"{PENDING}/abc/a.txt")
    assert findings()[0][0][2] == "a direct upload that nobody has claimed"


def test_young_files_are_left_alone(storage):
    put(storage, "docs/a.txt")
    status, out = run("--delete", "--most")
    assert status == 0 and "1 without a row, but younger than 24 hours" in out
    assert names_in(storage) == ["docs/a.txt"]


def test_only_what_is_asked_for(storage):
    Memo.everything.create(file="x.txt", also="notes/n.txt")
    put(storage, "docs/a.txt", "docs/b.webp", "thumbs/c.jpg", "docu.txt", "notes/n.txt", "x.txt")
    assert names_of(findings("--prefix", "docs/")[0]) == [("orphan", "a.txt"), ("orphan", "b.webp")]
    assert names_of(findings("--prefix", "doc")[0]) == [
        ("orphan", "a.txt"),
        ("orphan", "b.webp"),
        ("orphan", "docu.txt"),
    ]
    found, totals = findings("--keep", "thumbs/", "--keep", "*.webp", "--also", "contenttypes.Memo.also")
    assert names_of(found) == [("orphan", "a.txt"), ("orphan", "docu.txt")]
    assert totals["kept"] == 2


def test_a_summary_by_folder(storage):
    put(storage, "docs/a.txt", "docs/b.txt", "x/c.txt")
    status, out = run("--older-than", "0")
    assert status == 1
    assert "3 orphans, 21 B" in out and "docs/ 2 orphans, 14 B" in out
    assert "docs/a.txt (7 B, 0 seconds old): no row of contenttypes.Document.file names it" in out


def test_bad_arguments():
    for arguments, message in (
        (["--older-than", "soon"], "write 90s, 30m, 24h or 7d"),
        (["--older-than", "7"], "write 90s, 30m, 24h or 7d"),
        (["--storage", "nowhere"], "no FileField keeps its files in a storage called nowhere"),
        (["--also", "a.b.c"], "write app.Model.field"),
    ):
        use(kept_in_memory())
        status, out = run(*arguments)
        assert status == 1 and message in out


# -- Deleting ----------------------------------------------------------------------------------------------------------


def test_orphans_are_deleted(storage):
    Document.objects.create(file=ContentFile(b"1", name="kept.txt"))
    Document.objects.create(file=ContentFile(b"1", name="other.txt"))
    put(storage, "docs/a.txt")
    status, out = run("--older-than", "0", "--delete")
    assert status == 0 and "1 deleted" in out
    assert names_in(storage) == ["docs/kept.txt", "docs/other.txt"]
    assert run("--older-than", "0")[0] == 0


def test_more_than_half_is_not_deleted_unasked(storage):
    Document.objects.create(file=ContentFile(b"1", name="kept.txt"))
    put(storage, "docs/a.txt", "docs/b.txt")
    status, out = run("--older-than", "0", "--delete")
    assert status == 1 and "2 of 3 files are orphans. Is this the database of these files?" in out
    assert len(names_in(storage)) == 3
    assert run("--older-than", "0", "--delete", "--most")[0] == 0
    assert names_in(storage) == ["docs/kept.txt"]


def test_a_row_that_comes_while_it_runs_saves_its_file(storage, monkeypatch):
    from storages.gc.removal import Removal

    put(storage, "docs/a.txt", "docs/b.txt")
    run_as_it_was = Removal.run

    def after_a_row(self, *arguments):
        Document.objects.create(file="docs/a.txt")
        return run_as_it_was(self, *arguments)

    monkeypatch.setattr(Removal, "run", after_a_row)
    status, out = run("--older-than", "0", "--delete", "--most")
    assert status == 0 and "1 named or written meanwhile" in out
    assert names_in(storage) == ["docs/a.txt"]


def test_a_file_written_again_while_it_runs_is_saved(storage, monkeypatch):
    from storages.gc.removal import Removal

    put(storage, "docs/a.txt")
    run_as_it_was = Removal.run

    def after_a_save(self, *arguments):
        storage.delete("docs/a.txt")
        storage.save("docs/a.txt", ContentFile(b"of another size"))
        return run_as_it_was(self, *arguments)

    monkeypatch.setattr(Removal, "run", after_a_save)
    assert run("--older-than", "0", "--delete", "--most")[0] == 0
    assert names_in(storage) == ["docs/a.txt"]


def test_a_row_that_goes_while_it_runs_is_not_missing(storage, monkeypatch):
    from storages.gc import sweep

    row = Document.objects.create(file="docs/gone.txt")
    listing = sweep.files_of

    def after_a_deletion(*arguments):
        row.delete()
        yield from listing(*arguments)

    monkeypatch.setattr(sweep, "files_of", after_a_deletion)
    assert run("--older-than", "0")[0] == 0


def test_orphans_go_a_thousand_at_a_time(own_place, own_server):
    storage = use(own_place.storage(file_overwrite=False))
    put(storage, *(f"docs/{number}.txt" for number in range(1002)))
    with own_server.expect(ListObjectsV2=2, DeleteObjects=2):
        assert run("--older-than", "0", "--delete", "--most")[0] == 0
    assert names_in(storage) == []


def test_what_cannot_be_deleted_is_told(own_place, own_server):
    storage = use(own_place.storage(file_overwrite=False))
    put(storage, "docs/a.txt", "docs/b.txt")
    with own_server.faults("DeleteObjects 403"):
        status, out = run("--older-than", "0", "--delete", "--most")
    assert status == 1 and "permission_denied" in out
    with own_server.faults("ListObjectsV2 403"):
        status, out = run("--older-than", "0", "--delete", "--most")
    assert status == 1 and "permission_denied" in out
    assert names_in(storage) == ["docs/a.txt", "docs/b.txt"]


# -- Several storages --------------------------------------------------------------------------------------------------


def spec(place, **options):
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {**place.options, **options}}


def test_storages_of_one_bucket_are_compared_together(own_place):
    inner = own_place.storage(location="media/private")
    outer = use(own_place.storage(location="media"))
    Document._meta.get_field("preview").storage = inner
    Document.objects.create(
        file=ContentFile(b"1", name="a.txt"), preview=ContentFile(b"1", name="b.txt"), title="of both"
    )
    put(outer, "orphan.txt")
    put(inner, "orphan.txt")
    put(own_place.storage(), "not/media.txt")
    found, totals = findings()
    assert [key for _, key, _ in found] == ["media/orphan.txt", "media/private/orphan.txt"]
    assert totals["files"] == 4


@transactions.options_of_default
def test_static_files_are_never_touched(own_place):
    storage = use(own_place.storage())
    put(storage, "static/a.css", "uploads/b.txt", "docs/c.txt")
    static = {**spec(own_place, location="static"), "BACKEND": "storages.backends.s3.S3ManifestStaticStorage"}
    others = {"default": spec(own_place), "staticfiles": static, "exports": spec(own_place, location="uploads")}
    with override_settings(STORAGES=others):
        found, totals = findings("--delete", "--most")
    assert names_of(found) == [("orphan", "c.txt")] and totals["kept"] == 2
    assert names_in(storage) == ["static/a.css", "uploads/b.txt"]
    static["OPTIONS"]["location"] = ""
    with override_settings(STORAGES={"default": spec(own_place), "staticfiles": static}):
        status, out = run("--older-than", "0", "--delete", "--most")
    assert status == 0 and "left alone: static files are kept in the same place" in out
    assert names_in(storage) == ["static/a.css", "uploads/b.txt"]


@transactions.options_of_default
def test_a_site_without_static_files(own_place):
    put(use(own_place.storage()), "a.txt")
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={"default": spec(own_place), "staticfiles": static}, STATIC_URL=None):
        with modify_settings(INSTALLED_APPS={"remove": "django.contrib.staticfiles"}):
            assert names_of(findings()[0]) == [("orphan", "a.txt")]
            assert run(verb="repair")[0] == 0
        with modify_settings(INSTALLED_APPS={"append": "django.contrib.staticfiles"}):
            assert run()[1].startswith("the storage staticfiles: ")


@transactions.options_of_default
def test_a_storage_that_cannot_be_made_may_have_files_there(own_place):
    put(use(own_place.storage()), "backups/a.txt")
    backups = spec(own_place, location="/backups")
    with override_settings(STORAGES={"default": spec(own_place), "backups": backups, "staticfiles": spec(own_place)}):
        assert "the storage backups: S3Storage.location cannot begin" in run("--older-than", "0", "--delete")[1]
    assert names_in(own_place.storage()) == ["backups/a.txt"]


@transactions.options_of_default
def test_one_storage_of_several(own_place, make_own_place):
    other = make_own_place()
    use(own_place.storage())
    Memo._meta.get_field("file").storage = other.storage()
    put(own_place.storage(), "a.txt")
    put(other.storage(), "b.txt")
    with override_settings(STORAGES={"default": spec(own_place), "memos": spec(other), "staticfiles": spec(other)}):
        assert names_of(findings("--storage", "default")[0]) == [("orphan", "a.txt")]


@transactions.options_of_default
def test_one_folder_of_a_bucket(own_place):
    use(own_place.storage(location="a"))
    Memo._meta.get_field("file").storage = own_place.storage(location="b")
    put(own_place.storage(), "a/1.txt", "b/2.txt")
    Memo.everything.create(file="missing.txt")
    aliases = {"default": spec(own_place, location="a"), "memos": spec(own_place, location="b")}
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**aliases, "staticfiles": static}):
        assert names_of(findings("--storage", "default", "--delete", "--most")[0]) == [("orphan", "1.txt")]
        assert names_of(findings("--storage", "memos")[0]) == [("orphan", "2.txt"), ("missing", "missing.txt")]


def test_rows_of_every_database_count(tmp_path):
    storage = use(kept_in(tmp_path / "files"))
    put(storage, "docs/a.txt", "docs/b.txt", "docs/orphan.txt")
    with transactions.another_database(tmp_path) as other:
        Document.objects.create(file="docs/a.txt")
        Document.objects.using(other).create(file="docs/b.txt")
        found, totals = findings()
    assert names_of(found) == [("orphan", "orphan.txt")] and totals["rows"] == 2


def test_one_bucket_under_two_addresses(own_place):
    """What rows of either name is no orphan, and no file of the other is missing."""
    here = use(own_place.storage())
    there = own_place.storage(endpoint_url=own_place.endpoint.replace("127.0.0.1", "localhost"))
    Memo._meta.get_field("file").storage = there
    Document.objects.create(file=ContentFile(b"1", name="a.txt"))
    Memo.everything.create(file=ContentFile(b"1", name="b.txt"))
    put(here, "docs/orphan.txt")
    found, totals = findings()
    assert set(names_of(found)) == {("orphan", "orphan.txt")}
    assert totals["files"] == 3 and totals["missing"] == 0
    Memo.everything.create(file="gone.txt")
    assert [kind for kind, key, _ in findings()[0] if key == "gone.txt"] == ["missing"]


def test_one_directory_seen_by_two_classes(tmp_path):
    use(kept_in(tmp_path))
    local = Memo._meta.get_field("file").storage = LocalStorage(root=str(tmp_path / "local"))
    put(kept_in(tmp_path), "a.txt")
    put(local, "b.txt")
    put(kept_in(tmp_path), "local.uploads/part")
    os.symlink(tmp_path, tmp_path.with_name("alias"))
    Document._meta.get_field("preview").storage = kept_in(tmp_path.with_name("alias"))
    Document.objects.create(preview="a.txt")
    found, _ = findings()
    assert names_of(found) == [("orphan", "b.txt")]
    use(kept_in(tmp_path / "local"))
    Memo._meta.get_field("file").storage = local
    _, out = run("--older-than", "0", "--delete", "--most")
    assert out.count("left alone") == 2 and names_in(local) == ["b.txt"]


# -- The journal -------------------------------------------------------------------------------------------------------


def left_behind(storage, name, content=b"left", ago=timedelta(days=2)):
    """A commit whose process ended right after it."""
    from storages.journal.models import Entry

    staged, _ = storage.staging.put(name, ContentFile(content))
    claimed = timezone.now() - ago
    digest = storage.place.digest_of(name)
    Entry.objects.create(
        digest=digest, place=str(storage.place), name=name, staged=staged, owner="gone", claimed=claimed
    )


@pytest.fixture
def wrapped(storage):
    return use(TransactionalStorage(storage))


def test_what_was_committed_is_put_in_place(wrapped):
    Document.objects.create(file="docs/a.txt")
    left_behind(wrapped, "docs/a.txt", b"first")
    left_behind(wrapped, "docs/a.txt", b"last")
    status, out = run("--older-than", "0")
    assert status == 1 and "would put docs/a.txt" in out and "waiting" in out
    status, out = run(verb="repair")
    assert (status, out) == (0, "1 finished, 0 staged files removed\n")
    assert names_in(wrapped.inner) == ["docs/a.txt"] and journal() == []
    assert wrapped.open("docs/a.txt").read() == b"last"


def test_what_is_under_way_is_left_alone(wrapped):
    left_behind(wrapped, "docs/a.txt", ago=timedelta(0))
    wrapped.stage(ContentFile(b"of a form that is being filled in", name="b.txt"))
    status, out = run(verb="repair")
    assert (status, out) == (0, "0 finished, 0 staged files removed, 1 busy\n")
    assert len(names_in(wrapped.inner)) == 2 and len(journal()) == 1


def test_what_was_never_committed_is_removed(wrapped):
    wrapped.stage(ContentFile(b"1", name="b.txt"))
    status, out = run("--older-than", "0", "--dry-run", verb="repair")
    assert status == 0 and "b.txt: staged, and never committed" in out
    assert len(names_in(wrapped.inner)) == 1
    assert run("--older-than", "0", verb="repair")[1] == "0 finished, 1 staged files removed\n"
    assert names_in(wrapped.inner) == []


def test_a_store_that_refuses_is_told(own_place, own_server):
    storage = use(TransactionalStorage(own_place.storage()))
    storage.stage(ContentFile(b"1", name="a.txt"))
    for fault in ("DeleteObject 403", "ListObjectsV2 403"):
        with own_server.faults(fault):
            status, out = run("--older-than", "0", verb="repair")
        assert status == 1 and "permission_denied" in out
    assert run("--older-than", "0", verb="repair") == (0, "0 finished, 1 staged files removed\n")


def test_a_deletion_is_finished(wrapped):
    put(wrapped, "docs/a.txt")
    from storages.journal.models import Entry

    left_behind(wrapped, "docs/a.txt")
    Entry.objects.update(staged="")
    assert run("--older-than", "0", "--delete", "--most")[0] == 0
    assert names_in(wrapped.inner) == [] and journal() == []


def test_what_is_lost_is_told(wrapped):
    left_behind(wrapped, "docs/a.txt")
    wrapped.staging.remove([entry.staged for entry in journal()])
    status, out = run(verb="repair")
    assert status == 1 and "could not put docs/a.txt" in out and "neither staged nor in place" in out
    assert len(journal()) == 1
    assert run("--older-than", "0", "--forget-lost", verb="repair")[0] == 1
    assert journal() == []


def test_entries_of_a_storage_nobody_knows_are_kept(wrapped):
    left_behind(wrapped, "docs/a.txt")
    use(TransactionalStorage(kept_in_memory()))
    status, out = run(verb="repair")
    assert status == 1 and "that is not configured here" in out and len(journal()) == 1


def test_gc_sees_what_a_transaction_promised(wrapped, monkeypatch):
    """An old orphan whose name was taken by a commit that is not in place yet."""
    from storages.gc.removal import Removal

    put(wrapped, "docs/a.txt")
    run_as_it_was = Removal.run

    def after_a_commit(self, *arguments):
        left_behind(wrapped, "docs/a.txt", ago=timedelta(0))
        return run_as_it_was(self, *arguments)

    monkeypatch.setattr(Removal, "run", after_a_commit)
    run("--older-than", "0", "--delete", "--most")
    assert wrapped.inner.exists("docs/a.txt")


def test_a_running_transaction_survives_a_repair(storage):
    storage = use(TransactionalStorage(storage))
    with transaction.atomic():
        row = Document.objects.create(file=ContentFile(b"1", name="a.txt"))
        run(verb="repair")
        run("--delete", "--most")
    assert row.file.read() == b"1" and journal() == []


# -- Sorting -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 999, 5000])
def test_sorting_on_disk(count):
    records = [(f"{random.Random(number).random()}é\ud800", number) for number in range(count)]
    found = Sorted(iter(records), in_memory=100)
    assert list(found) == sorted(records) == list(found)
    found.close()
    ordered = Sorted(iter(sorted(records)), in_memory=100)
    assert len(ordered._runs) <= 1 and list(ordered) == sorted(records)
    ordered.close()


def test_a_spool_is_read_more_than_once():
    spool = Spool()
    for number in range(1234):
        spool.add((number,))
    assert list(spool) == list(spool) == [(number,) for number in range(1234)]


def test_order_is_that_of_bytes(storage):
    """Databases sort by language, stores by bytes."""
    names = ["docs/a.txt", "docs/B.txt", "docs/é.txt", "docs/z.txt", "docs/a b.txt", "docs/a-b/c.txt", "docs/日本.txt"]
    put(storage, *names)
    for name in names:
        Document.objects.create(file=name)
    assert findings()[0] == []


def test_memory_does_not_grow_with_the_number_of_files(monkeypatch):
    """bench/gc.py measures a million."""
    from storages.gc import sweep
    from storages.gc.listing import Stored

    use(kept_in_memory())

    def peak(count):
        Document.objects.bulk_create(
            (Document(file=f"docs/{number:07}.txt") for number in range(0, count, 2)), batch_size=5000
        )
        listed = (Stored(f"docs/{number:07}.txt", 1, 0.0) for number in range(count))
        monkeypatch.setattr(sweep, "files_of", lambda place, folder: listed)
        monkeypatch.setattr("storages.gc.sweep.Sorted", functools.partial(Sorted, in_memory=200))
        monkeypatch.setattr("storages.gc.sources._ROWS_AT_ONCE", 200)
        tracemalloc.start()
        out = Discarded()
        try:
            call_command(Command(), "gc", "--older-than", "0", stdout=out)
        except CommandError:
            pass
        finally:
            reached = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert out.lines > count / 2
        Document.objects.all().delete()
        return reached

    few = peak(2_000)
    assert peak(12_000) < 1.3 * few


class Discarded(io.StringIO):
    lines = 0

    def write(self, text):
        self.lines += text.count("\n")
        return len(text)


def test_directories_and_links_of_a_file_system(tmp_path):
    storage = use(kept_in(tmp_path))
    put(storage, "docs/a.txt")
    (tmp_path / "outside").mkdir()
    os.symlink(tmp_path / "outside", tmp_path / "docs" / "link")
    os.symlink("/nowhere", tmp_path / "docs" / "broken")
    old = time.time() - 3 * 86400
    os.utime(tmp_path / "docs" / "a.txt", (old, old))
    status, out = run()
    assert status == 1 and "docs/a.txt (7 B, 3 days old)" in out
