"""Files overwritten in transactions, and names that older commits still have a promise for."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import django
import pytest
from django.core.files.base import ContentFile
from django.db import OperationalError, connection, transaction
from helpers.databases import SQLite
from helpers.transactions import Document, Undone, agree, journal, leave, names_of_files, text, use
from storages.transactional import TransactionalStorage


@pytest.fixture(params=["s3", "memory", "local", "files"])
def overwriting(request, of_kind):
    if request.param == "files" and django.VERSION < (5, 1):
        pytest.skip("allow_overwrite came with 5.1")
    return use(TransactionalStorage(of_kind(request.param, overwrites=True)))


@pytest.fixture
def by_name(database):
    """Where names are waited for."""
    if isinstance(database, SQLite):
        pytest.skip("SQLite has one writer at a time")


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
    assert names_of_files(overwriting) == ["a.txt"] and journal() == []


def test_the_last_one_to_commit_is_the_last_in_the_journal(overwriting, by_name):
    done = threading.Event()

    def second():
        try:
            with transaction.atomic():
                overwriting.save("a.txt", text(b"second"))
        finally:
            connection.close()
            done.set()

    thread = threading.Thread(target=second)
    with transaction.atomic():
        overwriting.save("a.txt", text(b"first"))
        overwriting.save("a.txt", text(b"first again"))
        thread.start()
        assert not done.wait(0.3)
        with transaction.atomic():
            overwriting.save("b.txt", text())  # another name is nobody's
    thread.join(20)
    assert done.is_set()
    assert overwriting.open("a.txt").read() == b"second"
    assert names_of_files(overwriting) == ["a.txt", "b.txt"] and journal() == []


def test_of_two_that_wait_for_each_other_one_is_refused(overwriting, by_name):
    both_have_one = threading.Barrier(2)

    def save(names):
        try:
            with transaction.atomic():
                for name in names:
                    Document.objects.create(title=names + name, file=ContentFile(names.encode(), name=name))
                    if name == names[0]:
                        both_have_one.wait(20)
        except OperationalError as error:
            assert "deadlock" in str(error)
            return None
        finally:
            connection.close()
        return names.encode()

    with ThreadPoolExecutor(2) as pool:
        kept, *more = filter(None, pool.map(save, ["ab", "ba"]))
    assert more == []
    rows = Document.objects.order_by("file")
    assert [(row.file.name, row.file.read()) for row in rows] == [("docs/a", kept), ("docs/b", kept)]
    agree(overwriting)


def test_what_comes_later_is_not_undone_by_what_was_left(overwriting):
    for later in (
        lambda: overwriting.save("a.txt", text(b"later")),
        lambda: overwriting.delete("a.txt"),
        lambda: written(overwriting, b"later"),
    ):
        leave(overwriting, "a.txt", b"left")
        later()
        assert journal() == []
        assert names_of_files(overwriting) in (["a.txt"], [])
        assert not overwriting.exists("a.txt") or overwriting.open("a.txt").read() == b"later"


def written(storage, content):
    with storage.open("a.txt", "wb") as file:
        file.write(content)


def test_a_name_whose_deletion_is_promised_is_not_taken(storage):
    """A process ends between deleting a file and forgetting that it had to."""
    from storages.journal.models import Entry

    leave(storage, "a.txt", b"left")
    storage.staging.remove([entry.staged for entry in journal()])
    Entry.objects.update(staged="")
    name = storage.save("a.txt", text())
    assert name != "a.txt" and [str(entry) for entry in journal()] == ["delete a.txt"]
    assert names_of_files(storage) == [name] and storage.open(name).read() == b"content"


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
