"""Settings files of every era, after the pages of the seeds: as they are, and as `storages.check --write` has them."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from urllib.request import urlopen

import pytest
from django.core.files.base import ContentFile
from django.test import override_settings
from django.utils.module_loading import import_string
from helpers.checking import ERAS, REMOVED
from storages.check import eras
from storages.check.legacy import read_settings, stand_ins

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

# What the sites name that is not here: proxies, and keys for the service to encrypt with.
_ELSEWHERE = {"AWS_S3_PROXY_HOST", "AWS_S3_VERIFY", "AWS_S3_ENCRYPTION", "proxies"}


@pytest.fixture(autouse=True)
def beside_the_sites(monkeypatch):
    monkeypatch.syspath_prepend(str(ERAS))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "what is written for a secret")
    yield
    sys.modules.pop("s3utils", None)


def values_of(era):
    with stand_ins(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_settings(str(ERAS / f"{era}_site.py"))


def written(era):
    """The STORAGES that the command prints."""
    command = [sys.executable, "-m", "storages.check", "--write", str(ERAS / f"{era}_site.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    names = {}
    exec(done.stdout, names)
    return names["STORAGES"]


def settings_of(values, without=()):
    return {name: value for name, value in values.items() if name.startswith(("AWS_", "GZIP")) and name not in without}


def settings_left(values):
    """Those --write leaves where they are."""
    return settings_of(values, eras.DROPPED | _ELSEWHERE)


def options_here(entry):
    options = {name: value for name, value in entry.get("OPTIONS", {}).items() if name not in _ELSEWHERE}
    parameters = options.get("object_parameters", {})
    return {**options, "object_parameters": {n: v for n, v in parameters.items() if n != "ServerSideEncryption"}}


def works(storage):
    name = storage.save("dir/a.txt", ContentFile(b"hello"))
    assert storage.exists(name) and storage.size(name) == 5
    assert storage.open(name).read() == b"hello"
    assert storage.listdir("dir")[1] == ["a.txt"]
    assert storage.url(name).partition("?")[0].endswith(name)
    storage.delete(name)
    assert not storage.exists(name)


@pytest.mark.parametrize("era", ["oldest", "boto", "boto3", "today", "tutorial"])
def test_what_is_written_works(era, own_place):
    entry = written(era)["default"]
    with override_settings(**settings_left(values_of(era))):
        works(import_string(entry["BACKEND"])(**{**options_here(entry), **own_place.options}))


@pytest.mark.parametrize("era", ["oldest", "boto", "boto3"])
def test_what_was_there_works_as_it_is(era, own_place):
    values = values_of(era)
    with override_settings(**settings_of(values, _ELSEWHERE)):
        works(import_string(values["DEFAULT_FILE_STORAGE"])(**own_place.options))


def test_the_tutorials_functions_work_as_they_are(own_place):
    """Seed 003: zero-argument callables as storages."""
    values = values_of("tutorial")
    with override_settings(
        AWS_STORAGE_BUCKET_NAME=own_place.bucket,
        AWS_S3_ENDPOINT_URL=own_place.endpoint,
        AWS_ACCESS_KEY_ID=own_place.key,
        AWS_SECRET_ACCESS_KEY=own_place.secret,
    ):
        static = import_string(values["STATICFILES_STORAGE"])()
        media = import_string(values["DEFAULT_FILE_STORAGE"])()
        works(media)
        static.save("site.css", ContentFile(b"a {}"))
        assert media.save("a.txt", ContentFile(b"x")) == "a.txt"
    assert sorted(own_place.storage().listdir("")[0]) == ["media", "static"]


@pytest.mark.parametrize("era", ["oldest", "boto", "boto3"])
def test_both_say_the_same(era):
    """Uploads carry the same, and go to the same place, whether the old settings are read or the new ones."""
    values, entry = values_of(era), written(era)["default"]
    with override_settings(**settings_of(values)):
        old = import_string(values["DEFAULT_FILE_STORAGE"])()
    with override_settings(**settings_of(values, eras.DROPPED)):
        new = import_string(entry["BACKEND"])(**entry.get("OPTIONS", {}))
    assert old._get_write_parameters("a.css") == new._get_write_parameters("a.css")
    names = (
        "bucket_name location region_name endpoint_url addressing_style proxies verify querystring_auth "
        "querystring_expire gzip file_overwrite default_acl url_protocol custom_domain"
    )
    for name in names.split():
        assert getattr(old, name) == getattr(new, name), name


PROGRAM = """
import django
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

django.setup()
name = default_storage.save("a.txt", ContentFile(b"hello"))
print(default_storage.open(name).read().decode(), default_storage.url(name))
"""


def test_a_process_of_a_site_as_it_was(own_place, tmp_path):
    """Nothing but the old settings: Django makes the storage."""
    backend = "storages.backends.s3boto.S3BotoStorage"
    host, _, port = own_place.endpoint.partition("://")[2].partition(":")
    named = {"STORAGES": {"default": {"BACKEND": backend}}} if REMOVED else {"DEFAULT_FILE_STORAGE": backend}
    settings = {
        **named,
        "SECRET_KEY": "of a site",
        "AWS_ACCESS_KEY_ID": own_place.key,
        "AWS_SECRET_ACCESS_KEY": own_place.secret,
        "AWS_STORAGE_BUCKET_NAME": own_place.bucket,
        "AWS_S3_HOST": host,
        "AWS_S3_PORT": int(port),
        "AWS_S3_USE_SSL": False,
        "AWS_HEADERS": {"Cache-Control": "max-age=86400"},
        "AWS_REDUCED_REDUNDANCY": True,
        "AWS_LOCATION": "media",
    }
    (tmp_path / "old_site.py").write_text("".join(f"{name} = {value!r}\n" for name, value in settings.items()))
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "old_site"}
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    text, url = done.stdout.split()
    assert text == "hello"
    with urlopen(url) as answer:
        assert (answer.read(), answer.headers["Cache-Control"]) == (b"hello", "max-age=86400")
        assert answer.headers["x-amz-storage-class"] == "REDUCED_REDUNDANCY"
