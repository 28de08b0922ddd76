"""Saving to S3 servers: reference sections 2.2.3, 4 (test_s3), traps T2, T3, T21 - T25, T31, T60."""

from __future__ import annotations

import asyncio
import io
import os
import re
import select
import socket
import tempfile
from array import array

import orlop
import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import SuspiciousFileOperation, SuspiciousOperation
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile
from helpers.contents import PART, NonSeekable, content_of, on_disk, temporary_upload
from helpers.threads import in_threads
from storages.backends.s3 import S3Storage
from storages.s3.options import TransferConfig

# -- Saving ------------------------------------------------------------------------------------------------------------


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
    "views of pieces": (lambda: [b"", memoryview(b"d-a-")[::2], bytearray(b"ta")], b"data"),
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
    "text file in UTF-16": (lambda: on_disk("d\xe9".encode("utf-16"), "r", "utf-16"), "d\xe9".encode("utf-16")),
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


@pytest.mark.parametrize("pieces", [[None, b"data"], [b"data", None, b"more"], [b"data", 5]])
def test_pieces_that_are_none_end_nothing(storage, pieces):
    with pytest.raises(TypeError):
        storage.save("a.bin", iter(pieces))
    assert not storage.exists("a.bin")


def test_numbers_that_are_no_descriptors_of_content(storage, tmp_path):
    """Of an event loop's sockets, say, nothing can be read: that would be an empty file."""
    one, other = socket.socketpair()
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with one, other, open(tmp_path / "x", "wb") as written, select.epoll() as waiting:
        for descriptor in (one.fileno(), waiting.fileno(), written.fileno(), reading, writing, -1, 10**6, 10**30):
            with pytest.raises(ValueError, match=f"cannot be stored: .*{descriptor} is "):
                storage.save("a.bin", descriptor)
            with pytest.raises(ValueError, match=f"cannot be stored: .*{descriptor} is "):
                asyncio.run(storage.asave("a.bin", descriptor))
    os.close(reading)
    os.close(writing)
    assert not storage.exists("a.bin")


@pytest.mark.skipif(not os.path.exists("/proc/version"), reason="no /proc here")
@pytest.mark.parametrize("compress", [False, True])
def test_files_without_a_size(own_place, compress):
    storage = own_place.storage(gzip=compress, gzip_content_types=["text/plain"])
    with open("/proc/version", "rb") as file:
        expected = file.read()
        for name, content in [("a.txt", file), ("b.txt", File(file)), ("c.txt", file.fileno())]:
            storage.save(name, content)
            assert storage.open(name).read() == expected


@pytest.mark.parametrize("compress", [False, True])
def test_a_descriptor_handed_in_midway_is_rewound(own_place, tmp_path, compress):
    storage = own_place.storage(gzip=compress, gzip_content_types=["text/plain"])
    (tmp_path / "x").write_bytes(b"content")
    with open(tmp_path / "x", "rb", buffering=0) as file:
        file.read(3)
        storage.save("a.txt", file.fileno())
    assert storage.open("a.txt").read() == b"content"


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


def test_no_overwrite_shortens_names_as_django_does(place):
    storage = place.storage(file_overwrite=False)
    for content in (b"1", b"2"):
        name = storage.save("long" * 9 + ".txt", ContentFile(content), max_length=20)
        assert re.fullmatch(r"longlong_[A-Za-z0-9]{7}\.txt", name)
        assert content_of(storage, name) == content
    with pytest.raises(SuspiciousFileOperation, match="can not find an available filename"):
        storage.save("abcdef.txt", ContentFile(b"1"), max_length=8)  # with room for the name, and none for the end


def test_no_overwrite_names_are_given_once(own_place):
    storage = own_place.storage(file_overwrite=False)
    names = in_threads(16, lambda number: storage.save("a.txt", ContentFile(str(number))))
    assert len(set(names)) == 16
    assert all(content_of(storage, name) == str(number).encode() for number, name in enumerate(names))


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
