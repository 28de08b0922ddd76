"""What is forgotten while it still has something to report: where freed memory is overwritten, that would be seen."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import weakref
from contextvars import ContextVar
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parents[1]

visitor = ContextVar("visitor")

PROGRAM = """
import asyncio, json, sys, time
import orlop

options = json.loads(sys.argv[1])
storage = orlop.open(f"s3://{options.pop('bucket')}", **options)

async def forgotten():
    with orlop.requests():
        file = await storage.aopen("large")
    del file

async def cancelled_when_it_was_done():
    with orlop.requests():
        opening = asyncio.ensure_future(storage.aopen("large"))
        await asyncio.sleep(0)
        time.sleep(0.3)  # the loop does not see that it is done
        opening.cancel()
    del opening

async def forgotten_while_it_is_read():
    with orlop.requests():
        file = await storage.aopen("large")
        reading = asyncio.ensure_future(file.read(1 << 20))
        await asyncio.sleep(0)
        reading.cancel()
    del file, reading

async def forgotten_by_threads():
    with orlop.requests():
        file = storage._store.open("large", orlop.ledger.current(), None, "")
    del file

async def run(how):
    await storage.aexists("large")  # what the first call of a loop leaves behind is not looked at here
    await how()
    await asyncio.sleep(0.3)

asyncio.run(run(globals()[sys.argv[2]]))
"""


@pytest.mark.parametrize(
    "how",
    ["forgotten", "cancelled_when_it_was_done", "forgotten_while_it_is_read", "forgotten_by_threads"],
)
def test_a_file_outlives_the_block_that_counts_its_requests(own_place, own_server, how):
    own_place.handle().save("large", b"x" * (8 << 20))
    options = {"bucket": own_place.bucket, **own_place.engine_options}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(options), how],
        env={**os.environ, "PYTHONPATH": str(PACKAGES), "PYTHONMALLOC": "debug"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_a_loop_keeps_nothing_of_the_task_that_made_its_first_call(own_place):
    storage = own_place.handle()

    class Visitor:
        pass

    async def first():
        someone = Visitor()
        visitor.set(someone)
        await storage.aexists("a")
        return weakref.ref(someone)

    async def site():
        someone = await asyncio.create_task(first())
        await asyncio.sleep(0)  # of the task itself, too, this turn of the loop still knows
        gc.collect()
        assert someone() is None

    asyncio.run(site())
