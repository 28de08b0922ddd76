"""S3File: reference sections 2.2.2, 4 (S3FileTests), traps T22, T25-T32."""

from __future__ import annotations

import gc
import io
import os
import pickle
import zipfile

import orlop
import pytest
from django.core.files.base import ContentFile
from helpers.contents import content_of
from storages.backends.s3 import S3File, S3Storage

# -- Reading -----------------------------------------------------------------------------------------------------------


def test_opening_what_is_missing(place):
    storage = place.storage(location="loc")
    for mode in ("r", "rb", "a", "r+", ""):
        with orlop.requests(max=1), pytest.raises(FileNotFoundError, match="File does not exist: loc/nope"):
            storage.open("nope", mode)


def test_modes_that_exclude_each_other(storage):
    with pytest.raises(ValueError, match="Can't combine 'r' and 'w' in mode"):
        storage.open("x", "rw")


def test_an_open_file_is_no_pickle(storage):
    storage.save("x", ContentFile(b"1"))
    for mode in ("rb", "wb"):
        with storage.open("x", mode) as file, pytest.raises(TypeError, match="pickle its name"):
            pickle.dumps(file)


def test_the_name_is_without_the_location(place):
    storage = place.storage(location="loc/")
    storage.save("d/x", ContentFile(b"1"))
    assert storage.open("d/x").name == "d/x"


def test_reading_is_one_request(storage):
    data = os.urandom(300_000)
    storage.save("x", ContentFile(data))
    with orlop.requests(max=1) as ledger, storage.open("x") as file:
        assert file.size == len(data)
        assert b"".join(file.chunks(65_536)) == data
    assert ledger.operations == {"GetObject": 1}


def test_reading_is_seekable_and_ranged(storage):
    data = os.urandom(1 << 20) * 8
    storage.save("x", ContentFile(data))
    with orlop.requests() as ledger, storage.open("x") as file:
        assert file.read(10) == data[:10]
        file.seek(-100, io.SEEK_END)
        assert file.read() == data[-100:]
        file.seek(4 << 20)
        assert (file.tell(), file.read(5)) == (4 << 20, data[4 << 20 :][:5])
        file.seek(0)
        assert file.read() == data
    assert ledger.count <= 8
    assert isinstance(file, S3File)


def test_a_file_replaced_while_read_is_never_mixed(own_place):
    storage = own_place.storage()
    storage.save("x", ContentFile(b"1" * (4 << 20)))
    file = storage.open("x")
    file.read(10)
    storage.save("x", ContentFile(b"2" * (4 << 20)))
    file.seek(3 << 20)
    with pytest.raises(orlop.PreconditionFailed):
        file.read(10)


def test_bytes_and_text_t32(storage):
    storage.save("x", ContentFile(b"one\r\ntwo\rthree\n\xc3\xbc"))
    assert content_of(storage, "x") == b"one\r\ntwo\rthree\n\xc3\xbc"
    assert storage.open("x", "r").read() == "one\ntwo\nthree\n\u00fc"
    assert storage.open("x").readlines() == list(storage.open("x")) == [b"one\r\n", b"two\r", b"three\n", b"\xc3\xbc"]
    assert storage.open("x", "r").readlines() == ["one\n", "two\n", "three\n", "\u00fc"]
    with storage.open("x") as file:
        assert file.readline() == b"one\r\n"
        assert file.readline() == b"two\rthree\n"
        assert file.readlines()[0] == b"one\r\n"  # from the start again


def test_text_that_is_none(storage):
    storage.save("x", ContentFile(b"\xff\xfe\xff"))
    with pytest.raises(UnicodeDecodeError):
        storage.open("x", "r").read()


@pytest.mark.parametrize("content", [b"", b"PK", b"short"])
def test_looking_for_a_trailer_that_has_no_room(storage, content):
    storage.save("x", ContentFile(content))
    assert not zipfile.is_zipfile(storage.open("x"))
    file = storage.open("x")
    assert (file.seek(-22, io.SEEK_END), file.read()) == (0, content)
    assert (file.seek(-22, io.SEEK_CUR), file.read(1)) == (0, content[:1])
    with pytest.raises(ValueError, match="negative seek"):
        file.seek(-1)


def test_read_and_write_are_told_apart(storage):
    storage.save("x", ContentFile(b"1"))
    for mode in ("r", "rb", "r+", "a"):
        with pytest.raises(AttributeError, match="File was not opened in write mode"):
            storage.open("x", mode).write(b"")
    file = storage.open("x", "w")
    for call in (file.read, file.readline):
        with pytest.raises(AttributeError, match="File was not opened in read mode"):
            call()
    file.abort()


def test_closed_life_cycle(storage):
    storage.save("x", ContentFile(b"content"))
    file = storage.open("x", "rb")
    assert not file.closed
    assert file.read() == b"content"
    file.close()
    assert file.closed
    file.close()
    file.open()
    assert not file.closed
    assert file.read() == b"content"
    file.open()
    assert file.read() == b"content"
    file.close()
    with pytest.raises(ValueError, match="Cannot reopen file with a new mode"):
        file.open("w")
    with file.open("rb") as again:
        assert again.read(3) == b"con"


# -- Writing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"content", "content", bytearray(b"content"), memoryview(b"content")])
def test_write_takes_t25(storage, data):
    with storage.open("x", "wb") as file:
        assert file.write(data) == 7
    assert content_of(storage, "x") == b"content"


def test_write_counts_bytes(storage):
    with storage.open("x", "w") as file:
        assert file.write("\u00e9") == 2
    assert storage.open("x", "r").read() == "\u00e9"


def test_a_write_that_failed_replaces_nothing(storage):
    storage.save("x", ContentFile(b"old"))
    file = storage.open("x", "w")
    with pytest.raises(UnicodeEncodeError):
        file.write("\ud800")
    file.close()
    assert content_of(storage, "x") == b"old"


def test_seek_in_what_is_not_sent_yet(storage):
    with storage.open("x", "w") as file:
        file.write("abc")
        file.seek(0)
        file.write("X")
    assert content_of(storage, "x") == b"Xbc"


def test_writing_beyond_the_buffer_t29(storage):
    data = os.urandom(1 << 20) * 12
    with orlop.requests() as ledger, storage.open("x", "wb") as file:
        file.write("")
        for start in range(0, len(data), 1 << 20):
            file.write(data[start : start + (1 << 20)])
        assert not storage.exists("x")
    assert ledger.operations.get("PutObject", 0) + ledger.operations.get("CompleteMultipartUpload", 0) == 1
    assert content_of(storage, "x") == data


def test_an_own_buffer_size(place):
    file = S3File("x", "wb", place.storage(), buffer_size=10)
    for _ in range(10):
        file.write(b"0123456789")
    file.close()
    assert place.handle().read_bytes("x") == b"0123456789" * 10


def test_unwritten_makes_an_empty_object_t26(storage):
    storage.object_parameters = {"CacheControl": "no-cache"}
    storage.open("new.txt", "w").close()
    meta = storage._store.stat("new.txt", None, None, "")
    assert (meta.size, meta.content_type, meta.cache_control) == (0, "text/plain", "no-cache")
    storage.save("old.txt", ContentFile(b"old"))
    storage.open("old.txt", "w").close()
    assert content_of(storage, "old.txt") == b"old"


def test_writing_nothing_makes_an_empty_object_t27(storage):
    storage.save("x", ContentFile(b"old"))
    with storage.open("x", "w") as file:
        file.write("")
    assert content_of(storage, "x") == b""


@pytest.mark.parametrize("size", [3, 12 << 20])
def test_an_exception_publishes_nothing_t28(storage, size):
    storage.save("old", ContentFile(b"old"))
    for name in ("new", "old"):
        with pytest.raises(KeyError), storage.open(name, "wb") as file:
            for _ in range(0, size, 1 << 20):
                file.write(b"x" * min(size, 1 << 20))
            raise KeyError
    assert not storage.exists("new")
    assert content_of(storage, "old") == b"old"


def test_forgetting_publishes_nothing(storage):
    file = storage.open("x", "wb")
    file.write(b"x")
    del file
    gc.collect()
    assert not storage.exists("x")


def test_no_overwrite_holds_for_open(place):
    storage = place.storage(file_overwrite=False)
    with storage.open("x", "w") as file:
        file.write("1")
    with pytest.raises(FileExistsError), storage.open("x", "w") as file:
        file.write("2")
    assert content_of(storage, "x") == b"1"


def test_exclusive_mode(storage):
    with storage.open("x", "x") as file:
        file.write("1")
    with pytest.raises(FileExistsError), storage.open("x", "x") as file:
        file.write("2")
    with pytest.raises(FileExistsError):
        storage.open("x", "x").close()
    assert content_of(storage, "x") == b"1"


def test_a_writer_reopened_starts_anew(storage):
    file = storage.open("x", "w")
    file.write("1")
    file.close()
    file.open()
    file.write("22")
    assert file._raw_bytes_written == 2
    file.close()
    assert content_of(storage, "x") == b"22"


# -- What travels along ------------------------------------------------------------------------------------------------


def test_only_some_parameters_go_with_reads_t30():
    from storages.s3.parameters import filter_download

    parameters = {"SSECustomerKey": b"k" * 32, "SSECustomerAlgorithm": "AES256", "CacheControl": "x", "VersionId": "v"}
    assert filter_download(parameters) == ({"SSECustomerKey": b"k" * 32, "SSECustomerAlgorithm": "AES256"}, "v")
    assert filter_download({"CacheControl": "x"}) == (None, "")


def test_customer_keys_t30(place):
    if not place.ca:
        pytest.skip("customer keys travel over TLS only")
    if not place.name.startswith("minio"):
        pytest.skip("the services that take customer keys")
    storage = place.storage(object_parameters={"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"k" * 32})
    storage.save("x", ContentFile(b"secret"))
    assert (content_of(storage, "x"), storage.exists("x"), storage.size("x")) == (b"secret", True, 6)
    assert storage.get_modified_time("x")
    with storage.open("y", "w") as file:
        file.write("written")
    assert content_of(storage, "y") == b"written"
    with pytest.raises((orlop.OrlopError, OSError)):
        place.storage().open("x").read()


# -- Trouble on the way ------------------------------------------------------------------------------------------------


def test_a_cut_answer_is_read_on(own_place, own_server):
    data = os.urandom(1 << 20)
    storage = own_place.storage()
    storage.save("x", ContentFile(data))
    own_server.set_faults("GetObject drop-after-256K-once")
    assert content_of(storage, "x") == data


def test_a_server_that_is_busy_is_asked_again(own_place, own_server):
    storage = own_place.storage()
    own_server.set_faults("503-twice")
    with orlop.requests() as ledger:
        storage.save("x", ContentFile(b"1"))
    assert (ledger.count, ledger.retries) == (3, 2)
    assert content_of(storage, "x") == b"1"


def test_nothing_cut_becomes_visible(own_place, own_server):
    storage = S3Storage(**own_place.options)
    own_server.set_faults("PutObject drop-after-64K")
    with pytest.raises(orlop.OrlopError):
        storage.save("x", ContentFile(b"1" * (1 << 20)))
    own_server.set_faults("")
    assert not storage.exists("x")
