"""The Python handle, on the engine's memory store: what does not depend on a service."""

from __future__ import annotations

import ast
import gc
import io
import pathlib
import pickle
import threading
from datetime import datetime, timezone

import orlop
import pytest
from orlop import _native


@pytest.fixture
def storage():
    return orlop.open("mem:")


def test_save_and_read(storage):
    assert storage.save("dir/hello.txt", "héllo") == "dir/hello.txt"
    assert storage.read_bytes("dir/hello.txt") == "héllo".encode()
    assert storage.read_text("dir/hello.txt") == "héllo"


@pytest.mark.parametrize(
    "data", [b"data", bytearray(b"data"), memoryview(b"data"), "data", io.BytesIO(b"data"), io.StringIO("data")]
)
def test_save_takes(storage, data):
    storage.save("x", data)
    assert storage.read_bytes("x") == b"data"


def test_save_without_overwrite_finds_another_name(storage):
    assert storage.save("a.txt", b"1", overwrite=False) == "a.txt"
    second = storage.save("a.txt", b"2", overwrite=False)
    third = storage.save("a.txt", io.BytesIO(b"3"), overwrite=False)
    assert len({"a.txt", second, third}) == 3
    assert all(name.startswith("a_") and name.endswith(".txt") for name in (second, third))
    assert [storage.read_bytes(name) for name in ("a.txt", second, third)] == [b"1", b"2", b"3"]


def test_a_forty_threads_race_has_one_winner_a_name(storage):
    names, barrier = [], threading.Barrier(40)

    def save():
        barrier.wait()
        names.append(storage.save("a.txt", b"x", overwrite=False))

    threads = [threading.Thread(target=save) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names)) == 40


def test_stat(storage):
    storage.save("a.css", b"body{}", metadata={"owner": "é"})
    meta = storage.stat("a.css")
    assert (meta.size, meta.content_type, meta.user) == (6, "text/css", {"owner": "é"})
    assert abs((datetime.now(timezone.utc) - meta.modified).total_seconds()) < 60


def test_content_type_given_beats_the_guess(storage):
    storage.save("a.css.gz", b"", content_type="application/gzip")
    assert (storage.stat("a.css.gz").content_type, storage.stat("a.css.gz").content_encoding) == (
        "application/gzip",
        "",
    )
    storage.save("b.css.gz", b"")
    assert (storage.stat("b.css.gz").content_type, storage.stat("b.css.gz").content_encoding) == ("text/css", "gzip")


def test_listing(storage):
    for name in ("a.txt", "d/b.txt", "d/e/c.txt"):
        storage.save(name, b"x")
    assert [entry.name for entry in storage.list()] == ["a.txt", "d/b.txt", "d/e/c.txt"]
    assert [(entry.name, entry.is_directory) for entry in storage.list("d/", "/")] == [
        ("d/b.txt", False),
        ("d/e/", True),
    ]
    assert storage.listdir() == (["d"], ["a.txt"])
    assert storage.listdir("d") == storage.listdir("d/") == (["e"], ["b.txt"])


def test_remove_copy_move(storage):
    storage.save("a", b"1")
    storage.copy("a", "b")
    storage.move("b", "c")
    assert [entry.name for entry in storage.list()] == ["a", "c"]
    storage.remove("a")
    storage.remove("a")
    assert storage.remove_many(["c", "never"]) == [None, None]
    assert list(storage.list()) == []


def test_upload_and_download(storage, tmp_path):
    (tmp_path / "in").write_bytes(b"x" * 100_000)
    storage.upload(tmp_path / "in", "name")
    storage.download("name", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"x" * 100_000


# -- Files -------------------------------------------------------------------------------------------------------------


def test_read_file_is_seekable(storage):
    content = bytes(range(256)) * 1024
    storage.save("x", content)
    with storage.open("x") as file:
        assert isinstance(file, io.BufferedReader)
        assert file.seek(1000) == 1000
        assert file.read(10) == content[1000:1010]
        assert file.seek(-5, io.SEEK_END) == len(content) - 5
        assert file.read() == content[-5:]
        assert file.read() == b""
        file.seek(len(content) + 10)
        assert file.read() == b""
        target = bytearray(4)
        file.seek(2)
        assert file.readinto(target) == 4
        assert target == content[2:6]
    with pytest.raises(ValueError):
        file.read()


def test_text_files(storage):
    with storage.open("x", "w") as file:
        assert isinstance(file, io.TextIOWrapper)
        file.write("é\nb\n")
    with storage.open("x", "r") as file:
        assert file.readlines() == ["é\n", "b\n"]


@pytest.mark.parametrize("mode", ["wb", "w"])
def test_an_exception_publishes_nothing(storage, mode):
    with pytest.raises(KeyError), storage.open("x", mode) as file:
        file.write("x" if mode == "w" else b"x")
        raise KeyError
    assert not storage.exists("x")


@pytest.mark.parametrize("mode", ["wb", "w"])
def test_forgetting_publishes_nothing(storage, mode):
    file = storage.open("x", mode)
    file.write("x" if mode == "w" else b"x")
    del file
    gc.collect()
    assert not storage.exists("x")


def test_nothing_is_visible_before_close(storage):
    storage.save("x", b"old")
    with storage.open("x", "wb") as file:
        file.write(b"n" * 1_000_000)
        assert storage.read_bytes("x") == b"old"
    assert storage.stat("x").size == 1_000_000


def test_exclusive_mode(storage):
    storage.open("x", "xb").close()
    assert storage.read_bytes("x") == b""
    with pytest.raises(FileExistsError):
        storage.open("x", "xb").close()


@pytest.mark.parametrize("mode", ["", "a", "rw", "r+", "rbt", "q"])
def test_modes_there_are_not(storage, mode):
    with pytest.raises(ValueError, match="invalid mode"):
        storage.open("x", mode)


def test_a_buffer_is_held_while_it_is_sent(storage):
    data = bytearray(b"x" * 10)
    storage.save("x", data)
    data.extend(b"free again")
    with pytest.raises(BufferError):
        storage.save("x", memoryview(b"abcdef")[::2])


# -- Errors ------------------------------------------------------------------------------------------------------------


def test_errors_are_ours_and_the_builtin(storage):
    for call in (storage.stat, storage.read_bytes, storage.open):
        with pytest.raises(FileNotFoundError) as caught:
            call("nope")
        assert isinstance(caught.value, orlop.NotFound)
        assert (caught.value.code, caught.value.key, caught.value.scheme) == ("not_found", "nope", "mem")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "/", "/etc/passwd", "../x", "a/../../x", "a\\..\\..\\x", ".."])
def test_a_name_that_leaves_is_refused(storage, name):
    for call in (storage.exists, storage.read_bytes, storage.remove, lambda name: storage.save(name, b"x")):
        with pytest.raises(orlop.InvalidArgument):
            call(name)


def test_every_code_has_its_class():
    assert len(orlop.exceptions.BY_CODE) == 16
    for kind in orlop.exceptions.BY_CODE:
        error = kind("text")
        assert str(error) == "text"
        assert str(pickle.loads(pickle.dumps(error))) == "text"


def test_unknown_options_name_the_nearest(tmp_path):
    with pytest.raises(orlop.ConfigInvalid, match="no option"):
        orlop.open("mem:", regoin="x")
    with pytest.raises(ValueError, match="no backend"):
        orlop.open("nope://x")


def test_pickle_and_repr():
    storage = orlop.open("mem://pickled", attempts=3)
    storage.save("x", b"1")
    again = pickle.loads(pickle.dumps(storage))
    assert again.read_bytes("x") == b"1"
    assert repr(again).startswith("<orlop.Storage mem")


# -- Ledger ------------------------------------------------------------------------------------------------------------


def test_an_empty_ledger(storage):
    with orlop.requests(max=0) as ledger:
        storage.exists("x")  # memory asks nobody
    assert (ledger.count, ledger.operations, str(ledger)) == (0, {}, "no request")


# -- The package -------------------------------------------------------------------------------------------------------


def test_stubs_tell_what_there_is():
    tree = ast.parse((pathlib.Path(orlop.__file__).parent / "_native.pyi").read_text())
    told: dict[str, set[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            told[node.name] = set()
        elif isinstance(node, ast.ClassDef):
            members = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
            members |= {part.target.id for part in node.body if isinstance(part, ast.AnnAssign)}
            told[node.name] = {name for name in members if not name.startswith("__")}
    there = {name: value for name, value in vars(_native).items() if not name.startswith("_")}
    if "Server" not in there:  # wheels have none
        del told["Server"]
    assert set(told) == set(there)
    for name, members in told.items():
        assert members == {member for member in vars(there[name]) if not member.startswith("_")} if members else True
