"""Many objects in one call: put_many, get_many, stat_many, remove_many."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import orlop
import pytest


@pytest.fixture
def storage(place):
    return place.handle()


def test_each_result_stands_where_its_object_stood(storage, tmp_path):
    (tmp_path / "file.css").write_text("body {}")
    contents = [(f"many/{i:03}.txt", b"x" * i) for i in range(150)]
    metas = storage.put_many([*contents, ("text", "h\u00e9"), ("style.css", tmp_path / "file.css")])
    assert [meta.size for meta in metas] == [*range(150), 3, 7]
    names = [name for name, _ in contents]
    assert storage.get_many([*names, "text"]) == [*(body for _, body in contents), "h\u00e9".encode()]
    assert [meta.etag for meta in storage.stat_many(names)] == [meta.etag for meta in metas[:150]]
    assert storage.stat("style.css").content_type == "text/css"
    assert storage.remove_many(names) == [None] * 150
    assert storage.listdir("many") == ([], [])


def test_what_fails_stops_nothing_else(storage, tmp_path):
    storage.save("taken", b"first")
    outcomes = storage.put_many(
        [("new", b"1"), ("taken", b"2"), ("missing", tmp_path / "nope"), ("folder", tmp_path), ("last", b"3")],
        overwrite=False,
    )
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "Meta",
        "AlreadyExists",
        "NotFound",
        "InvalidArgument",
        "Meta",
    ]
    bodies = storage.get_many(["taken", "absent", "last"])
    assert (bodies[0], bodies[2]) == (b"first", b"3")
    assert isinstance(bodies[1], orlop.NotFound)
    assert isinstance(storage.stat_many(["absent"])[0], orlop.NotFound)
    assert storage.put_many([]) == storage.get_many([]) == storage.stat_many([]) == []


def test_any_backend_can():
    storage = orlop.open("mem:")
    storage.put_many((str(i), b"x") for i in range(3))
    assert storage.get_many("012") == [b"x"] * 3


def test_requests_are_counted_and_large_files_go_in_parts(own_place, tmp_path):
    storage = own_place.handle()
    large = tmp_path / "large"
    large.write_bytes(bytes(9 << 20))
    with orlop.requests() as ledger:
        storage.put_many([("large", large), ("small", b"")])
    assert ledger.operations["PutObject"] == 1
    assert ledger.operations["UploadPart"] == 2
    assert storage.stat("large").size == 9 << 20


def test_a_passing_fault_is_tried_again(own_server, own_place):
    own_server.set_faults("503-twice")
    outcomes = own_place.handle().put_many([(f"{i}", b"x") for i in range(20)])
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]


def test_names_are_checked_before_anything_is_sent(own_place):
    with orlop.requests(max=0), pytest.raises(orlop.InvalidArgument):
        own_place.handle().put_many([("fine", b""), ("../outside", b"")])
    with pytest.raises((TypeError, ValueError, RuntimeError)):
        own_place.handle().put_many([("name", 42)])


def test_other_threads_run_meanwhile(own_server, own_place):
    storage = own_place.handle()
    own_server.set_faults("PutObject stall-500ms")
    ticks = []
    done = threading.Event()

    def tick():
        while not done.wait(0.01):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    storage.put_many([(f"{i}", Path(__file__)) for i in range(8)])
    done.set()
    thread.join()
    assert len(ticks) >= 5
