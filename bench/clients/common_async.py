"""What every client of the asynchronous rows shares: calls of one event loop, so many in flight."""

import asyncio
import json
import sys
import time

from common import BODY, BUCKET  # noqa: F401

IN_FLIGHT = 64


async def _run(operation, calls: int) -> None:
    numbers = iter(range(calls))

    async def one_after_the_other() -> None:
        for _ in numbers:
            await operation()

    await asyncio.gather(*(one_after_the_other() for _ in range(min(IN_FLIGHT, calls))))


def serve(prepare, **operations) -> None:
    """`prepare` and the operations are functions that return an awaitable."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(_run(prepare, 1))
    for line in sys.stdin:
        name, calls = line.split()
        cpu, wall = time.process_time(), time.perf_counter()
        loop.run_until_complete(_run(operations[name], int(calls)))
        cost = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        print(json.dumps(cost), flush=True)
