"""What the tests of the command share."""

from pathlib import Path

import pytest
from cli.harness import Bucket, Orlop, Server


@pytest.fixture(scope="session")
def server():
    server = Server("mem:")
    yield server
    assert server.stop() == 0


_names = iter(range(10**6))


@pytest.fixture
def bucket(server) -> Bucket:
    return Bucket(server, f"bucket-{next(_names)}")


@pytest.fixture
def orlop(server, tmp_path) -> Orlop:
    return Orlop(tmp_path / "home", server.variables)


@pytest.fixture
def work(orlop) -> Path:
    """The directory the command runs in."""
    return orlop.cwd
