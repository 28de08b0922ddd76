"""storages.utils and storages.compress: reference sections 2.1, 4 (test_utils), appendix A.1 and A.2."""

import enum
import gzip
import io
import pathlib

import pytest
from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation, SuspiciousOperation
from django.core.files.base import ContentFile
from django.test import override_settings
from storages import utils
from storages.backends.s3 import S3Storage
from storages.compress import CompressedFileMixin, GzipCompressionWrapper

# Appendix A.1: input, clean_name, key at location "", key at location "loc" (None: denied).
NAMES = [
    ("", "", "", "loc/"),
    (".", "", "", "loc/"),
    ("./", "./", "", "loc/"),
    ("..", "..", "", None),
    ("/", "/", "", None),
    ("//", "//", "", None),
    ("a", "a", "a", "loc/a"),
    ("/a", "/a", "a", None),
    ("//a", "//a", "a", None),
    ("///a", "/a", "a", None),
    ("a/", "a/", "a/", "loc/a/"),
    ("a//b", "a/b", "a/b", "loc/a/b"),
    ("a/./b", "a/b", "a/b", "loc/a/b"),
    ("a/../b", "b", "b", "loc/b"),
    ("a/b/..", "a", "a", "loc/a"),
    ("a/..", "", "", "loc/"),
    ("a/../", "./", "", "loc/"),
    ("a/b/./", "a/b/", "a/b/", "loc/a/b/"),
    ("../a", "../a", "a", None),
    ("a/../../b", "../b", "b", None),
    ("a\\b", "a/b", "a/b", "loc/a/b"),
    ("a\\..\\b", "a/../b", "b", "loc/b"),
    ("\\a", "/a", "a", None),
    ("a\\", "a/", "a/", "loc/a/"),
    ("C:\\x\\y", "C:/x/y", "C:/x/y", "loc/C:/x/y"),
    (" a ", " a ", " a ", "loc/ a "),
    ("/loc/a", "/loc/a", "loc/a", None),
]


@pytest.mark.parametrize(("name", "cleaned", "at_root", "at_loc"), NAMES)
def test_names(name, cleaned, at_root, at_loc):
    assert utils.clean_name(name) == cleaned
    assert S3Storage()._normalize_name(cleaned) == at_root
    for location in ("loc", "loc/"):
        storage = S3Storage(location=location)
        if at_loc is None:
            with pytest.raises(SuspiciousOperation, match=r"Attempted access to '.*' denied"):
                storage._normalize_name(cleaned)
        else:
            assert storage._normalize_name(cleaned) == at_loc


@pytest.mark.parametrize("kind", [pathlib.Path, pathlib.PurePath, pathlib.PurePosixPath])
def test_clean_name_takes_paths_t57(kind):
    assert utils.clean_name(kind("path/to/somewhere")) == "path/to/somewhere"


@pytest.mark.parametrize(
    ("base", "parts", "joined"),
    [
        ("", ("path/to/somewhere", "other", "path/to/somewhere"), "path/to/somewhere/other/path/to/somewhere"),
        ("", ("path/./somewhere/../other", "..", ".", "to/./somewhere"), "path/to/somewhere"),
        ("", (".",), ""),
        ("base_url", ("path/to/somewhere",), "base_url/path/to/somewhere"),
        ("base_url/", ("path/to/somewhere",), "base_url/path/to/somewhere"),
        ("base_url", ("path/to/somewhere/",), "base_url/path/to/somewhere/"),
        ("base_url", ("path/to/", "somewhere"), "base_url/path/to/somewhere"),
        ("base_url", ("2023-01-02T03:04:05.678",), "base_url/2023-01-02T03:04:05.678"),
        ("base_url", ("",), "base_url/"),
        ("base_url", (".",), "base_url/"),
        ("base_url", (".", "path/to/", "."), "base_url/path/to/"),
        ("", (), ""),
        ("base_url", (), "base_url/"),
        ("loc", ("../loc/x",), "loc/x"),
        ("loc", ("a", "..", "..", "loc"), "loc/"),
        ("/loc", ("a",), "loc/a"),
        ("loc//", ("a",), "loc/a"),
        ("lo:c", ("a:b",), "lo:c/a:b"),
    ],
)
def test_safe_join_t58(base, parts, joined):
    assert utils.safe_join(base, *parts) == joined


def test_safe_join_takes_the_value_of_an_enum():
    place = enum.Enum("Place", {"media": "loc"}, type=str).media
    assert utils.safe_join(place, "a") == "loc/a"
    assert utils.safe_join(place, place, place) == "loc/loc/loc"


@pytest.mark.parametrize(
    ("base", "parts"),
    [
        ("base", ("../../../../../../../etc/passwd",)),
        ("base", ("/etc/passwd",)),
        ("loc", ("../locx",)),
        ("a/b", ("../c",)),
    ],
)
def test_safe_join_refuses_what_leaves_the_base_t59(base, parts):
    with pytest.raises(ValueError, match="located outside of the base path component"):
        utils.safe_join(base, *parts)


@pytest.mark.parametrize(
    ("name", "limit", "result"),
    [
        ("a.txt", None, "a.txt"),
        ("a.txt", 5, "a.txt"),
        ("a.txt", 50, "a.txt"),
        ("abc.tar.gz", 9, "abc.ta.gz"),
        ("abc.tar.gz", 4, "a.gz"),
        ("d/abcdef.txt", 10, "d/abcd.txt"),
        (".bashrc", 6, ".bashr"),
        ("noext", 3, "noe"),
        ("dir/noext", 5, "dir/n"),
        ("a/b.c/def", 7, "a/b.c/d"),
        ("/abs/x.txt", None, "/abs/x.txt"),
        ("é" * 10, 4, "é" * 4),
    ],
)
def test_overwrite_name_t60(name, limit, result):
    assert utils.get_available_overwrite_name(name, limit) == result


@pytest.mark.parametrize(("name", "limit"), [("a.txt", 4), ("d/abc.txt", 5), ("x" * 10, 0)])
def test_overwrite_name_says_when_nothing_is_left(name, limit):
    with pytest.raises(SuspiciousFileOperation, match="tried to truncate away entire filename"):
        utils.get_available_overwrite_name(name, limit)


@pytest.mark.parametrize("name", ["d/../x", "..", "", "/", ".", "a/", "a\\..\\b"])
@pytest.mark.parametrize("limit", [None, 100])
def test_overwrite_name_refuses_what_is_no_file_name_t3(name, limit):
    with pytest.raises(SuspiciousFileOperation):
        utils.get_available_overwrite_name(name, limit)


def test_setting():
    with override_settings(FOO="bar", EMPTY=None):
        assert utils.setting("FOO") == "bar"
        assert utils.setting("EMPTY", "default") is None
    assert utils.setting("FOO", "default") == "default"


def test_to_bytes_t25():
    array = bytearray(b"x")
    assert utils.to_bytes(array) is array
    assert utils.to_bytes(b"x") == b"x"
    assert utils.to_bytes("é") == b"\xc3\xa9"
    assert utils.to_bytes(memoryview(b"x")) == b"x"
    assert utils.to_bytes(5) == b"5"
    assert utils.to_bytes(None) == b"None"


def test_lookup_env(monkeypatch):
    monkeypatch.setenv("ORLOP_EMPTY", "")
    monkeypatch.setenv("ORLOP_SET", "value")
    assert utils.lookup_env(["ORLOP_UNSET", "ORLOP_EMPTY", "ORLOP_SET"]) == "value"
    assert utils.lookup_env(["ORLOP_UNSET"]) is None


def test_check_location():
    with pytest.raises(
        ImproperlyConfigured, match=r"S3Storage.location cannot begin with a leading slash. Found '/x'. Use 'x'"
    ):
        S3Storage(location="/x")


def test_is_seekable():
    class Pipe:
        def seekable(self):
            return False

    assert utils.is_seekable(object())
    assert utils.is_seekable(io.BytesIO())
    assert not utils.is_seekable(Pipe())


def test_wrapper_reads_bytes():
    wrapped = utils.ReadBytesWrapper(ContentFile(b"abcd"))
    assert (wrapped.read(1), wrapped.read()) == (b"a", b"bcd")
    wrapped.seek(0)
    assert wrapped.read() == b"abcd"
    assert wrapped.readable()


def test_wrapper_encodes_text():
    wrapped = utils.ReadBytesWrapper(ContentFile("\u2122\u20ac"))
    assert wrapped.read() == "\u2122\u20ac".encode()
    wrapped.seek(0)
    assert wrapped.read(1) == "\u2122".encode()


def test_wrapper_takes_the_encoding_it_is_told():
    assert utils.ReadBytesWrapper(ContentFile("\u2122"), encoding="utf-16-le").read() == "\u2122".encode("utf-16-le")


def test_wrapper_takes_the_file_s_own_encoding(tmp_path):
    path = tmp_path / "windows.txt"
    path.write_bytes("\u2122\u20ac".encode("windows-1252"))
    with open(path, encoding="windows-1252") as file:
        assert utils.ReadBytesWrapper(file).read() == "\u2122\u20ac".encode("windows-1252")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_wrapper_ends_and_marks_once(encoding):
    wrapped = utils.ReadBytesWrapper(io.StringIO("h\u00e9llo"), encoding)
    for _ in range(2):
        wrapped.seek(0)
        assert wrapped.read(2) + wrapped.read(2) + wrapped.read() == "h\u00e9llo".encode(encoding)
        assert wrapped.read() == wrapped.read(5) == b""


# Section 2.2.5 and appendix A.4: the header is fixed, so that ETags can be compared.
@pytest.mark.parametrize(
    ("content", "compressed"),
    [(b"abc", "1f8b08000000000002034b4c4a0600c241243503000000"), (b"", "1f8b080000000000020303000000000000000000")],
)
def test_gzip_is_reproducible_t21(content, compressed):
    wrapped = GzipCompressionWrapper(io.BytesIO(content))
    assert wrapped.readable()
    assert not wrapped.seekable()
    assert wrapped.read().hex() == compressed


def test_gzip_streams():
    content = bytes(range(256)) * 8192
    wrapped = GzipCompressionWrapper(io.BytesIO(content))
    pieces = iter(lambda: wrapped.read(1000), b"")
    assert gzip.decompress(b"".join(pieces)) == content


def test_decompress_file():
    file = CompressedFileMixin()._decompress_file(mode="rb", file=io.BytesIO(gzip.compress(b"abc")))
    assert file.read() == b"abc"
