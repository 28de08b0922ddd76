"""What each page cost: the requests the storages made to the bucket while it was served."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

import orlop


@dataclass(frozen=True)
class PageCost:
    page: str
    status: int
    milliseconds: float
    requests: dict[str, int]  # operation -> number


recent: deque[PageCost] = deque(maxlen=50)


class LedgerMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        started = time.perf_counter()
        with orlop.requests() as ledger:
            response = self.get_response(request)
        elapsed = (time.perf_counter() - started) * 1000
        recent.appendleft(
            PageCost(f"{request.method} {request.path}", response.status_code, elapsed, ledger.operations)
        )
        return response
