"""Children of a process whose threads were in the middle of things."""

from __future__ import annotations

import os
import signal
import threading

import orlop
from storages.backends.s3 import S3Storage


def forked(work):
    """How a child ended that did this: 0, or by the signal that ends who waits for ever."""
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def test_children_find_nothing_locked(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    done = threading.Event()

    def look_and_sign():
        # Each looks for credentials, and shares clocks and stores in memory with the others.
        orlop.open("s3://b", region="us-east-1").url("a")
        orlop.open("mem://shared").save("a", b"x")
        S3Storage(bucket_name="b", region_name="us-east-1").url("a")

    def keep_on():
        while not done.is_set():
            look_and_sign()

    look_and_sign()  # a module that is imported for the first time is CPython's lock, not ours
    threads = [threading.Thread(target=keep_on) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        ends = [forked(look_and_sign) for _ in range(60)]
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert ends == [0] * 60
