"""The doubles people test their sites with: the fixtures of the pytest plug-in, and S3's rules without S3."""

from __future__ import annotations

import io
import pickle
import re
import subprocess
import sys
import time
import urllib.request

import django
import orlop
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.management import call_command, load_command_class
from django.test import override_settings
from helpers.static_files import found_in
from orlop.pytest_plugin import memory_storages, s3_server, s3_storages
from storages.backends.memory import MemoryManifestStaticStorage, MemoryStorage
from storages.backends.s3 import S3Storage

__all__ = ["memory_storages", "s3_server", "s3_storages"]

# -- The server --------------------------------------------------------------------------------------------------------


def test_starting_takes_less_than_50_ms():
    from orlop.testing import Server

    durations = []
    for _ in range(5):
        start = time.perf_counter()
        with Server(buckets=["media"]):
            durations.append(time.perf_counter() - start)
    assert min(durations) < 0.05


def test_expectations_name_what_was_asked(s3_server):
    s3_server.create_bucket("media")
    storage = s3_server.storage("media")
    with s3_server.expect(PutObject=1, HeadObject=1) as seen:
        storage.save("a.txt", b"a")
        storage.exists("b.txt")
    assert [str(request) for request in seen.requests] == [
        "PutObject media/a.txt (200)",
        "HeadObject media/b.txt (404)",
    ]
    wrong = r"expected 1 PutObject; .* HeadObject media/b.txt \(404\)"
    with pytest.raises(AssertionError, match=wrong), s3_server.expect(PutObject=1):
        storage.exists("b.txt")
    many = "1 requests instead of at most 0: HeadObject"
    with pytest.raises(AssertionError, match=many), s3_server.expect(max=0):
        storage.exists("b.txt")
    with pytest.raises(AssertionError, match="asked for nothing"), s3_server.expect(PutObject=1):
        pass


def test_what_fails_inside_is_not_hidden_by_an_expectation(s3_server):
    with pytest.raises(KeyError), s3_server.expect(PutObject=1):
        raise KeyError


def test_faults_end_with_their_block(s3_server):
    s3_server.create_bucket("media")
    storage = s3_server.storage("media", attempts=1)
    with s3_server.faults("PutObject 503"), pytest.raises(orlop.Unavailable):
        storage.save("a.txt", b"a")
    storage.save("a.txt", b"a")


# -- All storages of a project at once ---------------------------------------------------------------------------------

CLOUD = {"bucket_name": "media", "endpoint_url": "https://s3.invalid", "access_key": "a", "secret_key": "b"}


def test_every_storage_talks_to_the_server(s3_storages):
    first, second = S3Storage(**CLOUD), S3Storage(bucket_name="media", location="x", session_profile="nobody")
    with s3_storages.expect(PutObject=1, GetObject=1):
        assert second.save("a.txt", ContentFile(b"a")) == "a.txt"
        assert first.open("x/a.txt").read() == b"a"
    assert urllib.request.urlopen(second.url("a.txt")).read() == b"a"


def test_a_storage_in_use_goes_there_and_comes_back(own_place):
    from orlop.testing import Server
    from storages.testing import in_place_of_s3

    storage = own_place.storage()
    storage.save("a.txt", ContentFile(b"a"))
    with Server() as server, in_place_of_s3(server):
        assert not storage.exists("a.txt")
    assert storage.exists("a.txt")


def test_every_storage_in_memory(memory_storages):
    storage = S3Storage(**CLOUD)
    storage.save("a.txt", ContentFile(b"a"))
    assert S3Storage(**CLOUD).open("a.txt").read() == b"a"
    assert not S3Storage(**{**CLOUD, "bucket_name": "other"}).exists("a.txt")


def test_memory_is_forgotten_with_the_test(memory_storages):
    assert not S3Storage(**CLOUD).exists("a.txt")


def test_the_plugin_as_pytest_loads_it(tmp_path):
    test = tmp_path / "test_theirs.py"
    test.write_text(
        "def test_it(s3_server):\n"
        "    s3_server.create_bucket('media')\n"
        "    with s3_server.expect(PutObject=1):\n"
        "        s3_server.storage('media').save('a.txt', b'a')\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "orlop.pytest_plugin", "-p", "no:cacheprovider", str(test)]
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert "1 passed" in done.stdout


def test_the_plugin_is_an_entry_point():
    from pathlib import Path

    project = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text()
    assert re.search(r'\[project.entry-points.pytest11\]\norlop = "orlop.pytest_plugin"\n', project)


# -- Memory under S3's rules -------------------------------------------------------------------------------------------


class Both:
    """Does the same to a storage in memory and to one on a server, and says what came out of it."""

    def __init__(self, place, **options):
        self.s3 = place.storage(**options)
        self.memory = MemoryStorage(**{**place.options, **options})

    def agree(self, action):
        """What `action` gave, having made sure that it was the same for both: a result, or a kind of exception."""
        on_s3, in_memory = self._outcome(self.s3, action), self._outcome(self.memory, action)
        assert in_memory == on_s3
        return in_memory

    @staticmethod
    def _outcome(storage, action):
        try:
            return action(storage)
        except Exception as error:
            return type(error)


@pytest.fixture
def both(own_place):
    return lambda **options: Both(own_place, **options)


NAMES = [
    "a.txt",
    "a/b.txt",
    "a\\b.txt",
    "./a",
    "a//b",
    "é ü.txt",
    "/a",
    "../a",
    "a/../../b",
    "a/",
    "",
    ".",
    "..",
    "x" * 1025,
]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_the_same(both, name):
    for options in ({}, {"location": "m"}):
        pair = both(**options)
        pair.agree(lambda storage: storage.save(name, ContentFile(b"1")))
        pair.agree(lambda storage: storage.exists(name))
        pair.agree(lambda storage: storage.size(name))
        pair.agree(lambda storage: storage.listdir(name))
        pair.agree(lambda storage: storage.open(name).read())
        pair.agree(lambda storage: storage.get_available_name(name, 5))
        pair.agree(lambda storage: storage.delete(name))
        pair.agree(lambda storage: storage.listdir(""))


def test_overwriting_is_the_same(both):
    for overwrite in (True, False):
        pair = both(file_overwrite=overwrite)
        pair.agree(lambda storage: storage.delete("a.txt"))
        pair.agree(lambda storage: storage.save("a.txt", ContentFile(b"1")))
        names = [storage.save("a.txt", ContentFile(b"22")) for storage in (pair.memory, pair.s3)]
        assert all(re.fullmatch(r"a\.txt" if overwrite else r"a_\w{7}\.txt", name) for name in names)
        assert pair.agree(lambda storage: storage.size("a.txt")) == (2 if overwrite else 1)


def write(storage, mode, *pieces):
    with storage.open("w.txt", mode) as file:
        for piece in pieces:
            file.write(piece)


def test_writing_a_file_is_the_same(both):
    pair = both(file_overwrite=False)
    pair.agree(lambda storage: write(storage, "w", "é", b"2"))
    assert pair.agree(lambda storage: storage.open("w.txt").read()) == "é2".encode()
    assert issubclass(pair.agree(lambda storage: write(storage, "w", "again")), orlop.AlreadyExists)
    assert issubclass(pair.agree(lambda storage: write(storage, "x", "again")), orlop.AlreadyExists)
    assert pair.agree(lambda storage: write(storage, "w")) is None
    assert pair.agree(lambda storage: storage.open("w.txt", "r").read()) == "é2"


def test_compression_and_sizes_are_the_same(both):
    pair = both(gzip=True)
    for name, text in (("a.css", "a { }" * 100), ("a.txt", "text"), ("b.css.gz", "zipped")):
        pair.agree(lambda storage: storage.save(name, ContentFile(text)))  # noqa: B023
        pair.agree(lambda storage: storage.size(name))  # noqa: B023
        pair.agree(lambda storage: storage.open(name).read() if name != "b.css.gz" else None)  # noqa: B023
    assert pair.memory.size("a.css") < 100


def test_parameters_are_the_same(both):
    pair = both(default_acl="private", object_parameters={"CacheControl": "max-age=60", "Metadata": {"A": "1"}})
    pair.agree(lambda storage: storage.save("a.txt", ContentFile(b"1")))

    def attributes(storage):
        meta = storage._stat("a.txt")
        return meta.content_type, meta.cache_control, meta.user

    assert pair.agree(attributes) == ("text/plain", "max-age=60", {"a": "1"})
    for kind in (S3Storage, MemoryStorage):
        with pytest.raises(ValueError, match="Colour"):
            kind(bucket_name="b", object_parameters={"Colour": "red"})


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"location": "m", "querystring_auth": False},
        {"custom_domain": "cdn.example.com"},
        {"endpoint_url": None, "region_name": "eu-central-1", "addressing_style": "virtual"},
        {"signature_version": "s3"},
    ],
)
def test_addresses_are_the_same(both, monkeypatch, options):
    monkeypatch.setattr(time, "time", lambda: 1700000000)
    pair = both(**options)
    pair.agree(lambda storage: storage.url("a b/é.txt"))
    pair.agree(lambda storage: storage.url("a", expire=60, http_method="put"))
    pair.agree(lambda storage: storage.url("a", parameters={"ResponseContentType": "text/plain"}))
    pair.agree(lambda storage: storage.url("../a"))
    pair.agree(lambda storage: storage.url("a", parameters={"Colour": "red"}))


def test_addresses_need_no_keys():
    assert "X-Amz-Signature=" in MemoryStorage(bucket_name="media").url("a.txt")


def test_a_missing_file_is_the_same(both):
    pair = both()
    for action in (
        lambda storage: storage.open("no.txt"),
        lambda storage: storage.size("no.txt"),
        lambda storage: storage.get_modified_time("no.txt"),
        lambda storage: storage.delete("no.txt"),
        lambda storage: storage.exists(""),
    ):
        pair.agree(action)


def test_what_s3_would_have_answered_is_a_client_error_too(both):
    exceptions = pytest.importorskip("botocore.exceptions")

    def answer(storage):
        with pytest.raises(exceptions.ClientError) as caught:
            storage.open("missing")
        return type(caught.value), caught.value.operation_name, caught.value.response["Error"]["Code"]

    assert both().agree(answer) == (both().agree(lambda storage: storage.size("missing")), "HeadObject", "404")


def test_storages_of_a_bucket_share_and_clear():
    first, second = MemoryStorage(bucket_name="shared"), MemoryStorage(bucket_name="shared", location="m")
    first.save("m/a.txt", ContentFile(b"1"))
    first.save("m2.txt", ContentFile(b"2"))
    assert pickle.loads(pickle.dumps(second)).open("a.txt").read() == b"1"
    second.clear()
    assert first.listdir("") == ([], ["m2.txt"])
    first.clear()
    assert first.listdir("") == ([], [])


def test_a_bucket_must_be_named_on_the_server(s3_storages):
    with pytest.raises(ImproperlyConfigured, match="AWS_STORAGE_BUCKET_NAME"):
        S3Storage().exists("a")


def test_a_bucket_must_be_named():
    with pytest.raises(ImproperlyConfigured, match="AWS_STORAGE_BUCKET_NAME"):
        MemoryStorage().exists("a")


def test_a_large_file(both):
    pair = both()
    content = bytes(range(256)) * 65536  # 16 MiB: more than one request's worth

    def chunks():
        for at in range(0, len(content), 1 << 20):
            yield content[at : at + (1 << 20)]

    pair.agree(lambda storage: storage.save("large.bin", chunks()))
    assert pair.agree(lambda storage: storage.size("large.bin")) == len(content)
    pair.agree(lambda storage: storage.save("file.bin", io.BytesIO(content)))
    assert pair.agree(lambda storage: storage.open("file.bin").read()) == content


def test_a_manifest(memory_storages):
    storage = MemoryManifestStaticStorage(bucket_name="static")
    storage.save("a.css", ContentFile(b"a {}"))
    assert list(storage.post_process({"a.css": (storage, "a.css")}))
    assert re.fullmatch(r"https://static\.s3\.amazonaws\.com/a\.\w{12}\.css", storage.url("a.css", force=True))


@pytest.fixture
def static_site(tmp_path):
    (tmp_path / "a.css").write_text("a {}")
    settings = found_in(tmp_path)
    backend = "storages.backends.s3.S3ManifestStaticStorage"
    if django.VERSION >= (4, 2):
        settings["STORAGES"] = {"staticfiles": {"BACKEND": backend}}
    else:
        settings["STATICFILES_STORAGE"] = backend
    settings["AWS_STORAGE_BUCKET_NAME"] = "static"
    with override_settings(**settings):
        yield


@pytest.mark.parametrize("fixture", ["memory_storages", "s3_storages"])
@pytest.mark.parametrize("app", ["storages", "django.contrib.staticfiles"])
def test_collectstatic_on_doubles(request, static_site, fixture, app):
    request.getfixturevalue(fixture)
    command = load_command_class(app, "collectstatic")
    for _ in range(2):
        call_command(command, interactive=False, stdout=io.StringIO())
    files = S3Storage(bucket_name="static").listdir("")[1]
    assert {"a.css", "staticfiles.json"} < set(files)
