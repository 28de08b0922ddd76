"""An S3 server in this process, for tests.

with orlop.testing.Server(buckets=["media"]) as server:
    storage = server.storage("media")

pytest has it as the fixture `s3_server` (orlop.pytest_plugin).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NamedTuple

from orlop import native
from orlop.storage import Storage

if not hasattr(native, "Server"):
    raise ImportError("this build of orlop has no server in it; `orlop serve` is a program of its own")


class ServedRequest(NamedTuple):
    """One request as the server saw it."""

    method: str
    operation: str  # "PutObject"
    bucket: str
    key: str
    status: int  # 0: the connection was dropped by a fault
    bytes_in: int
    bytes_out: int

    def __str__(self) -> str:
        place = "/".join(filter(None, (self.bucket, self.key)))
        return f"{self.operation} {place} ({self.status or 'dropped'})"


class Expectation:
    """What a block of code is to ask of the server: so many requests of each operation, and no others."""

    def __init__(self, operations: dict[str, int], max: int | None) -> None:
        self.operations = operations
        self.max = max
        self.requests: list[ServedRequest] = []  # known when the block has ended

    def check(self) -> None:
        made = Counter(request.operation for request in self.requests)
        if self.max is not None and len(self.requests) > self.max:
            raise AssertionError(f"{len(self.requests)} requests instead of at most {self.max}: {self._made()}")
        if self.operations and made != Counter(self.operations):
            wanted = ", ".join(f"{count} {operation}" for operation, count in self.operations.items())
            raise AssertionError(f"expected {wanted}; the server was asked for {self._made()}")

    def _made(self) -> str:
        return ", ".join(map(str, self.requests)) or "nothing"


class Server:
    """Listens on a free port of 127.0.0.1 while it is open. Buckets are kept in memory, or below `root`."""

    def __init__(
        self,
        root: str | os.PathLike[str] = "",
        *,
        buckets: Iterable[str] = (),
        public_buckets: Iterable[str] = (),
        access_key_id: str = "",
        secret_access_key: str = "",
        region: str = "us-east-1",
        port: int = 0,
    ) -> None:
        self.region = region
        self._server = native.Server(
            os.fspath(root), access_key_id, secret_access_key, region, port, list(public_buckets)
        )
        for bucket in buckets:
            self._server.create_bucket(bucket)

    @property
    def endpoint(self) -> str:
        return self._server.endpoint

    @property
    def access_key_id(self) -> str:
        return self._server.access_key_id

    @property
    def secret_access_key(self) -> str:
        return self._server.secret_access_key

    @property
    def environment(self) -> dict[str, str]:
        """What S3 clients look for in the environment."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_REGION": self.region,
        }

    def create_bucket(self, name: str) -> None:
        self._server.create_bucket(name)

    def storage(self, bucket: str, **options: object) -> Storage:
        place: dict[str, Any] = {
            "endpoint": self.endpoint,
            "region": self.region,
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
        }
        return Storage(f"s3://{bucket}", **{**place, **options})

    def set_faults(self, script: str) -> None:
        """Faults to answer with, one a line: "503-twice", "PutObject drop-after-256K", "GET /media/* stall".

        Empty for none.
        """
        self._server.set_faults(script)

    @contextmanager
    def faults(self, script: str) -> Iterator[None]:
        """set_faults() for a block."""
        self.set_faults(script)
        try:
            yield
        finally:
            self.set_faults("")

    @contextmanager
    def expect(self, max: int | None = None, **operations: int) -> Iterator[Expectation]:
        """Fails, naming the requests, when the block makes others than these: ``expect(HeadObject=1, PutObject=1)``,
        or more than `max`. What it made is in `requests` of the value."""
        self.take_log()
        expectation = Expectation(operations, max)
        yield expectation
        expectation.requests = self.take_log()
        expectation.check()

    def take_log(self) -> list[ServedRequest]:
        """The requests served since the start or the last call."""
        return [ServedRequest(*request) for request in self._server.take_log()]

    def stop(self) -> None:
        self._server.stop()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<orlop.testing.Server {self.endpoint}>"
