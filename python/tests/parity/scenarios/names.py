"""Names: appendix A.1 and A.2, and the helpers of storages.utils and storages.compress."""

import gzip
import io
import json
import os
import pathlib
import re
import tempfile

from parity.harness import Pipe, outcome, scenario

NAMES = [
    *["", ".", "./", "..", "/", "//", "a", "/a", "//a", "///a", "a/", "a//b", "a/./b", "a/../b", "a/b/..", "a/.."],
    *["a/../", "a/b/./", "../a", "a/../../b", "a\\b", "a\\..\\b", "\\a", "a\\", "C:\\x\\y", " a ", "/loc/a"],
    *["2015-01-01T00:00:00", "a:b/c", "é/ü", "a\0b", "a\nb", "~/x", "-", "...", ".../x", "a/...", "x" * 300],
]


@scenario(each={repr(name): name for name in NAMES})
def names(site, name):
    from storages.utils import clean_name

    def key(location):
        storage = site.kind()(location=location)
        return outcome(lambda: storage._normalize_name(clean_name(name)))

    return outcome(clean_name, name), [key(location) for location in ("", "loc", "loc/", "a/b")]


@scenario(
    each={"PurePosixPath": pathlib.PurePosixPath, "Path": pathlib.Path, "PureWindowsPath": pathlib.PureWindowsPath}
)
def paths(site, kind):
    from storages.utils import clean_name

    return [clean_name(kind(name)) for name in ("a/b", "a/../b", "a\\b", "a/", ".")]


JOINS = [
    ("loc", "../loc/x"),
    ("loc", "../locx"),
    ("loc", "a", "..", "..", "loc"),
    ("a/b", "../c"),
    ("/loc", "a"),
    ("loc//", "a"),
    ("lo:c", "a:b"),
    ("loc",),
    ("",),
    ("", "path/to/somewhere", "other", ".", "to/./somewhere"),
    ("", "path/to/somewhere", "..", "../to"),
    ("", "path/to/./somewhere/"),
    ("base_url", "path/to/somewhere"),
    ("base_url/", "path/to/somewhere"),
    ("base_url", "../../../../../../somewhere"),
    ("base_url", "/somewhere"),
    ("base_url", "path/to/"),
    ("base_url", "path/", "to/"),
    ("base_url", "."),
    ("base_url", ".", "path/to/", "."),
    ("", "."),
    ("base", ""),
    ("base", "a", ""),
    ("path/to", "2020-01-01T10:00:00Z/x"),
]


@scenario(each={repr(parts): (list(parts),) for parts in JOINS})
def joins(site, parts):
    from storages.utils import safe_join

    return outcome(safe_join, *parts)


OVERWRITES = [
    *[("a.txt", None), ("a.txt", 5), ("a.txt", 4), ("abc.tar.gz", 9), ("abc.tar.gz", 4), ("d/abcdef.txt", 10)],
    *[("d/abc.txt", 5), (".bashrc", 6), ("noext", 3), ("dir/noext", 5), ("a/b.c/def", 7), ("x" * 10, 0)],
    *[("d/../x", None), ("..", None), ("", None), ("/", None), (".", None), ("a/", None), ("a\\..\\b", None)],
    *[("d/../x", 3), ("..", 1), ("a/..", None), ("/abs/x.txt", None), ("/abs/x.txt", 9), ("/abs/x.txt", 10)],
    *[("é" * 5 + ".txt", 6), ("a\\b.txt", None), ("a b.txt", 100), ("", 5), ("a/b/", None), ("a/./b", None)],
]


@scenario(each={repr(case): case for case in OVERWRITES})
def overwrite_names(site, name, limit):
    from storages.utils import get_available_overwrite_name

    return outcome(get_available_overwrite_name, name, limit)


@scenario(each={repr(case): case for case in OVERWRITES})
def available_names(site, name, limit):
    return outcome(site.kind()().get_available_name, name, limit)


SAVED = ["/abs", "../x", "dir/", "", ".", "..", "a/../b", "a/..", "a\\b", "a//b", "./a", "é", "a:b", " a "]


@scenario(each={repr(name): name for name in SAVED})
def saved_names(site, name):
    from django.core.files.base import ContentFile

    def save(location, given):
        return outcome(site.storage(location=location).save, given, ContentFile(b"x", name="content"))

    return [save("", name), save("loc", name), site.keys()]


@scenario
def saved_paths(site):
    from django.core.files.base import ContentFile

    storage = site.storage()
    return outcome(storage.save, pathlib.PurePath("a/b.txt"), ContentFile(b"x")), site.keys()


@scenario
def saved_without_a_name(site):
    from django.core.files.base import ContentFile

    storage = site.storage()
    return [
        outcome(storage.save, None, ContentFile(b"x", name="of-the-content")),
        outcome(storage.save, None, ContentFile(b"x")),
        outcome(storage.save, None, io.BytesIO(b"x")),
        site.keys(),
    ]


@scenario(each={"4": 4, "8": 8, "100": 100})
def saved_with_max_length(site, limit):
    from django.core.files.base import ContentFile

    return outcome(site.storage().save, "dir/abc.txt", ContentFile(b"x"), max_length=limit), site.keys()


def without_suffix(saved):
    """The name or the error, its random characters counted."""
    return re.sub(r"_\w{7}", "_7", json.dumps(saved)), len(saved)


@scenario
def taken_names(site):
    from django.core.files.base import ContentFile

    storage = site.storage(file_overwrite=False)
    first = storage.save("dir/a.tar.gz", ContentFile(b"1"))
    second = storage.save("dir/a.tar.gz", ContentFile(b"2"))
    third = outcome(storage.save, "dir/a.tar.gz", ContentFile(b"3"), max_length=19)
    return {
        "first": first,
        "second": without_suffix(second),
        "third": without_suffix(third),
        "too short": without_suffix(outcome(storage.save, "dir/a.tar.gz", ContentFile(b"4"), max_length=12)),
        "available": storage.get_available_name("dir/other") == "dir/other",
        "taken": storage.get_available_name("dir/a.tar.gz") != "dir/a.tar.gz",
        "contents": [site.stored(name)["body"] for name in (first, second)],
        "count": len(site.keys()),
    }


@scenario(each={"str": "é", "bytes": b"\xff", "bytearray": bytearray(b"\xff"), "int": 5, "None": None, "list": [1]})
def to_bytes(site, value):
    from storages.utils import to_bytes

    return to_bytes(value), type(to_bytes(value)).__name__, to_bytes(memoryview(b"x"))


@scenario
def setting_and_environment(site):
    from unittest import mock

    from storages.utils import lookup_env, setting

    with site.settings(SOMETHING=None), mock.patch.dict(os.environ, {"ONE": "", "TWO": "2", "THREE": "3"}):
        return [
            setting("SOMETHING", "default"),
            setting("NOTHING", "default"),
            setting("NOTHING"),
            lookup_env(["ONE", "TWO", "THREE"]),
            lookup_env(["ONE"]),
            lookup_env([]),
        ]


@scenario
def readers_of_bytes(site):
    from storages.utils import ReadBytesWrapper, is_seekable

    class Odd:
        def seekable(self):
            return False

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cp1252.txt")
        pathlib.Path(path).write_bytes("\u2122\u20ac\u2030".encode("cp1252"))
        with open(path, encoding="cp1252") as file:
            own = ReadBytesWrapper(file).read()
        with open(path, encoding="cp1252") as file:
            told = ReadBytesWrapper(file, encoding="utf-8").read()
    wrapped = ReadBytesWrapper(io.StringIO("héllo"))
    return {
        "own": own,
        "told": told,
        "text": [wrapped.read(2), wrapped.read(), wrapped.seek(1), wrapped.read(1), wrapped.readable()],
        "bytes": ReadBytesWrapper(io.BytesIO(b"\xff")).read(),
        "seekable": [is_seekable(one) for one in (io.BytesIO(), Odd(), object(), Pipe(b""))],
    }


@scenario(each={"abc": b"abc", "empty": b"", "long": b"0123456789" * 100_000})
def gzip_wrapper(site, content):
    from storages.compress import GzipCompressionWrapper

    wrapper = GzipCompressionWrapper(io.BytesIO(content))
    data = wrapper.read()
    return (
        data[:10],
        gzip.decompress(data) == content,
        wrapper.readable(),
        wrapper.seekable(),
        len(content) > 99 or data,
    )
