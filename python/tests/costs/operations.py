"""The operations whose requests docs/django/requests.md tells, as calls of a storage: ours or django-storages' own."""

from __future__ import annotations

import io
import os
import pathlib
import re
import subprocess
import tempfile

import django
from django.core.files.base import ContentFile
from django.core.management import call_command, load_command_class
from django.db import models
from django.test import override_settings
from helpers.static_files import found_in
from storages.backends.s3 import S3ManifestStaticStorage, S3StaticStorage, S3Storage

PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "django" / "requests.md"


def rows():
    """(operation, requests, requests before) of the page."""
    table = PAGE.read_text().partition("| operation | requests | before |\n|---|---|---|\n")[2].partition("\n\n")[0]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table.splitlines()]


def parsed(cell):
    """ "1 HeadObject, 2 PutObject" as a dict; "nothing" as an empty one."""
    if cell == "nothing":
        return {}
    return {operation: int(count) for count, operation in re.findall(r"(\d+) (\w+)", cell)}


class NotHere(Exception):
    """The Django at hand does something else."""


def storage_for(text, options):
    """The storage for the operation of a row, at the place `options` name."""
    own = dict(OPERATIONS[text][2])
    return own.pop("kind", S3Storage)(**{**options, **own})


LARGE = 20 << 20


class Paper(models.Model):
    file = models.FileField()

    class Meta:
        app_label = "contenttypes"


class Photograph(models.Model):
    image = models.ImageField(width_field="width", height_field="height")
    width = models.IntegerField()
    height = models.IntegerField()

    class Meta:
        app_label = "contenttypes"


def with_storage(model, field, storage):
    model._meta.get_field(field).storage = storage
    return model


#: What stands in the first column -> (preparation, operation, options of the storage). Both are given the storage; the
#: preparation is always ours.
OPERATIONS = {}


def operation(text, prepare=lambda storage: None, **options):
    def register(action):
        OPERATIONS[text] = (prepare, action, options)
        return action

    return register


def small(storage):
    storage.save("a.txt", ContentFile(b"a" * 4096))


def large(storage):
    storage.save("a.bin", ContentFile(bytes(LARGE)))


def many(count):
    def prepare(storage):
        for number in range(count):
            storage.save(f"many/{number}.txt", ContentFile(b""))

    return prepare


@operation("`save`, overwriting")
def _(storage):
    storage.save("a.txt", ContentFile(b"a"))


@operation("`save`, not overwriting, a free name", file_overwrite=False)
def _(storage):
    storage.save("a.txt", ContentFile(b"a"))


@operation("`save`, not overwriting, a taken name", small, file_overwrite=False)
def _(storage):
    assert storage.save("a.txt", ContentFile(b"a")) != "a.txt"


@operation("`save` of 20 MiB, overwriting")
def _(storage):
    storage.save("a.bin", ContentFile(bytes(LARGE)))


@operation("`open` and `read`", small)
def _(storage):
    with storage.open("a.txt") as file:
        assert len(file.read()) == 4096


@operation("`open` and `read` of 20 MiB", large)
def _(storage):
    with storage.open("a.bin") as file:
        assert len(file.read()) == LARGE


@operation("`open`, a seek, and `read` of 4 KiB at the end of 20 MiB", large)
def _(storage):
    with storage.open("a.bin") as file:
        file.seek(-4096, io.SEEK_END)
        assert len(file.read()) == 4096


@operation("`open` of a missing file")
def _(storage):
    try:
        storage.open("a.txt")
    except FileNotFoundError:
        return
    raise AssertionError


@operation('`open("w")`, a small write, `close`')
def _(storage):
    with storage.open("a.txt", "w") as file:
        file.write("a")


@operation('`open("w")` and `close`, a new name')
def _(storage):
    storage.open("a.txt", "w").close()


@operation('`open("w")` and `close`, a taken name', small)
def _(storage):
    storage.open("a.txt", "w").close()


@operation("`exists`", small)
def _(storage):
    assert storage.exists("a.txt")


@operation("`size`", small)
def _(storage):
    assert storage.size("a.txt") == 4096


@operation("`get_modified_time`", small)
def _(storage):
    assert storage.get_modified_time("a.txt")


@operation("`delete`", small)
def _(storage):
    storage.delete("a.txt")


@operation("`listdir` of 1,000 files", many(1000))
def _(storage):
    assert len(storage.listdir("many")[1]) == 1000


@operation("`listdir` of 1,001 files", many(1001))
def _(storage):
    assert len(storage.listdir("many")[1]) == 1001


@operation("`url`")
def _(storage):
    assert "X-Amz-Signature" in storage.url("a.txt")


@operation("`url` for CloudFront")
def _(storage):
    pem = subprocess.run(["openssl", "genrsa", "-traditional", "1024"], check=True, capture_output=True).stdout
    signing = type(storage)(custom_domain="cdn.example.com", cloudfront_key_id="KEY", cloudfront_key=pem)
    assert "Key-Pair-Id" in signing.url("a.txt")


@operation("making a storage")
def _(storage):
    type(storage)(bucket_name=storage.bucket_name)


def manifest(storage):
    storage.save("staticfiles.json", ContentFile(b'{"paths": {}, "version": "1.0"}'))


@operation("making a manifest storage", manifest)
def _(storage):
    S3ManifestStaticStorage(**storage._constructor_args[1])


def document(storage, **values):
    return with_storage(Paper, "file", storage)(**values)


@operation("`FileField`: an upload, not overwriting", file_overwrite=False)
def _(storage):
    document(storage).file.save("a.txt", ContentFile(b"a"), save=False)


@operation("`FileField`: `url` of a list of 100 rows")
def _(storage):
    assert len({document(storage, file=f"{number}.txt").file.url for number in range(100)}) == 100


@operation("`FileField`: `size`", small)
def _(storage):
    assert document(storage, file="a.txt").file.size == 4096


@operation("`FileField`: `open` and `read`", small)
def _(storage):
    with document(storage, file="a.txt").file.open() as file:
        assert len(file.read()) == 4096


@operation("`FileField`: `delete`", small)
def _(storage):
    document(storage, file="a.txt").file.delete(save=False)


@operation("`ImageField` with width and height: an upload, overwriting")
def _(storage):
    if django.VERSION < (5, 1):
        raise NotHere("this Django reads the image back")
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (3, 2)).save(buffer, "PNG")
    photograph = with_storage(Photograph, "image", storage)(image=ContentFile(buffer.getvalue(), "a.png"))
    Photograph._meta.get_field("image").pre_save(photograph, True)  # what save() of the model does with it
    assert (photograph.width, photograph.height) == (3, 2)


# -- collectstatic -----------------------------------------------------------------------------------------------------


PLACE = {
    "bucket_name": "AWS_STORAGE_BUCKET_NAME",
    "endpoint_url": "AWS_S3_ENDPOINT_URL",
    "access_key": "AWS_S3_ACCESS_KEY_ID",
    "secret_key": "AWS_S3_SECRET_ACCESS_KEY",
    "region_name": "AWS_S3_REGION_NAME",
}


def collect(storage):
    """collectstatic of 20 files, as the app `storages` does it."""
    backend = f"storages.backends.s3.{type(storage).__name__}"
    settings = {setting: getattr(storage, option) for option, setting in PLACE.items()}
    settings["AWS_S3_DIALECT"] = getattr(storage, "dialect", None)
    if django.VERSION >= (4, 2):
        settings["STORAGES"] = {"staticfiles": {"BACKEND": backend}}
    else:
        settings["STATICFILES_STORAGE"] = backend
    with tempfile.TemporaryDirectory() as source:
        for number in range(20):
            pathlib.Path(source, f"{number}.txt").write_text(str(number))
            os.utime(pathlib.Path(source, f"{number}.txt"), (1e9, 1e9))
        with override_settings(**settings, **found_in(source)):
            command = load_command_class(COLLECTSTATIC, "collectstatic")
            call_command(command, interactive=False, verbosity=0, stdout=io.StringIO())


# The app whose command it is: django-storages has none.
COLLECTSTATIC = "storages" if hasattr(S3Storage, "_store") else "django.contrib.staticfiles"


@operation("`collectstatic` of 20 files, the first time", kind=S3StaticStorage)
def _(storage):
    collect(storage)


@operation("`collectstatic` of 20 files, unchanged", collect, kind=S3StaticStorage)
def _(storage):
    collect(storage)
