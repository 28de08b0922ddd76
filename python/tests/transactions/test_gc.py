"""manage.py storages gc: files no row names, and rows whose file is gone."""

from __future__ import annotations

import functools
import gc
import io
import os
import random
import time
import tracemalloc

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.core.management.base import CommandError
from helpers.collection import findings, names_of, put, run
from helpers.transactions import Document, Memo, Report, kept_in, kept_in_memory, names_in, use
from storages.gc.sorting import Sorted, Spool
from storages.management.commands.storages import Command

# -- What is found -----------------------------------------------------------------------------------------------------


def test_everything_agrees(unwrapped):
    Document.objects.create(file=ContentFile(b"1", name="a.txt"), preview=ContentFile(b"1", name="b.txt"))
    Report.objects.create(file=ContentFile(b"2", name="c.txt"), appendix=ContentFile(b"2", name="d.txt"))
    Memo.everything.create(file=ContentFile(b"3", name="e.txt"))
    status, out = run("--older-than", "0")
    assert status == 0, out
    assert "5 files, 5 names in rows" in out


def test_orphans_and_missing_files_are_explained(unwrapped):
    row = Document.objects.create(file=ContentFile(b"1", name="kept.txt"), preview="previews/2020/gone.png")
    put(unwrapped, "docs/a.txt", "previews/2020/b.png", "elsewhere/c.txt", "docs/kept.txt~")
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


def test_rows_a_manager_hides_and_defaults_count(unwrapped):
    Memo.everything.create(file="hidden.txt")
    put(unwrapped, "hidden.txt", "defaults/memo.txt", "orphan.txt")
    found, totals = findings()
    assert names_of(found) == [("orphan", "orphan.txt")] and totals["kept"] == 1


def test_direct_uploads_nobody_claimed_are_explained(unwrapped):
    from storages.uploads.tickets import PENDING

    put(unwrapped, f"{PENDING}/abc/a.txt")
    assert findings()[0][0][2] == "a direct upload that nobody has claimed"


def test_young_files_are_left_alone(unwrapped):
    put(unwrapped, "docs/a.txt")
    status, out = run("--delete", "--most")
    assert status == 0 and "1 without a row, but younger than 24 hours" in out
    assert names_in(unwrapped) == ["docs/a.txt"]


def test_only_what_is_asked_for(unwrapped):
    Memo.everything.create(file="x.txt", also="notes/n.txt")
    put(unwrapped, "docs/a.txt", "docs/b.webp", "thumbs/c.jpg", "docu.txt", "notes/n.txt", "x.txt")
    assert names_of(findings("--prefix", "docs/")[0]) == [("orphan", "a.txt"), ("orphan", "b.webp")]
    assert names_of(findings("--prefix", "doc")[0]) == [
        ("orphan", "a.txt"),
        ("orphan", "b.webp"),
        ("orphan", "docu.txt"),
    ]
    found, totals = findings("--keep", "thumbs/", "--keep", "*.webp", "--also", "contenttypes.Memo.also")
    assert names_of(found) == [("orphan", "a.txt"), ("orphan", "docu.txt")]
    assert totals["kept"] == 2


def test_a_summary_by_folder(unwrapped):
    put(unwrapped, "docs/a.txt", "docs/b.txt", "x/c.txt")
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


def test_orphans_are_deleted(unwrapped):
    Document.objects.create(file=ContentFile(b"1", name="kept.txt"))
    Document.objects.create(file=ContentFile(b"1", name="other.txt"))
    put(unwrapped, "docs/a.txt")
    status, out = run("--older-than", "0", "--delete")
    assert status == 0 and "1 deleted" in out
    assert names_in(unwrapped) == ["docs/kept.txt", "docs/other.txt"]
    assert run("--older-than", "0")[0] == 0


def test_more_than_half_is_not_deleted_unasked(unwrapped):
    Document.objects.create(file=ContentFile(b"1", name="kept.txt"))
    put(unwrapped, "docs/a.txt", "docs/b.txt")
    status, out = run("--older-than", "0", "--delete")
    assert status == 1 and "2 of 3 files are orphans. Is this the database of these files?" in out
    assert len(names_in(unwrapped)) == 3
    assert run("--older-than", "0", "--delete", "--most")[0] == 0
    assert names_in(unwrapped) == ["docs/kept.txt"]


def test_a_row_that_comes_while_it_runs_saves_its_file(unwrapped, monkeypatch):
    from storages.gc.removal import Removal

    put(unwrapped, "docs/a.txt", "docs/b.txt")
    run_as_it_was = Removal.run

    def after_a_row(self, *arguments):
        Document.objects.create(file="docs/a.txt")
        return run_as_it_was(self, *arguments)

    monkeypatch.setattr(Removal, "run", after_a_row)
    status, out = run("--older-than", "0", "--delete", "--most")
    assert status == 0 and "1 named or written meanwhile" in out
    assert names_in(unwrapped) == ["docs/a.txt"]


def test_a_file_written_again_while_it_runs_is_saved(unwrapped, monkeypatch):
    from storages.gc.removal import Removal

    put(unwrapped, "docs/a.txt")
    run_as_it_was = Removal.run

    def after_a_save(self, *arguments):
        unwrapped.delete("docs/a.txt")
        unwrapped.save("docs/a.txt", ContentFile(b"of another size"))
        return run_as_it_was(self, *arguments)

    monkeypatch.setattr(Removal, "run", after_a_save)
    assert run("--older-than", "0", "--delete", "--most")[0] == 0
    assert names_in(unwrapped) == ["docs/a.txt"]


def test_a_row_that_goes_while_it_runs_is_not_missing(unwrapped, monkeypatch):
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


def test_order_is_that_of_bytes(unwrapped):
    """Databases sort by language, stores by bytes."""
    names = ["docs/a.txt", "docs/B.txt", "docs/é.txt", "docs/z.txt", "docs/a b.txt", "docs/a-b/c.txt", "docs/日本.txt"]
    put(unwrapped, *names)
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
        gc.collect()  # or what earlier tests left decides when the collector runs
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
