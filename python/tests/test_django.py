"""What Django does with a storage: static files, models, caches; traps T7, T23, T54, T66 and seeds 000 - 002."""

from __future__ import annotations

import json
import pickle
import urllib.request

import orlop
import pytest
from django.core.cache import caches
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.test import override_settings
from helpers.commands import output_of
from helpers.models import the_storage
from helpers.static_files import found_in, write_files
from storages.backends.s3 import S3ManifestStaticStorage, S3StaticStorage, S3Storage

# -- Static files ------------------------------------------------------------------------------------------------------


@pytest.fixture
def static_source(tmp_path):
    files = {
        "css/site.css": 'body { background: url("../img/dot.svg"); }',
        "img/dot.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "a b.txt": "space",
    }
    return write_files(tmp_path, files)


def from_folder(source):
    return override_settings(**found_in(source))


def collectstatic(**options):
    return output_of("collectstatic", interactive=False, **options)


@pytest.mark.parametrize("location", ["", "static"])
def test_collectstatic(place, site, static_source, location):
    with site(static="S3StaticStorage", location=location), from_folder(static_source):
        assert "3 static files copied" in collectstatic()
        assert "0 static files copied" in collectstatic()
        storage = place.storage(S3StaticStorage, location=location)
        storage.save("stale.txt", ContentFile(b""))
        assert "Pretending to delete 'stale.txt'" in collectstatic(dry_run=True, clear=True)
        assert storage.exists("stale.txt")
        collectstatic(clear=True)  # t7
    directories, files = storage.listdir("")
    assert (sorted(directories), files) == (["css", "img"], ["a b.txt"])


def test_collectstatic_with_a_manifest(place, site, static_source):
    with site(static="S3ManifestStaticStorage", location="static", gzip=True), from_folder(static_source):
        out = collectstatic()
        assert "3 static files copied, " in out
        assert " post-processed" in out
        collectstatic()
    storage = place.storage(S3ManifestStaticStorage, location="static", gzip=True)
    style = storage.stored_name("css/site.css")
    assert style != "css/site.css"
    dot = storage.stored_name("img/dot.svg").rpartition("/")[2]
    with storage.open(style) as file:
        assert dot.encode() in file.read()
    assert style in storage.url("css/site.css")
    with pytest.raises(ValueError, match="Missing staticfiles manifest entry"):
        storage.url("nope.css")


def test_manifest_requests_at_construction(place):
    with orlop.requests() as ledger:
        storage = place.storage(S3ManifestStaticStorage)
    assert ledger.operations == {"GetObject": 1}
    manifest = {"version": storage.manifest_version, "paths": {"a.css": "a.1.css"}, "hash": ""}
    storage._save("staticfiles.json", ContentFile(json.dumps(manifest)))
    again = pickle.loads(pickle.dumps(place.storage(S3ManifestStaticStorage)))
    assert again.url("a.css").endswith("/a.1.css")


# -- Models ------------------------------------------------------------------------------------------------------------


class Letter(models.Model):
    normal = models.FileField(storage=the_storage, upload_to="tests")
    default = models.FileField(storage=the_storage, upload_to="tests", default="tests/default.txt")
    short = models.FileField(storage=the_storage, upload_to="tests", max_length=20)

    class Meta:
        app_label = "contenttypes"


@pytest.fixture
def documents(files_at, place):
    return files_at(place, Letter)


@pytest.mark.parametrize("overwrite", [True, False])
def test_file_fields_as_in_the_seeds_t66(documents, overwrite):
    storage = documents(file_overwrite=overwrite)
    first = Letter()
    assert repr(first.normal) == "<FieldFile: None>"
    with pytest.raises(ValueError, match="has no file associated with it"):
        _ = first.normal.size

    first.normal.save("django_test.txt", ContentFile(b"content"))
    assert repr(first.normal) == "<FieldFile: tests/django_test.txt>"
    assert first.normal.size == 7
    assert first.normal.read() == b"content"

    first.normal.open()
    assert first.normal.read(3) == b"con"
    assert first.normal.read() == b"tent"
    assert b"-".join(first.normal.chunks(chunk_size=2)) == b"co-nt-en-t"

    second = Letter()
    second.normal.save("django_test.txt", ContentFile(b"more content"))
    assert second.normal.size == 12
    assert (second.normal.name == first.normal.name) is overwrite
    assert storage.size(first.normal.name) == (12 if overwrite else 7)

    cache = caches["default"]
    cache.set("first", first)
    cache.set("second", second)
    assert cache.get("second").normal == second.normal
    assert cache.get("second").normal.read() == b"more content"  # t54

    loaded = Letter.objects.get(pk=second.pk)
    assert loaded.normal.read() == b"more content"

    storage.save("tests/default.txt", ContentFile(b"default content"))
    third = Letter.objects.create()
    assert third.default.read() == b"default content"
    third.delete()
    assert Letter().default.read() == b"default content"

    first.normal.delete()
    assert not first.normal
    assert not storage.exists("tests/django_test.txt")


def test_uploads_through_a_field(documents):
    storage = documents(file_overwrite=False)
    upload = SimpleUploadedFile("pict\u00fcre one.txt", b"data", content_type="text/x-given")
    document = Letter(normal=upload)
    document.save()
    assert document.normal.name == "tests/pict\u00fcre_one.txt"
    assert storage._store.stat(document.normal.name, None, None, "").content_type == "text/x-given"
    document.short.save("a-very-long-name-indeed.txt", ContentFile(b""))
    assert len(document.short.name) <= 20


def test_field_urls(documents, place):
    documents()
    document = Letter()
    document.normal.save("x.txt", ContentFile(b"data"))
    if not place.ca:
        assert urllib.request.urlopen(document.normal.url).read() == b"data"


def test_migrations_name_a_callable():
    _, path, _, arguments = Letter._meta.get_field("normal").deconstruct()
    assert path == "django.db.models.FileField"
    assert arguments["storage"] is the_storage


def test_deconstruct_of_a_field_with_a_storage():
    from django.db.migrations.writer import MigrationWriter

    text, imports = MigrationWriter.serialize(S3Storage(location="media"))
    assert text == "storages.backends.s3.S3Storage(location='media')"
    assert imports == {"import storages.backends.s3"}
