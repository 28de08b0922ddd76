"""The examples people have followed since 2013, each named by the document it stands in ("seed" and its number)."""

from __future__ import annotations

import contextlib
import io
import mimetypes
import random
import sys
import types
from datetime import datetime

import pytest
from django.core.cache import caches
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models
from django.http import HttpResponse
from django.test import RequestFactory
from helpers.models import the_storage
from storages.backends.s3 import S3Storage

SEEDS = ["000", "001", "002", "004"]


class MyStorage(models.Model):
    """As in Django's own tests, which the documents of the time copied."""

    def random_upload_to(self, filename):
        return f"{random.randint(100, 999)}/{filename}"

    normal = models.FileField(storage=the_storage, upload_to="tests")
    custom = models.FileField(storage=the_storage, upload_to=lambda instance, name: f"custom/{name}")
    random = models.FileField(storage=the_storage, upload_to=random_upload_to)
    dated = models.FileField(storage=the_storage, upload_to="%Y/%m")
    default = models.FileField(storage=the_storage, upload_to="tests", default="tests/default.txt")

    class Meta:
        app_label = "contenttypes"


@pytest.fixture
def documents(files_at, own_place):
    return files_at(own_place, MyStorage)


def follow_storage_section(storage):
    """What they do under "Standard file access options are available, and work as expected"."""
    assert storage.exists("storage_test") is False
    file = storage.open("storage_test", "w")
    file.write("storage contents")
    file.close()
    assert storage.exists("storage_test") is True
    file = storage.open("storage_test", "r")
    assert file.read() == "storage contents"
    file.close()
    storage.delete("storage_test")
    assert storage.exists("storage_test") is False


@pytest.mark.parametrize("seed", SEEDS)
def test_storage_section(own_place, seed):
    """Seeds 000, 001, 002, 004."""
    follow_storage_section(own_place.storage())


def test_default_storage_as_in_the_seeds(site):
    with site(default="S3Storage"):
        follow_storage_section(default_storage)


@pytest.mark.parametrize(("seed", "overwrite"), [("000", False), ("001", True), ("002", False), ("004", False)])
def test_model_section(documents, seed, overwrite):
    """Seeds 000, 001, 002, 004: "Model"; whether the second file has the name of the first is a setting since."""
    backend = documents(file_overwrite=overwrite)
    backend.save("tests/default.txt", ContentFile(b"default content"))

    # An object without a file has limited functionality
    obj1 = MyStorage()
    assert repr(obj1.normal) == "<FieldFile: None>"
    with pytest.raises(ValueError, match="The 'normal' attribute has no file associated with it"):
        _ = obj1.normal.size

    # Saving a file enables full functionality
    obj1.normal.save("django_test.txt", ContentFile(b"content"))
    assert repr(obj1.normal) == "<FieldFile: tests/django_test.txt>"
    assert (obj1.normal.size, obj1.normal.read()) == (7, b"content")

    # Files can be read in a little at a time, if necessary
    obj1.normal.open()
    assert (obj1.normal.read(3), obj1.normal.read()) == (b"con", b"tent")
    assert b"-".join(obj1.normal.chunks(chunk_size=2)) == b"co-nt-en-t"

    # Save another file with the same name
    obj2 = MyStorage()
    obj2.normal.save("django_test.txt", ContentFile(b"more content"))
    assert (obj2.normal.name == "tests/django_test.txt") is overwrite
    assert obj2.normal.name.startswith("tests/django_test") and obj2.normal.name.endswith(".txt")
    assert obj2.normal.size == 12

    # Push the objects into the cache to make sure they pickle properly
    cache = caches["default"]
    cache.set("obj1", obj1)
    cache.set("obj2", obj2)
    assert repr(cache.get("obj2").normal) == f"<FieldFile: {obj2.normal.name}>"

    # Deleting an object (Django deletes no files since 1.3)
    obj2.delete()
    obj2.normal.save("django_test.txt", ContentFile(b"more content"))
    assert obj2.normal.read() == b"more content"

    # Default values allow an object to access a single file, which outlives its objects
    obj3 = MyStorage.objects.create()
    assert repr(obj3.default) == "<FieldFile: tests/default.txt>"
    assert obj3.default.read() == b"default content"
    obj3.delete()
    assert MyStorage().default.read() == b"default content"

    # Verify the fix for #5655, making sure the directory is only determined once
    obj4 = MyStorage()
    obj4.random.save("random_file", ContentFile(b"random content"))
    determined = obj4.random.name
    assert determined.endswith("/random_file")
    obj4.save()
    assert MyStorage.objects.get(pk=obj4.pk).random.name == determined
    assert obj4.random.read() == b"random content"

    # Clean up the temporary files
    obj1.normal.delete()
    obj2.normal.delete()
    obj3.default.delete()
    obj4.random.delete()
    assert not backend.exists("tests/django_test.txt")


def test_callable_and_dated_directories_seed_000(documents):
    backend = documents()
    obj = MyStorage()
    obj.custom.save("a b.txt", ContentFile(b"x"))
    obj.dated.save("c.txt", ContentFile(b"x"))
    assert obj.custom.name == "custom/a_b.txt"
    assert obj.dated.name == f"{datetime.now():%Y/%m}/c.txt"
    assert backend.exists(obj.custom.name) and backend.exists(obj.dated.name)


@pytest.mark.parametrize("seed", ["000", "001", "002"])
def test_settings_of_the_documents(own_place, site, seed):
    """`AWS_S3_OBJECT_PARAMETERS = {'CacheControl': 'max-age=86400'}` and the others, at their names of then."""
    from django.test import override_settings

    settings = {
        "AWS_ACCESS_KEY_ID": own_place.key,
        "AWS_SECRET_ACCESS_KEY": own_place.secret,
        "AWS_STORAGE_BUCKET_NAME": own_place.bucket,
        "AWS_S3_ENDPOINT_URL": own_place.endpoint,
        "AWS_S3_REGION_NAME": "us-east-1",
        "AWS_S3_OBJECT_PARAMETERS": {"CacheControl": "max-age=86400"},
        "AWS_DEFAULT_ACL": "private",
        "AWS_LOCATION": "loc",
        "AWS_S3_MAX_MEMORY_SIZE": 0,
        "AWS_IS_GZIPPED": True,
    }
    from storages.backends.s3boto3 import S3Boto3Storage

    with override_settings(**settings):
        S3Boto3Storage().save("a.css", ContentFile(b"body {}" * 99))
    meta = own_place.handle().stat("loc/a.css")
    assert (meta.cache_control, meta.content_encoding, meta.content_type) == ("max-age=86400", "gzip", "text/css")


@pytest.mark.parametrize("seed", ["000", "001", "002"])
def test_cloudfront_section(own_place, seed):
    """`AWS_S3_CUSTOM_DOMAIN = 'cdn.mydomain.com'`, and several by constructor."""
    from django.test import override_settings

    with override_settings(AWS_S3_CUSTOM_DOMAIN="cdn.mydomain.com"):
        assert own_place.storage().url("a.txt") == "https://cdn.mydomain.com/a.txt"
        assert own_place.storage(custom_domain="other.mydomain.com").url("a.txt") == "https://other.mydomain.com/a.txt"


def test_proxies_seed_001():
    from storages.s3.options import engine_options

    proxies = {"http": "foo.bar:3128", "http://hostname": "foo.bar:4012"}
    for endpoint, proxy in (("http://hostname", "foo.bar:4012"), ("http://other", "foo.bar:3128")):
        assert engine_options(S3Storage(bucket_name="b", proxies=proxies, endpoint_url=endpoint))["proxy"] == proxy


def test_connection_is_there_seed_004(own_place):
    """`print default_storage.connection`."""
    pytest.importorskip("boto3")
    assert "s3.ServiceResource" in str(own_place.storage().connection)


class SeedResume(models.Model):
    pdf = models.FileField(upload_to="pdfs")
    photos = models.ImageField(upload_to="photos")

    class Meta:
        app_label = "contenttypes"


def test_field_uses_the_default_storage_seed_004(site):
    """`resume.pdf.storage`."""
    with site(default="S3Storage"):
        assert SeedResume().pdf.storage == default_storage
        assert default_storage.__class__ is S3Storage
        resume = SeedResume()
        resume.pdf.save("cv.pdf", ContentFile(b"%PDF"), save=False)
        assert default_storage.size("pdfs/cv.pdf") == 4


# -- Seed 003, the tutorial --------------------------------------------------------------------------------------------


@pytest.fixture
def s3utils(own_place):
    """`StaticRootS3BotoStorage = lambda: S3BotoStorage(location='static')` in a module beside the settings."""
    module = types.ModuleType("s3utils")
    module.StaticRootS3BotoStorage = lambda: own_place.storage(location="static")
    module.MediaRootS3BotoStorage = lambda: own_place.storage(location="media")
    sys.modules["s3utils"] = module
    yield module
    del sys.modules["s3utils"]


@contextlib.contextmanager
def named_in_the_settings():
    import django
    from django.test import override_settings

    names = {"default": "s3utils.MediaRootS3BotoStorage", "staticfiles": "s3utils.StaticRootS3BotoStorage"}
    if django.VERSION >= (4, 2):
        settings = {"STORAGES": {alias: {"BACKEND": name} for alias, name in names.items()}}
    else:
        settings = {"DEFAULT_FILE_STORAGE": names["default"], "STATICFILES_STORAGE": names["staticfiles"]}
    with override_settings(**settings):
        yield


def test_storages_by_callable_seed_003(s3utils, own_place):
    from django.contrib.staticfiles.storage import staticfiles_storage

    with named_in_the_settings():
        default_storage.save("a.txt", ContentFile(b"media"))
        staticfiles_storage.save("a.txt", ContentFile(b"static"))
    handle = own_place.handle()
    assert (handle.read_bytes("media/a.txt"), handle.read_bytes("static/a.txt")) == (b"media", b"static")


def test_default_storage_of_the_tutorial_seed_003(s3utils):
    with named_in_the_settings():
        default_storage.save("path/to/file/img.jpg", ContentFile(b"jpeg"))
        default_storage.save("path/to/file/deeper/x", ContentFile(b""))
        assert default_storage.exists("path/to/file/img.jpg")
        assert default_storage.listdir("path/to/file") == (["deeper"], ["img.jpg"])
        default_storage.delete("path/to/file")  # a key of that name: what is below stays, whatever the text says
        assert default_storage.exists("path/to/file/img.jpg")
        default_storage.delete("path/to/file/img.jpg")
        assert not default_storage.exists("path/to/file/img.jpg")


def test_download_view_of_the_tutorial_seed_003(s3utils, documents):
    documents(location="media")
    obj = MyStorage()
    obj.normal.save("table.csv", ContentFile(b"a,b\r\n1,2\r\n"))
    with pytest.raises(NotImplementedError):
        _ = obj.normal.path

    def download_csv(request):
        file_object = default_storage.open(obj.normal.file.name)
        response = HttpResponse(file_object, content_type=mimetypes.guess_type(file_object.name)[0])
        response["Content-Disposition"] = "attachment; filename=%s" % file_object.name
        return response

    with named_in_the_settings():
        response = download_csv(RequestFactory().get("/"))
    assert (response.content, response["Content-Type"]) == (b"a,b\r\n1,2\r\n", "text/csv")
    assert response["Content-Disposition"] == "attachment; filename=tests/table.csv"


def test_upload_to_prefixes_seed_003(documents):
    """`upload_to='dummy'` "does nothing", says the text; it does."""
    documents(location="media")
    obj = MyStorage()
    obj.normal.save("x.txt", io.BytesIO(b"x"))
    assert obj.normal.name == "tests/x.txt"
