"""S3Storage among threads, forks and signals, trap T55, and what a ledger sees of them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from functools import partial

import orlop
import pytest
from django.core.files.base import ContentFile
from helpers.contents import content_of
from helpers.threads import in_threads


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


def test_threads_share_a_storage_t55(place):
    storage = place.storage()

    def work(number):
        name = f"t/{number}"
        storage.save(name, ContentFile(name))
        return content_of(storage, name) == name.encode()

    assert in_threads(24, work) == [True] * 24
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


def run_script(script, endpoint):
    """Runs a program that ends with 42 when it saw what it expects."""
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(orlop.__file__))}
    command = [sys.executable, "-c", script, endpoint]
    # Whatever a shell in the background starts ignores SIGINT.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    assert subprocess.run(command, env=environment, timeout=60, preexec_fn=heed).returncode == 42


@pytest.fixture
def silent():
    """The endpoint of a server that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


CTRL_C_SCRIPT = """
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


def test_ctrl_c_ends_a_call_that_waits(silent):
    run_script(CTRL_C_SCRIPT, silent)


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


def test_a_handler_of_ctrl_c_may_call_a_storage(silent):
    run_script(NESTED_SCRIPT, silent)


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
    run_script(LEDGER_SCRIPT, "http://127.0.0.1:9")  # refused at once
