"""open(): S3File for reading and for writing."""

import contextlib
import io

from parity.harness import outcome, scenario

TEXT = "one\r\ntwo\rthree\nfour é\n\nend".encode()


@scenario(each=["r", "rb", "a", "x", "", "r+", "w+", "w", "wb", "ab", "rt"])
def modes(site, mode):
    site.put("a.txt", b"content")

    def use(name):
        file = site.storage().open(name, mode)
        return {
            "name": file.name,
            "read": outcome(file.read),
            "write": outcome(file.write, "x") if "w" not in mode else None,
            "readable": outcome(file.readable),
        }

    # x and a are Python's own here
    return outcome(use, "a.txt") if mode not in ("x",) else None


@scenario(each=["rw", "wr", "rbw"])
def modes_that_exclude_each_other(site, mode):
    return outcome(site.storage().open, "a", mode)


@scenario(each={"root": "", "location": "loc/dir"})
def what_is_missing(site, location):
    storage = site.storage(location=location)
    return {
        "open": outcome(storage.open, "dir/a.txt"),
        "open r": outcome(storage.open, "a.txt", "r"),
        "size": outcome(storage.size, "dir/a.txt"),
        "exists": outcome(storage.exists, "a"),
        "delete": outcome(storage.delete, "a"),
        "listdir": outcome(storage.listdir, "nowhere"),
    }


@scenario
def modified_time_of_what_is_missing(site):
    return outcome(site.storage().get_modified_time, "a")


@scenario
def reading_bytes(site):
    site.put("a", TEXT)

    def opened():
        return site.storage().open("a", "rb")

    file = opened()
    return {
        "read": opened().read(),
        "some": [file.read(3), file.read(0), file.read(4), file.tell(), file.read(), file.read(), file.read(5)],
        "seek": [file.seek(5), file.read(3), file.seek(0), file.read(1), file.seek(-3, 2), file.read()],
        "readline": [opened().readline(), opened().readline(2)],
        "readlines": opened().readlines(),
        "lines": list(opened()),
        "chunks": [list(opened().chunks(4)), opened().multiple_chunks(4), opened().multiple_chunks()],
        "size": [opened().size, len(opened())],
        "bool": bool(opened()),
        "str": str(opened()),
        "repr": repr(opened()),
        "seekable": opened().seekable(),
    }


@scenario
def reading_text(site):
    site.put("a", TEXT)

    def opened():
        return site.storage().open("a", "r")

    file = opened()
    return {
        "read": opened().read(),
        "some": [file.read(3), file.read()],
        "readline": [opened().readline(), opened().readline(2)],
        "readlines": opened().readlines(),
        "lines": list(opened()),
        "midway": [file.seek(0), file.readline(), file.readlines()],
    }


@scenario
def text_that_is_none(site):
    site.put("a", b"\xff\xfe")
    file = site.storage().open("a", "r")
    return outcome(file.read), outcome(site.storage().open, "a", "r") is not None


@scenario
def reading_again_after_close(site):
    site.put("a", b"content")
    file = site.storage().open("a")
    seen = [file.closed, file.read(3), file.closed]
    file.close()
    seen += [file.closed, file.read(3), file.closed]
    file.open()
    seen += [file.read(3)]
    file.close()
    seen += [outcome(file.open, "wb")]
    with file.open("rb") as again:
        seen += [again.read(), again is file]
    return [*seen, file.closed]


@scenario
def for_other_libraries(site):
    import csv
    import zipfile

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("x.txt", "inside")
    site.put("a.zip", data.getvalue())
    site.put("a.csv", b"a,b\r\n1,2\r\n")
    storage = site.storage()
    with storage.open("a.zip") as file, zipfile.ZipFile(file) as archive:
        inside = archive.read("x.txt")
    with storage.open("a.csv", "r") as file:
        rows = list(csv.reader(file))
    with storage.open("a.csv") as file:
        wrapped = [line for line in io.TextIOWrapper(io.BytesIO(file.read()))]
    return inside, rows, wrapped


@scenario
def gzip_read_back(site):
    import gzip

    packed = gzip.compress(b"line one\nline two\n")
    site.put("a", packed, ContentEncoding="gzip")
    site.put("b", packed, ContentEncoding="GZIP")
    site.put("c", packed, ContentEncoding="gzip,aws-chunked")
    on, off = site.storage(gzip=True), site.storage()
    return {
        "rb": on.open("a").read(),
        "r": on.open("a", "r").read(),
        "lines": on.open("a").readlines(),
        "size": on.open("a").size == len(packed),
        "off": off.open("a").read() == packed,
        "upper": on.open("b").read() == packed,
        "plain": [on.size("a") == len(packed)],
    }


@scenario
def writing(site):
    storage = site.storage(object_parameters={"CacheControl": "x"}, default_acl="private")
    file = storage.open("dir/a.txt", "w")
    seen = [file.closed, file.write("é"), file.write(b"xy"), file.write(bytearray(b"z")), file._raw_bytes_written]
    file.close()
    seen += [file.closed, outcome(file.close)]
    with storage.open("b.css", "wb") as file:
        file.write(b"x")
    return seen, site.stored("dir/a.txt"), site.stored("b.css")


def written(site, data, **options):
    """What became of writing `data`, and what is then there."""

    def write():
        with site.storage(**options).open("a", "w") as file:
            return file.write(data)

    return outcome(write), site.stored("a")


@scenario(each={"str": "é", "bytes": b"\xff", "bytearray": bytearray(b"\xff\x00"), "int": 5, "None": None})
def what_can_be_written(site, data):
    return written(site, data)


@scenario
def writing_is_not_compressed(site):
    with site.storage(gzip=True).open("a.css", "w") as file:
        file.write("x" * 100)
    return site.stored("a.css")


@scenario
def seek_while_writing(site):
    with site.storage().open("a", "w") as file:
        file.write(b"abc")
        file.seek(0)
        file.write(b"X")
    return site.stored("a")


@scenario(each={"free": False, "taken": True})
def opened_and_not_written(site, taken):
    if taken:
        site.put("a.css", b"old", ContentType="x/y")
    site.storage(object_parameters={"CacheControl": "x"}).open("a.css", "w").close()
    return site.stored("a.css")


@scenario(differs='`write("")` and `close()`')
def writing_nothing(site):
    return written(site, "")


@scenario(differs="an exception inside")
def an_exception_inside_with(site):
    def write():
        with site.storage().open("a", "w") as file:
            file.write("half")
            raise RuntimeError

    with contextlib.suppress(RuntimeError):
        write()
    return site.stored("a")


@scenario(each={"5 MiB": 5 << 20, "5 MiB + 1": (5 << 20) + 1, "11 MiB": 11 << 20})
def large_writes(site, size):
    data = b"0123456789abcdef" * ((size >> 4) + 1)
    with site.storage().open("a", "wb") as file:
        for start in range(0, size, 1 << 20):
            file.write(data[start : min(start + (1 << 20), size)])
    return site.stored("a")["body"] == data[:size]


@scenario
def a_writer_reopened(site):
    storage = site.storage()
    file = storage.open("a", "w")
    file.write("first")
    file.close()
    file.open()
    file.write("second")
    file.close()
    return site.stored("a")


@scenario
def file_overwrite_false_and_open(site):
    storage = site.storage(file_overwrite=False)
    with storage.open("a", "w") as file:
        file.write("x")
    return site.stored("a")


@scenario(differs='`open(name, "w")` obeys `file_overwrite`')
def file_overwrite_false_and_open_of_what_is_there(site):
    site.put("a", b"old")
    return written(site, "new", file_overwrite=False)


@scenario
def an_s3file_made_by_hand(site):
    from storages.backends.s3 import S3File

    site.put("loc/a", b"content")
    storage = site.storage(location="loc")
    reader = S3File("loc/a", "rb", storage, buffer_size=1)
    writer = S3File("loc/b", "wb", storage, buffer_size=6 << 20)
    writer.write(b"x")
    writer.close()
    return reader.name, reader.read(), reader.buffer_size, writer.buffer_size, site.stored("loc/b")


@scenario
def buffer_size_of_the_settings(site):
    with site.settings(AWS_S3_FILE_BUFFER_SIZE=7 << 20):
        return site.storage().open("a", "w").buffer_size, site.storage().open("b", "w").buffer_size
