"""Fixtures of pytest: an S3 server for each test that wants one. Installed with the package; nothing to configure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orlop.testing import Server


@pytest.fixture
def s3_server() -> Iterator[Server]:
    """An S3 server of the test's own, empty, in this process."""
    from orlop.testing import Server

    with Server() as server:
        yield server


@pytest.fixture
def s3_storages(s3_server: Server) -> Iterator[Server]:
    """`s3_server`, and every S3 storage of the Django project talks to it, whatever its settings name."""
    from storages.testing import in_place_of_s3

    with in_place_of_s3(s3_server):
        yield s3_server


@pytest.fixture
def memory_storages() -> Iterator[None]:
    """Every S3 storage of the Django project keeps its objects in memory, and forgets them with the test."""
    from storages.testing import in_memory

    with in_memory():
        yield
