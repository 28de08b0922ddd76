"""manage.py storages gc where several storages, databases or addresses share a place."""

from __future__ import annotations

import os

from django.core.files.base import ContentFile
from django.test import modify_settings, override_settings
from helpers import transactions
from helpers.collection import findings, names_of, put, run
from helpers.transactions import Document, Memo, kept_in, names_in, use
from storages.backends.local import LocalStorage


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


def test_rows_of_every_database_count(database, tmp_path):
    storage = use(kept_in(tmp_path / "files"))
    put(storage, "docs/a.txt", "docs/b.txt", "docs/orphan.txt")
    with transactions.another_database(database.fresh(tmp_path)) as other:
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
    alias = tmp_path.with_name(f"{tmp_path.name}.alias")
    os.symlink(tmp_path, alias)
    Document._meta.get_field("preview").storage = kept_in(alias)
    Document.objects.create(preview="a.txt")
    found, _ = findings()
    assert names_of(found) == [("orphan", "b.txt")]
    use(kept_in(tmp_path / "local"))
    Memo._meta.get_field("file").storage = local
    _, out = run("--older-than", "0", "--delete", "--most")
    assert out.count("left alone") == 2 and names_in(local) == ["b.txt"]
