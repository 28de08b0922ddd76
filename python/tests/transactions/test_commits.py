"""Files that follow the database: saved, staged and deleted in transactions that commit, and in some that do not."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from helpers.transactions import Document, Undone, agree, journal, names_of_files, text


def test_a_committed_file_is_in_place(storage):
    with transaction.atomic():
        row = Document.objects.create(file=text())
        assert [name.partition("/")[0] for name in names_of_files(storage)] == [".pending"]
    agree(storage)
    assert storage.open(row.file.name).read() == b"content"
    assert row.file.name.startswith("docs/a_") and row.file.name.endswith(".txt")


def test_a_file_rolled_back_is_gone(storage):
    with pytest.raises(Undone), transaction.atomic():
        Document.objects.create(file=text(), preview=text())
        assert len(names_of_files(storage)) == 2
        raise Undone
    assert names_of_files(storage) == [] == journal()


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
    assert names_of_files(storage) == [] == journal()


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
    assert names_of_files(storage) == [] == journal()


def test_what_is_saved_and_deleted_in_one_transaction_never_appears(storage):
    with transaction.atomic():
        row = Document.objects.create(file=text())
        row.file.delete()
    agree(storage)
    assert names_of_files(storage) == []


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


# -- Content staged ahead of the transaction ---------------------------------------------------------------------------


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
    assert names_of_files(storage) == []
    unused = storage.stage(text())
    unused.discard()
    unused.discard()
    assert names_of_files(storage) == []


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
