"""What a transaction sees of its own files, and what its hooks see of them."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from helpers.transactions import Document, Undone, agree, has_address, journal, names_of_files, text


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
    assert set(names_of_files(storage)) == {*names, long}


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
    assert names_of_files(storage) == ["a.txt"]
    with pytest.raises(Undone), transaction.atomic():
        with storage.open("a.txt", "wb") as file:
            file.write(b"other")
        raise Undone
    assert names_of_files(storage) == ["a.txt"] and storage.open("a.txt").read() == b"content"


def test_bad_names_and_content_leave_nothing(storage):
    with transaction.atomic():
        for name in ("../a.txt", "/etc/a.txt", ""):
            with pytest.raises(Exception):  # noqa: B017  which one, each storage says
                storage.save(name, text())
        with pytest.raises(ValueError, match="name must be given"):
            storage.delete("")
        with pytest.raises(Undone):
            storage.save("a.txt", ContentFile(Broken()))
    assert names_of_files(storage) == [] == journal()


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
