"""Direct uploads to storages that follow the database: they are in place when they are verified, and stay there."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction
from django.test import override_settings
from helpers.direct import ALIASES, send, site
from helpers.transactions import Document, Undone, journal, leave, use
from orlop.pytest_plugin import s3_server
from storages.transactional import TransactionalStorage
from storages.uploads import UploadRefused, verify_and_attach
from storages.uploads.forms import DirectUploadField, DirectUploadModelForm

__all__ = ["s3_server"]


@pytest.fixture(params=[True, False], ids=["overwriting", "unique"])
def overwrites(request):
    return request.param


@pytest.fixture(params=ALIASES)
def wrapped(request, s3_server, tmp_path, overwrites):
    s3_server.create_bucket("media")
    cache.clear()
    with site(s3_server, tmp_path, file_overwrite=overwrites):
        yield use(TransactionalStorage(storages[request.param]))


def uploaded(storage, name="docs/a.txt", content=b"sent"):
    begun = storage.upload_ticket(name).begin(size=len(content), content_type="text/plain")
    assert send(begun.request, content)[0] < 300
    return begun.receipt.token


def test_with_and_without_a_commit(wrapped):
    row = Document()
    verify_and_attach(row, "file", uploaded(wrapped))
    assert row.file.name == "docs/a.txt" and row.file.read() == b"sent"
    with pytest.raises(Undone), transaction.atomic():
        verify_and_attach(row, "file", uploaded(wrapped, "docs/b.txt"))
        raise Undone
    assert wrapped.open("docs/b.txt").read() == b"sent" and journal() == []


def test_by_a_form(wrapped):
    class DocumentForm(DirectUploadModelForm):
        file = DirectUploadField(upload_to="docs", storage=wrapped)

        class Meta:
            model = Document
            fields = ["title", "file"]

    ticket = DocumentForm().fields["file"].ticket()
    begun = ticket.begin(size=4, content_type="text/plain", name="a.txt")
    assert send(begun.request, b"sent")[0] < 300
    form = DocumentForm({"title": "x", "file": begun.receipt.token})
    assert form.is_valid(), form.errors
    assert form.save().file.read() == b"sent"


def test_a_storage_that_is_no_alias(s3_server, tmp_path):
    s3_server.create_bucket("media")
    cache.clear()
    with site(s3_server, tmp_path):
        kept = {**settings.STORAGES["s3"], "OPTIONS": {**settings.STORAGES["s3"]["OPTIONS"], "location": "inside"}}
        kind = {"BACKEND": "storages.transactional.TransactionalStorage", "OPTIONS": {"storage": kept}}
        with override_settings(STORAGES={**settings.STORAGES, "wrapped": kind}):
            assert storages["wrapped"].verify_upload(uploaded(storages["wrapped"])) == "docs/a.txt"
            assert storages["wrapped"].open("docs/a.txt").read() == b"sent"


def test_in_the_place_of_what_the_same_transaction_deletes(wrapped, overwrites):
    wrapped.save("docs/a.txt", ContentFile(b"old"))
    with transaction.atomic():
        wrapped.delete("docs/a.txt")
        row = Document()
        verify_and_attach(row, "file", uploaded(wrapped))
        row.save()
    assert wrapped.open(row.file.name).read() == b"sent" and journal() == []
    assert overwrites == (row.file.name == "docs/a.txt")


@pytest.mark.parametrize("staged", [True, False])
def test_a_name_that_somebody_promised(wrapped, overwrites, staged):
    """What a repair does with that name may not happen to the upload."""
    leave(wrapped, "docs/a.txt", b"first")
    if not staged:
        wrapped.staging.remove([entry.staged for entry in journal()])
        type(journal()[0]).objects.update(staged="")
    receipt = uploaded(wrapped)
    if not overwrites:
        assert wrapped.verify_upload(receipt).startswith("docs/a_")
        return
    with pytest.raises(UploadRefused) as caught:
        wrapped.verify_upload(receipt)
    assert caught.value.code == "busy" and not wrapped.inner.exists("docs/a.txt")
    type(journal()[0]).objects.all().delete()  # as a repair does
    assert wrapped.verify_upload(receipt) == "docs/a.txt"
