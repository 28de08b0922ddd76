"""S3Storage against S3 servers: reference sections 2.2.3 - 2.2.6, 4 (test_s3), traps T2-T7, T19-T32, T52-T60, T66."""

from __future__ import annotations

import asyncio
import gzip
import io
import mimetypes
import os
import re
import subprocess
import sys
import tempfile
import threading
import urllib.request
from array import array
from datetime import datetime, timedelta, timezone

import orlop
import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import SuspiciousFileOperation, SuspiciousOperation
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile, TemporaryUploadedFile
from django.test import override_settings
from storages.backends.s3 import S3Storage
from storages.s3.options import TransferConfig

PART = 5 << 20


@pytest.fixture
def storage(place):
    return place.storage()


def content_of(storage, name):
    with storage.open(name) as file:
        return file.read()


# -- Saving ------------------------------------------------------------------------------------------------------------


class NonSeekable(File):
    """What comes from a pipe."""

    def __init__(self, data, name="pipe"):
        super().__init__(io.BytesIO(data) if isinstance(data, bytes) else io.StringIO(data), name)

    def seekable(self):
        return False

    def seek(self, *_):
        raise AssertionError("asked to seek")

    tell = seek


def temporary_upload(data):
    file = TemporaryUploadedFile("upload.bin", "application/x-upload", 0, None)
    file.write(data)
    return file


def on_disk(data, mode="rb"):
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(data)
    return File(open(file.name, mode))


def spooled(data):
    file = tempfile.SpooledTemporaryFile()  # noqa: SIM115
    file.write(data)
    return File(file)


def descriptor(data, pipe=False):
    if not pipe:
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            return os.dup(file.fileno())
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    return reading


async def async_pieces():
    for piece in (b"da", "t\xe4"):
        await asyncio.sleep(0)
        yield piece


class Pieces:
    """Has chunks() and nothing else."""

    def chunks(self, chunk_size=None):
        return iter([b"da", b"ta"])


CONTENTS = {
    "bytes": (lambda: ContentFile(b"data"), b"data"),
    "ascii text": (lambda: ContentFile("data"), b"data"),
    "text t2": (lambda: ContentFile("h\xe9llo \u20ac" * 1000), "h\xe9llo \u20ac".encode() * 1000),
    "BytesIO": (lambda: File(io.BytesIO(b"data")), b"data"),
    "bare BytesIO": (lambda: io.BytesIO(b"data"), b"data"),
    "StringIO": (lambda: File(io.StringIO("d\xe9")), "d\xe9".encode()),
    "empty": (lambda: ContentFile(b""), b""),
    "raw bytes": (lambda: b"data", b"data"),
    "bytearray t25": (lambda: bytearray(b"data"), b"data"),
    "memoryview": (lambda: memoryview(b"d-a-t-a-")[::2], b"data"),
    "generator": (lambda: (piece for piece in (b"da", "t\xe4")), "dat\xe4".encode()),
    "array": (lambda: array("B", b"data"), b"data"),
    "list of pieces": (lambda: [b"da", "t\xe4"], "dat\xe4".encode()),
    "many small pieces": (lambda: (b"0123456789" for _ in range(100_000)), b"0123456789" * 100_000),
    "async generator": (async_pieces, "dat\xe4".encode()),
    "what has chunks": (Pieces, b"data"),
    "file descriptor": (lambda: descriptor(b"data" * 5000), b"data" * 5000),
    "descriptor of a pipe": (lambda: descriptor(b"data", pipe=True), b"data"),
    "memory upload": (lambda: InMemoryUploadedFile(io.BytesIO(b"data"), "f", "x", "a/b", 4, None), b"data"),
    "simple upload": (lambda: SimpleUploadedFile("x", b"data"), b"data"),
    "temporary upload": (lambda: temporary_upload(b"data" * 5000), b"data" * 5000),
    "file": (lambda: on_disk(b"data"), b"data"),
    "file read and written": (lambda: on_disk(b"data", "r+b"), b"data"),
    "text file": (lambda: on_disk("d\xe9".encode(), "r"), "d\xe9".encode()),
    "spooled": (lambda: spooled(b"data"), b"data"),
    "pipe t24": (lambda: NonSeekable(b"data"), b"data"),
    "text pipe t24": (lambda: NonSeekable("d\xe9"), "d\xe9".encode()),
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_every_content_arrives_whole(storage, kind):
    make, expected = CONTENTS[kind]
    content = make()
    assert storage.save("dir/saved.bin", content) == "dir/saved.bin"
    assert content_of(storage, "dir/saved.bin") == expected
    assert not getattr(content, "closed", False)  # t23
    if isinstance(content, int):
        os.close(content)  # ours to close still


def test_async_contents_in_an_async_view(storage):
    async def view():
        return await sync_to_async(storage.save)("a.bin", async_pieces())

    assert asyncio.run(view()) == "a.bin"
    assert content_of(storage, "a.bin") == "dat\xe4".encode()


@pytest.mark.parametrize("content", [None, 1.5, object()])
def test_what_is_no_content_is_named(storage, content):
    with pytest.raises(TypeError, match=f"cannot be stored: {type(content).__name__}"):
        storage._save("a.bin", content)
    assert not storage.exists("a.bin")


def test_content_handed_in_midway_is_rewound(storage):
    content = ContentFile(b"0123456789")
    content.read(5)
    storage.save("x", content)
    assert content_of(storage, "x") == b"0123456789"


@pytest.mark.parametrize("compress", [False, True])
def test_content_can_be_saved_twice_t21_t23(storage, compress):
    storage.gzip = compress
    for content in (ContentFile(b"body{}"), on_disk(b"body{}")):
        storage.save("one.css", content)
        storage.save("two.css", content)
        assert content_of(storage, "one.css") == content_of(storage, "two.css") == b"body{}"
        content.seek(0)
        assert content.read() == b"body{}"


def test_a_subclass_of_file_decides_what_is_read(storage):
    class Upper(File):
        def read(self, *args):
            return super().read(*args).upper()

    storage.save("x", Upper(io.BytesIO(b"data")))
    assert content_of(storage, "x") == b"DATA"


@pytest.mark.parametrize("size", [PART - 1, PART, PART + 1, 2 * PART + 3])
@pytest.mark.parametrize("make", [ContentFile, temporary_upload, NonSeekable], ids=["memory", "file", "pipe"])
def test_large_contents(place, make, size):
    config = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART)
    storage = place.storage(transfer_config=config)
    data = os.urandom(1 << 16) * (size // (1 << 16)) + b"x" * (size % (1 << 16))
    with orlop.requests() as ledger:
        storage.save("large", make(data))
    if size <= PART:
        assert ledger.operations == {"PutObject": 1}
    assert ledger.count <= 4 + size // PART  # some services have to be asked what came of it
    assert content_of(storage, "large") == data


def test_save_returns_the_clean_name(place):
    storage = place.storage(location="media/")
    assert storage.save("a\\b.txt", ContentFile(b"")) == "a/b.txt"
    assert [entry.name for entry in place.handle().list()] == ["media/a/b.txt"]


@pytest.mark.parametrize("name", ["/abs.txt", "../up.txt", "dir/", "", "a/../../b"])
def test_save_refuses_names_before_any_request_t3(place, name):
    with orlop.requests(max=0), pytest.raises(SuspiciousOperation):
        place.storage(location="media").save(name, ContentFile(b""))


@pytest.mark.parametrize("call", ["exists", "delete", "size", "open", "url", "listdir", "get_modified_time"])
def test_a_name_that_leaves_the_location_makes_no_request(place, call):
    with orlop.requests(max=0), pytest.raises(SuspiciousOperation):
        getattr(place.storage(location="media"), call)("../other/x")


def test_path_is_for_local_files(storage):
    with pytest.raises(NotImplementedError):
        storage.path("x")


# -- Overwriting or not ------------------------------------------------------------------------------------------------


def test_overwrite_is_one_put(storage):
    with orlop.requests(max=2) as ledger:
        assert storage.save("a.txt", ContentFile(b"1")) == storage.save("a.txt", ContentFile(b"22")) == "a.txt"
    assert ledger.operations == {"PutObject": 2}
    assert content_of(storage, "a.txt") == b"22"


def test_overwrite_shortens_names_t60(storage):
    assert storage.save("abcdef.txt", ContentFile(b""), max_length=7) == "abc.txt"
    with pytest.raises(SuspiciousFileOperation, match="truncate away"):
        storage.save("a.txt", ContentFile(b""), max_length=4)


def can_create(storage):
    return storage._store.can("put_create")


def test_no_overwrite_finds_another_name(place):
    storage = place.storage(file_overwrite=False)
    with orlop.requests() as ledger:
        assert storage.save("a.txt", ContentFile(b"1")) == "a.txt"
    assert ledger.operations == ({"PutObject": 1} if can_create(storage) else {"HeadObject": 1, "PutObject": 1})
    second = storage.save("a.txt", ContentFile(b"2"))
    assert re.fullmatch(r"a_[A-Za-z0-9]{7}\.txt", second)
    assert (content_of(storage, "a.txt"), content_of(storage, second)) == (b"1", b"2")


def test_an_unknown_service_is_asked_before_it_is_trusted(own_place):
    storage = own_place.storage(file_overwrite=False, dialect="generic")
    for name, cost in [("a.txt", {"HeadObject": 1, "PutObject": 1}), ("b.txt", {"PutObject": 1})]:
        with orlop.requests() as ledger:
            assert storage.save(name, ContentFile(b"1")) == name
        assert ledger.operations == cost


@pytest.mark.parametrize("make", [ContentFile, NonSeekable], ids=["memory", "pipe"])
def test_no_overwrite_of_large_contents(place, make):
    config = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART)
    storage = place.storage(file_overwrite=False, transfer_config=config)
    first = storage.save("a.bin", make(b"1" * PART))
    second = storage.save("a.bin", make(b"2" * PART))
    assert (content_of(storage, first)[:1], content_of(storage, second)[:1]) == (b"1", b"2")


def test_no_overwrite_obeys_max_length(place):
    storage = place.storage(file_overwrite=False)
    storage.save("abcdefgh.txt", ContentFile(b"1"), max_length=14)
    second = storage.save("abcdefgh.txt", ContentFile(b"2"), max_length=14)
    assert re.fullmatch(r"ab_[A-Za-z0-9]{7}\.txt", second)
    storage.save("a.txt", ContentFile(b"1"))
    with pytest.raises(SuspiciousFileOperation, match="can not find an available filename"):
        storage.save("a.txt", ContentFile(b"2"), max_length=5)


def test_no_overwrite_names_are_given_once(own_place):
    storage, names, barrier = own_place.storage(file_overwrite=False), [], threading.Barrier(16)

    def save(number):
        barrier.wait()
        names.append((storage.save("a.txt", ContentFile(str(number))), number))

    threads = [threading.Thread(target=save, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({name for name, _ in names}) == 16
    assert all(content_of(storage, name) == str(number).encode() for name, number in names)


def test_get_available_name_tells_the_truth(place):
    storage = place.storage(file_overwrite=False)
    assert storage.get_available_name("a.txt") == "a.txt"
    storage.save("a.txt", ContentFile(b""))
    assert storage.get_available_name("a.txt") != "a.txt"
    storage.file_overwrite = True
    assert storage.get_available_name("a\\b.txt") == "a/b.txt"


# -- Hooks -------------------------------------------------------------------------------------------------------------


def test_hooks_are_called_through_self_t31(place):
    calls = []

    class Custom(S3Storage):
        def get_object_parameters(self, name):
            calls.append(("parameters", name))
            return super().get_object_parameters(name)

        def get_available_name(self, name, max_length=None):
            calls.append(("available", name))
            return super().get_available_name(name, max_length)

        def _save(self, name, content):
            calls.append(("save", name))
            return super()._save(name, content)

        def _normalize_name(self, name):
            calls.append(("normalize", name))
            return super()._normalize_name(name)

        def exists(self, name):
            calls.append(("exists", name))
            return super().exists(name)

    storage = place.storage(Custom, location="loc")
    storage.save("a.txt", ContentFile(b"x"))
    assert calls == [
        ("available", "a.txt"),
        ("save", "a.txt"),
        ("normalize", "a.txt"),
        ("parameters", "loc/a.txt"),
        ("normalize", "a.txt"),
    ]
    calls.clear()
    storage.exists("a.txt")
    assert calls == [("exists", "a.txt"), ("normalize", "a.txt"), ("parameters", "loc/a.txt")]
    calls.clear()
    storage.open("a.txt").close()
    assert calls == [("normalize", "a.txt"), ("parameters", "a.txt")]  # without the location, as ever


def test_an_own_available_name_may_overwrite(place):
    class Overwrites(S3Storage):
        def get_available_name(self, name, max_length=None):
            return name

    storage = place.storage(Overwrites, file_overwrite=False)
    storage.save("a.txt", ContentFile(b"1"))
    assert storage.save("a.txt", ContentFile(b"2")) == "a.txt"
    assert content_of(storage, "a.txt") == b"2"


def test_a_changed_available_name_is_not_overwritten(place):
    class Lower(S3Storage):
        def get_available_name(self, name, max_length=None):
            return super().get_available_name(name, max_length).lower()

    storage = place.storage(Lower, file_overwrite=False)
    if not can_create(storage):
        pytest.skip("asking for a free name is all this service allows")
    storage.save("a.txt", ContentFile(b"1"))
    assert storage.save("A.txt", ContentFile(b"2")) != "a.txt"
    assert content_of(storage, "a.txt") == b"1"


# -- Parameters of uploads ---------------------------------------------------------------------------------------------


def described(storage, name):
    meta = storage._store.stat(name, None, None, "")
    return meta.content_type, meta.content_encoding


def test_content_type_in_order_t19_t20(storage):
    content = ContentFile(b"x")
    storage.save("a.jpg", content)
    assert described(storage, "a.jpg") == ("image/jpeg", "")
    for nothing in (None, ""):
        content.content_type = nothing
        storage.save("b.jpg", content)
        assert described(storage, "b.jpg") == ("image/jpeg", "")
    content.content_type = "text/x-given"
    storage.save("c.jpg", content)
    assert described(storage, "c.jpg") == ("text/x-given", "")
    storage.object_parameters = {"ContentType": "text/x-parameter"}
    storage.save("d.jpg", content)
    assert described(storage, "d.jpg") == ("text/x-parameter", "")
    plain = ContentFile(b"x")
    storage.object_parameters = {}
    storage.save("no-extension", plain)
    assert described(storage, "no-extension") == ("application/octet-stream", "")
    storage.default_content_type = "text/x-default"
    storage.save("no-extension", plain)
    assert described(storage, "no-extension") == ("text/x-default", "")


# Appendix A.4.
@pytest.mark.parametrize(
    ("name", "content_type", "encoding"),
    [
        ("x.gz", "application/octet-stream", "gzip"),
        ("a.css.gz", "text/css", "gzip"),
        ("a.tar.gz", "application/x-tar", "gzip"),
        ("a.tgz", "application/x-tar", "gzip"),
        ("a.css.br", "text/css", "br"),
        ("a.svgz", "image/svg+xml", "gzip"),
        ("a.Z", "application/octet-stream", "compress"),
        ("a.txt.xz", "text/plain", "xz"),
        ("a.CSS.GZ", None, ""),
        ("a.CSS", "text/css", ""),
        ("none", "application/octet-stream", ""),
    ],
)
def test_guessed_types(name, content_type, encoding):
    parameters = S3Storage(gzip=True)._get_write_parameters(name)
    assert content_type in (parameters["ContentType"], None)
    assert parameters.get("ContentEncoding", "") == encoding


def test_types_follow_the_interpreter_t62():
    mimetypes.add_type("text/x-orlop", ".orlop")
    assert S3Storage()._get_write_parameters("a.orlop") == {"ContentType": "text/x-orlop"}


def test_explicit_type_suppresses_the_guessed_encoding_t19():
    storage = S3Storage(object_parameters={"ContentType": "application/gzip"})
    assert storage._get_write_parameters("x.gz") == {"ContentType": "application/gzip"}
    storage = S3Storage(object_parameters={"ContentEncoding": "identity"})
    assert storage._get_write_parameters("x.gz")["ContentEncoding"] == "gzip"


def test_acl_t5():
    assert "ACL" not in S3Storage()._get_write_parameters("x")
    assert S3Storage(default_acl="private")._get_write_parameters("x")["ACL"] == "private"
    both = S3Storage(default_acl="public-read", object_parameters={"ACL": "private"})
    assert both._get_write_parameters("x")["ACL"] == "private"


def test_object_parameters_arrive(storage):
    storage.object_parameters = {
        "CacheControl": "max-age=86400",
        "ContentDisposition": "attachment",
        "ContentLanguage": "de",
        "Expires": datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
        "Metadata": {"Owner": "me"},
    }
    storage.save("a.txt", ContentFile(b"x"))
    with storage.open("b.txt", "w") as file:
        file.write("x")
    for name in ("a.txt", "b.txt"):
        meta = storage._store.stat(name, None, None, "")
        assert (meta.cache_control, meta.content_disposition, meta.content_language) == (
            "max-age=86400",
            "attachment",
            "de",
        )
        assert (meta.expires, meta.user) == ("Wed, 02 Jan 2030 03:04:05 GMT", {"owner": "me"})
        assert meta.content_type == "text/plain"


def test_unknown_object_parameters_are_named(storage):
    storage.object_parameters = {"Nonsense": "x"}
    with orlop.requests(max=0), pytest.raises(ValueError, match="'Nonsense', must be one of: ACL, CacheControl"):
        storage.save("x", ContentFile(b""))


def test_object_parameters_are_not_changed(storage):
    storage.object_parameters = {"CacheControl": "no-cache"}
    storage.save("x.gz", ContentFile(b""))
    assert storage.object_parameters == {"CacheControl": "no-cache"}


# -- gzip --------------------------------------------------------------------------------------------------------------


def test_gzip_t21_t22(storage):
    storage.gzip = True
    for content in (ContentFile("body{}"), NonSeekable(b"body{}"), on_disk(b"body{}"), b"body{}"):
        storage.save("a.css", content)
        assert described(storage, "a.css") == ("text/css", "gzip")
        assert content_of(storage, "a.css") == b"body{}"
        assert storage.open("a.css", "r").read() == b"body{}"  # bytes, as ever
        storage.gzip = False
        stored = content_of(storage, "a.css")
        storage.gzip = True
        assert stored[:10].hex() == "1f8b0800000000000203"
        assert gzip.decompress(stored) == b"body{}"
        assert storage.size("a.css") == storage.open("a.css").size == len(stored)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("a.css.gz", {}),
        ("a.txt", {}),
        ("a.css", {"ContentEncoding": "identity"}),
        ("a.css", {"ContentType": "text/css; charset=utf-8"}),
    ],
)
def test_what_is_not_compressed(storage, name, parameters):
    storage.gzip, storage.object_parameters = True, parameters
    storage.save(name, ContentFile(b"body{}"))
    storage.gzip = False
    assert content_of(storage, name) == b"body{}"


def test_large_gzip(place):
    config = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART)
    storage = place.storage(gzip=True, transfer_config=config)
    data = os.urandom(PART + 1000)
    storage.save("a.css", NonSeekable(data))
    assert content_of(storage, "a.css") == data


def test_what_open_writes_is_not_compressed(storage):
    storage.gzip = True
    with storage.open("a.css", "wb") as file:
        file.write(b"body{}")
    assert described(storage, "a.css") == ("text/css", "")


# -- Looking, deleting, listing ----------------------------------------------------------------------------------------


def test_exists_t4(storage):
    storage.save("d/a.txt", ContentFile(b""))
    with orlop.requests(max=3) as ledger:
        assert storage.exists("d/a.txt")
        assert not storage.exists("d")
        assert not storage.exists("nope")
    assert ledger.operations == {"HeadObject": 3}


@pytest.mark.parametrize("location", ["", "loc"])
def test_exists_of_nothing_t7(place, location):
    storage = place.storage(location=location)
    assert storage.exists("")
    assert storage.exists(".")
    assert not place.storage(location=location, bucket_name="orlop-never-made").exists("")


def test_exists_raises_what_is_no_absence_t6_t67(place):
    with pytest.raises(PermissionError) as caught:
        place.storage(secret_key="x" * 40).exists("a")
    assert caught.value.status == 403
    assert "AWS_S3_SECRET_ACCESS_KEY" in str(caught.value)


def test_delete(storage):
    storage.save("a", ContentFile(b""))
    assert storage.delete("a") is None
    assert not storage.exists("a")
    assert storage.delete("a") is None
    storage.save("d/a", ContentFile(b""))
    storage.delete("d")
    assert storage.exists("d/a")
    with orlop.requests(max=0), pytest.raises(ValueError):
        storage.delete("")


def test_size(storage):
    storage.save("a", ContentFile(b"12345"))
    assert storage.size("a") == 5
    with pytest.raises(FileNotFoundError, match="File does not exist: nope"):
        storage.size("nope")


def test_modified_time_t53(storage):
    storage.save("a", ContentFile(b""))
    aware = storage.get_modified_time("a")
    assert aware.utcoffset() == timedelta(0)
    assert abs(datetime.now(timezone.utc) - aware) < timedelta(minutes=2)
    with override_settings(USE_TZ=False, TIME_ZONE="America/Chicago"):
        naive = storage.get_modified_time("a")
        assert naive.tzinfo is None
        assert timedelta(hours=5) <= aware.replace(tzinfo=None) - naive <= timedelta(hours=6)
    with pytest.raises(FileNotFoundError):
        storage.get_modified_time("nope")
    for call in (storage.get_created_time, storage.get_accessed_time):
        with pytest.raises(NotImplementedError):
            call("a")


@pytest.mark.parametrize("location", ["", "loc"])
def test_listdir(place, location):
    storage = place.storage(location=location)
    for name in ("a.txt", "b \u20ac+&.txt", "d/e.txt", "d/f/g.txt", "\u00fc/h.txt"):
        storage.save(name, ContentFile(b""))
    for root in ("", "."):
        directories, files = storage.listdir(root)
        assert (sorted(directories), sorted(files)) == (["d", "\u00fc"], ["a.txt", "b \u20ac+&.txt"])
    assert storage.listdir("d") == storage.listdir("d/") == (["f"], ["e.txt"])
    assert storage.listdir("nope") == ([], [])


def test_listdir_slash_is_the_root_without_a_location(place):
    place.storage().save("a.txt", ContentFile(b""))
    assert place.storage().listdir("/") == ([], ["a.txt"])
    with pytest.raises(SuspiciousOperation):
        place.storage(location="loc").listdir("/")


def test_listdir_hides_the_marker(place):
    storage = place.storage()
    # Made by a program that does not know that S3Proxy would lose some keys like it.
    place.storage(dialect="generic")._store.put("d/", b"", None, False, None)
    storage.save("d/a", ContentFile(b""))
    assert storage.listdir("d") == ([], ["a"])


def test_listdir_of_many(own_place):
    handle = own_place.handle()
    for number in range(1005):
        handle.save(f"d/{number:04}", b"")
    with orlop.requests() as ledger:
        assert len(own_place.storage().listdir("d")[1]) == 1005
    assert ledger.count == 2


def test_locations_do_not_touch_t59(place):
    place.storage(location="locx").save("a", ContentFile(b""))
    assert place.storage(location="loc").listdir("") == ([], [])


ODD_NAMES = [
    "a b.txt",
    "a+b&c=d?e#f.txt",
    "100%.txt",
    "\u00fc/\u65e5\u672c.txt",
    "'q'(1)!*~.txt",
    "a:b;c,d.txt",
    "..a",
    "2023-01-02T03:04:05.678",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_t58(place, name):
    storage = place.storage(location="l\u00f6c")
    assert storage.save(name, ContentFile(b"x")) == name
    assert storage.exists(name)
    assert content_of(storage, name) == b"x"
    if not place.ca:
        assert urllib.request.urlopen(storage.url(name)).read() == b"x"
    storage.delete(name)
    assert not storage.exists(name)


# -- URLs that work ----------------------------------------------------------------------------------------------------


def test_signed_urls_work(place):
    if place.ca:
        pytest.skip("the same over HTTP")
    storage = place.storage()
    storage.save("a.txt", ContentFile(b"x"))
    url = storage.url("a.txt", parameters={"ResponseContentType": "text/x-other"})
    with urllib.request.urlopen(url) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"x", "text/x-other")
    put = urllib.request.Request(storage.url("b.txt", http_method="PUT"), data=b"put", method="PUT")
    put.add_header("Content-Type", "")
    urllib.request.urlopen(put)
    assert content_of(storage, "b.txt") == b"put"


# -- Requests: appendix B ----------------------------------------------------------------------------------------------


def test_requests_per_operation(place):
    storage = place.storage()

    def cost(operation):
        with orlop.requests() as ledger:
            operation()
        return ledger.operations

    assert cost(lambda: storage.save("a", ContentFile(b"x" * 4096))) == {"PutObject": 1}
    assert cost(lambda: content_of(storage, "a")) == {"GetObject": 1}
    assert cost(lambda: storage.exists("a")) == {"HeadObject": 1}
    assert cost(lambda: storage.size("a")) == {"HeadObject": 1}
    assert cost(lambda: storage.get_modified_time("a")) == {"HeadObject": 1}
    assert sum(cost(lambda: storage.listdir("")).values()) == 1
    assert cost(lambda: storage.url("a")) == {}
    assert cost(lambda: storage.delete("a")) == {"DeleteObject": 1}

    def write():
        with storage.open("w", "w") as file:
            file.write("small")

    assert cost(write) == {"PutObject": 1}


def test_the_ledger_follows_the_context_and_can_see_all_threads(own_place):
    storage = own_place.storage()

    def work():
        with orlop.requests() as own:
            storage.exists("a")
        assert own.count == 1

    with orlop.requests(all_threads=True) as everyone, orlop.requests() as outer:
        with orlop.requests() as inner:
            storage.exists("a")
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        storage.exists("a")
    assert (inner.count, outer.count, everyone.count) == (1, 2, 3)
    with pytest.raises(orlop.TooManyRequests, match="1 HeadObject"), orlop.requests(max=0):
        storage.exists("a")


# -- Bad places --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call", [lambda s: s.save("x", ContentFile(b"")), lambda s: s.open("x"), lambda s: s.listdir("")]
)
def test_a_missing_bucket_names_the_setting(place, call):
    with pytest.raises(FileNotFoundError, match="AWS_STORAGE_BUCKET_NAME") as caught:
        call(place.storage(bucket_name="orlop-never-made"))
    assert "\n" not in str(caught.value)


def test_a_wrong_key_names_the_setting_and_shows_no_secret(place):
    storage = place.storage(access_key="AKIDWRONG", secret_key="hushhushhushhushhush")
    with pytest.raises(PermissionError, match="AWS_S3_ACCESS_KEY_ID") as caught:
        storage.save("x", ContentFile(b""))
    assert "hush" not in str(caught.value)


def test_nobody_there_names_the_setting(closed_port):
    storage = S3Storage(bucket_name="b", access_key="a", secret_key="s", endpoint_url=f"http://127.0.0.1:{closed_port}")
    with pytest.raises(ConnectionError, match="AWS_S3_ENDPOINT_URL"):
        storage.exists("x")


def test_an_untrusted_certificate_names_the_setting(place):
    if not place.ca:
        pytest.skip("the same as over TLS")
    with pytest.raises(orlop.ConfigInvalid, match="AWS_S3_VERIFY"):
        place.storage(verify=None).exists("x")
    assert place.storage(verify=False).exists("x") is False


# -- Threads, forks, Ctrl-C --------------------------------------------------------------------------------------------


def test_threads_share_a_storage_t55(place):
    storage, failures = place.storage(), []

    def work(number):
        try:
            name = f"t/{number}"
            storage.save(name, ContentFile(name))
            assert content_of(storage, name) == name.encode()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(storage.listdir("t")[1]) == 24


def test_a_child_of_fork_works_on(own_place):
    storage = own_place.storage()
    storage.save("parent", ContentFile(b"x"))
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if storage.exists("parent") else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert storage.exists("parent")


SCRIPT = """
import os, signal, sys, threading, time
import orlop
storage = orlop.open("s3://b", endpoint=sys.argv[1], access_key_id="a", secret_access_key="s", region="us-east-1")
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
started = time.monotonic()
try:
    storage.exists("x")
except KeyboardInterrupt:
    sys.exit(42 if time.monotonic() - started < 5 else 43)
"""


def test_ctrl_c_ends_a_call_that_waits():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(orlop.__file__))}
        command = [sys.executable, "-c", SCRIPT, endpoint]
        assert subprocess.run(command, env=environment, timeout=60).returncode == 42


NESTED_SCRIPT = """
import os, signal, sys, threading
import orlop
storage = orlop.open("s3://b", endpoint=sys.argv[1], access_key_id="a", secret_access_key="s", region="us-east-1")
memory = orlop.open("mem://")
def handler(number, frame):
    memory.exists("x")
    raise KeyboardInterrupt
signal.signal(signal.SIGINT, handler)
for round in range(2):
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        storage.exists("x")
        sys.exit(41)
    except KeyboardInterrupt:
        pass
sys.exit(42)
"""


def test_a_handler_of_ctrl_c_may_call_a_storage():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(orlop.__file__))}
        command = [sys.executable, "-c", NESTED_SCRIPT, endpoint]
        assert subprocess.run(command, env=environment, timeout=60).returncode == 42


LEDGER_SCRIPT = """
import sys, threading
import orlop
keys = {"access_key_id": "a", "secret_access_key": "s"}
storage = orlop.open("s3://b", endpoint=sys.argv[1], region="us-east-1", attempts=1, **keys)
done = threading.Event()
def work():
    while not done.is_set():
        try:
            storage.exists("x")
        except OSError:
            pass
threads = [threading.Thread(target=work, daemon=True) for _ in range(4)]
for thread in threads:
    thread.start()
with orlop.requests(all_threads=True):
    for _ in range(2000):
        with orlop.requests(all_threads=True):
            pass
done.set()
for thread in threads:
    thread.join()
sys.exit(42)
"""


def test_watching_all_threads_may_end_while_they_work():
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(orlop.__file__))}
    command = [sys.executable, "-c", LEDGER_SCRIPT, "http://127.0.0.1:9"]  # refused at once
    assert subprocess.run(command, env=environment, timeout=60).returncode == 42
