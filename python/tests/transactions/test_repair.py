"""manage.py storages repair, and gc beside a journal: what crashes leave."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from helpers.collection import put, run
from helpers.transactions import Document, journal, kept_in_memory, leave, names_in, use
from storages.transactional import TransactionalStorage


@pytest.fixture
def wrapped(unwrapped):
    return use(TransactionalStorage(unwrapped))


def test_what_was_committed_is_put_in_place(wrapped):
    Document.objects.create(file="docs/a.txt")
    leave(wrapped, "docs/a.txt", b"first")
    leave(wrapped, "docs/a.txt", b"last")
    status, out = run("--older-than", "0")
    assert status == 1 and "would put docs/a.txt" in out and "waiting" in out
    status, out = run(verb="repair")
    assert (status, out) == (0, "1 finished, 0 staged files removed\n")
    assert names_in(wrapped.inner) == ["docs/a.txt"] and journal() == []
    assert wrapped.open("docs/a.txt").read() == b"last"


def test_what_is_under_way_is_left_alone(wrapped):
    leave(wrapped, "docs/a.txt", ago=timedelta(0))
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

    leave(wrapped, "docs/a.txt")
    Entry.objects.update(staged="")
    assert run("--older-than", "0", "--delete", "--most")[0] == 0
    assert names_in(wrapped.inner) == [] and journal() == []


def test_what_is_lost_is_told(wrapped):
    leave(wrapped, "docs/a.txt")
    wrapped.staging.remove([entry.staged for entry in journal()])
    status, out = run(verb="repair")
    assert status == 1 and "could not put docs/a.txt" in out and "neither staged nor in place" in out
    assert len(journal()) == 1
    assert run("--older-than", "0", "--forget-lost", verb="repair")[0] == 1
    assert journal() == []


def test_entries_of_a_storage_nobody_knows_are_kept(wrapped):
    leave(wrapped, "docs/a.txt")
    use(TransactionalStorage(kept_in_memory()))
    status, out = run(verb="repair")
    assert status == 1 and "that is not configured here" in out and len(journal()) == 1


def test_gc_sees_what_a_transaction_promised(wrapped, monkeypatch):
    """An old orphan whose name was taken by a commit that is not in place yet."""
    from storages.gc.removal import Removal

    put(wrapped, "docs/a.txt")
    run_as_it_was = Removal.run

    def after_a_commit(self, *arguments):
        leave(wrapped, "docs/a.txt", ago=timedelta(0))
        return run_as_it_was(self, *arguments)

    monkeypatch.setattr(Removal, "run", after_a_commit)
    run("--older-than", "0", "--delete", "--most")
    assert wrapped.inner.exists("docs/a.txt")


def test_a_running_transaction_survives_a_repair(wrapped):
    with transaction.atomic():
        row = Document.objects.create(file=ContentFile(b"1", name="a.txt"))
        run(verb="repair")
        run("--delete", "--most")
    assert row.file.read() == b"1" and journal() == []
