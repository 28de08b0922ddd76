"""Many threads that do the same at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor


def in_threads(count, work):
    """What work(0), work(1), ... returned, each in a thread of its own, all begun together."""
    barrier = threading.Barrier(count)

    def begin(number):
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))
