"""Direct uploads in models and forms: attached, kept for the next try, refused at the field."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django import forms
from django.core.cache import cache
from django.core.files.storage import storages
from django.db import models
from django.test import override_settings
from helpers.direct import site
from helpers.uploads import BODY, TYPES, begun, names_in, places, refuses, storage, upload
from orlop.pytest_plugin import s3_server
from storages.uploads import Receipt, UploadRefused, verify, verify_and_attach
from storages.uploads.forms import DirectUploadField, DirectUploadModelForm

__all__ = ["places", "s3_server", "storage"]


class Note(models.Model):
    title = models.CharField(max_length=10)
    file = models.FileField(max_length=40)

    class Meta:
        app_label = "tickets"


class NoteForm(DirectUploadModelForm):
    file = DirectUploadField(upload_to="notes", max_size=2000, content_types=TYPES)

    class Meta:
        model = Note
        fields = ["title", "file"]


def test_attached_to_an_instance(places):
    note = Note(title="x")
    receipt = upload(storages["default"].upload_ticket("notes/a.txt"))
    assert verify_and_attach(note, "file", receipt) == "notes/a.txt"
    assert note.file.name == "notes/a.txt" and note.file._committed and note.file.read() == BODY


def test_a_name_too_long_for_the_field(places):
    receipt = upload(storages["default"].upload_ticket(f"notes/{'x' * 60}.txt"))
    note = Note()
    verify_and_attach(note, "file", receipt)
    assert len(note.file.name) == 40 and note.file.read() == BODY


def test_a_name_that_cannot_be_shortened_is_the_fields_error(places):
    receipt = upload(NoteForm().fields["file"].ticket(), name="a." + "x" * 60)
    form = NoteForm({"title": "x", "file": receipt})
    assert form.errors.as_data()["file"][0].code == "no_name"


def test_a_name_without_room_for_another_one(s3_server, tmp_path):
    s3_server.create_bucket("media")
    cache.clear()
    with site(s3_server, tmp_path, file_overwrite=False):
        for alias in ("s3", "memory"):
            storage = storages[alias]
            first, second = (upload(storage.upload_ticket("x" * 990)) for _ in range(2))
            assert storage.verify_upload(first) == "x" * 990
            storage.get_alternative_name = lambda root, ext: root + "y" * 40
            refuses("no_name", lambda storage=storage, second=second: storage.verify_upload(second))


def test_a_model_form(places):
    form = NoteForm()
    markup = str(form["file"])
    assert 'type="file"' in markup and 'name="file"' in markup and "<script" not in markup and "onclick" not in markup
    assert "storages/direct-upload.js" in str(form.media)
    ticket = markup.partition('data-ticket="')[2].partition('"')[0]
    receipt = upload(ticket, name="a.txt")
    form = NoteForm({"title": "x", "file": receipt})
    assert form.is_valid(), form.errors
    assert form.instance.file.name == "notes/a.txt" and form.instance.file.read() == BODY


def test_a_form_with_another_error_does_not_use_the_upload_up(places):
    receipt = upload(NoteForm().fields["file"].ticket(), name="a.txt")
    form = NoteForm({"title": "", "file": receipt})
    assert not form.is_valid() and "a.txt" in str(form["file"])
    assert NoteForm({"title": "x", "file": receipt}).is_valid()


class Album(models.Model):
    cover = models.FileField(max_length=40)
    track = models.FileField(max_length=40)

    class Meta:
        app_label = "tickets"


class AlbumForm(DirectUploadModelForm):
    cover = DirectUploadField(upload_to="covers")
    track = DirectUploadField(upload_to="tracks")

    class Meta:
        model = Album
        fields = ["cover", "track"]


def receipts_of_album():
    return {name: upload(AlbumForm().fields[name].ticket(), name="a.txt") for name in ("cover", "track")}


def test_of_two_uploads_the_good_one_is_kept_for_the_next_try(places):
    receipts = receipts_of_album()
    storages["default"].delete(Receipt.read(receipts["track"]).pending)
    form = AlbumForm(receipts)
    assert not form.is_valid() and list(form.errors) == ["track"]
    assert names_in(storages["default"]) == [Receipt.read(receipts["cover"]).pending] and not form.instance.cover
    form = AlbumForm({**receipts, "track": upload(AlbumForm().fields["track"].ticket(), name="b.txt")})
    assert form.is_valid(), form.errors
    assert (form.instance.cover.name, form.instance.track.name) == ("covers/a.txt", "tracks/b.txt")
    assert names_in(storages["default"]) == ["covers/a.txt", "tracks/b.txt"]


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("failure", [UploadRefused("changed", "Replaced."), ConnectionError("gone")])
def test_of_two_uploads_the_second_fails_at_last(s3_server, tmp_path, monkeypatch, overwrite, failure):
    promote = verify._promote

    def failing(storage, receipt, meta, names):
        if receipt.name.startswith("tracks"):
            raise failure
        return promote(storage, receipt, meta, names)

    s3_server.create_bucket("media")
    cache.clear()
    with site(s3_server, tmp_path, file_overwrite=overwrite):
        receipts = receipts_of_album()
        with monkeypatch.context() as patches:
            patches.setattr(verify, "_promote", failing)
            if isinstance(failure, UploadRefused):
                assert list(AlbumForm(receipts).errors) == ["track"]
            else:
                with pytest.raises(ConnectionError):
                    AlbumForm(receipts).is_valid()
        assert storages["default"].exists("covers/a.txt") == overwrite
        form = AlbumForm(receipts)
        assert form.is_valid() and form.instance.cover.name == "covers/a.txt"
        assert names_in(storages["default"]) == ["covers/a.txt", "tracks/a.txt"]


def test_one_upload_for_two_fields(places):
    class Twice(AlbumForm):
        track = DirectUploadField(upload_to="covers")

    receipt = upload(Twice().fields["cover"].ticket(), name="a.txt")
    form = Twice({"cover": receipt, "track": receipt})
    assert form.errors.as_data()["track"][0].code == "used"
    assert names_in(storages["default"]) == [Receipt.read(receipt).pending]


@pytest.mark.parametrize(
    ("ticket", "code"),
    [
        ({"name": "elsewhere/"}, "other_name"),
        ({"max_size": None}, "too_large"),
        ({"content_types": None}, "forbidden_type"),
    ],
)
def test_a_ticket_of_another_field(places, ticket, code):
    wider = storages["default"].upload_ticket(**{"name": "notes/", "max_size": 5000, "content_types": None, **ticket})
    body = BODY * 3 if code == "too_large" else BODY
    receipt = upload(wider, body, name="a.txt", type="a/b" if code == "forbidden_type" else "text/plain")
    form = NoteForm({"title": "x", "file": receipt})
    assert form.errors.as_data()["file"][0].code == code
    assert names_in(storages["default"]) == []


@pytest.mark.parametrize(("value", "code"), [("", "required"), ("nonsense", "altered")])
def test_a_form_without_an_upload(places, value, code):
    form = NoteForm({"title": "x", "file": value})
    assert form.errors.as_data()["file"][0].code == code


def test_a_field_without_a_directory(storage):
    class Rootless(forms.Form):
        file = DirectUploadField(storage=storage)

    receipt = upload(Rootless().fields["file"].ticket(), name="a b.txt")
    form = Rootless({"file": receipt})
    assert form.is_valid(), form.errors
    assert storage.verify_upload(form.cleaned_data["file"]) == "a_b.txt"


def test_an_upload_that_is_not_there_is_the_fields_error(places):
    answer = begun(NoteForm().fields["file"].ticket(), name="a.txt")
    form = NoteForm({"title": "x", "file": answer["receipt"]})
    assert form.errors.as_data()["file"][0].code == "not_there"


def test_a_field_of_one_visitor(places):
    form = NoteForm()
    form.fields["file"].user = SimpleNamespace(pk=5, is_anonymous=False)
    assert form.fields["file"].ticket().user == "5" and NoteForm().fields["file"].ticket().user == ""
    assert NoteForm.base_fields["file"].user is None


def test_a_form_that_is_no_model_form(places):
    class Plain(forms.Form):
        file = DirectUploadField(upload_to=lambda: "here", required=False)

    assert Plain({}).is_valid() and Plain({"file": ""}).is_valid()
    receipt = upload(Plain().fields["file"].ticket(), name="a.txt")
    form = Plain({"file": receipt})
    assert form.is_valid() and storages["default"].verify_upload(form.cleaned_data["file"]) == "here/a.txt"


def test_the_widget_says_what_is_missing():
    from django.urls import NoReverseMatch

    with override_settings(ROOT_URLCONF="helpers.no_urls"), pytest.raises(NoReverseMatch, match=r"storages\.urls"):
        str(NoteForm()["file"])
