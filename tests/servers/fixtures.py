"""What pytest is told about the real servers; see README.md here."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class S3Server:
    name: str
    endpoint: str
    key: str
    secret: str
    ca: str
    region: str = "us-east-1"

    @property
    def secure(self) -> bool:
        return self.endpoint.startswith("https:")


def running_servers() -> list[S3Server]:
    names = [name for name in os.environ.get("ORLOP_TEST_SERVERS", "").split(",") if name]
    return [_server(name, transport) for name in names for transport in ("HTTP", "HTTPS")]


def _server(name: str, transport: str) -> S3Server:
    variables = (f"ORLOP_TEST_{name.upper()}_{transport}", "ORLOP_TEST_S3_KEY", "ORLOP_TEST_S3_SECRET", "ORLOP_TEST_CA")
    return S3Server(name, *(os.environ[variable] for variable in variables))


@pytest.fixture(params=running_servers(), ids=lambda server: f"{server.name}-{'tls' if server.secure else 'http'}")
def s3_server(request: pytest.FixtureRequest) -> S3Server:
    """Each real server in turn, over HTTP and over TLS."""
    return request.param
