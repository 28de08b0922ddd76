"""What the tests of transactions and of the journal's commands share: tables, and storages of every kind."""

from __future__ import annotations

import importlib.util
import os

import django
import pytest
from django.core.files.storage import InMemoryStorage
from helpers import transactions
from helpers.databases import PostgreSQL, SQLite
from servers import postgresql
from storages.backends.local import LocalStorage
from storages.transactional import TransactionalStorage


@pytest.fixture(scope="session")
def place_of_postgresql():
    if postgresql.programs() is None and "ORLOP_TEST_QUICK" not in os.environ:  # which ./dev test says, and installs it
        pytest.skip("there is no PostgreSQL here; the package is postgresql")
    with postgresql.running() as place:
        yield place


# psycopg is in requirements-test.txt, and not in the environment of the oldest Django.
@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"] if importlib.util.find_spec("psycopg") else ["SQLite"])
def database(request):
    return SQLite() if request.param == "SQLite" else PostgreSQL(request.getfixturevalue("place_of_postgresql"))


@pytest.fixture(scope="module", autouse=True)
def tables(database):
    if django.VERSION < (4, 2):
        pytest.skip("STORAGES came with 4.2")
    with database.as_default(), transactions.tables():
        yield


@pytest.fixture(autouse=True)
def empty(tables):
    yield
    transactions.clear()


@pytest.fixture(params=["s3", "memory", "local", "files", "plain"])
def kept(request, own_place, tmp_path):
    """Storages that do not overwrite."""
    kinds = {
        "s3": lambda: own_place.storage(file_overwrite=False),
        "memory": lambda: transactions.kept_in_memory(file_overwrite=False),
        "local": lambda: LocalStorage(root=str(tmp_path), file_overwrite=False),
        "files": lambda: transactions.kept_in(tmp_path),
        "plain": lambda: transactions.Plain(transactions.kept_in(tmp_path)),
    }
    return kinds[request.param]()


@pytest.fixture
def storage(kept):
    """The same, following the database."""
    return transactions.use(TransactionalStorage(kept))


@pytest.fixture(params=["s3", "memory", "local", "files", "Django's"])
def unwrapped(request, own_place, tmp_path):
    """Storages as they are when nothing is said."""
    kinds = {
        "s3": own_place.storage,
        "memory": transactions.kept_in_memory,
        "local": lambda: LocalStorage(root=str(tmp_path)),
        "files": lambda: transactions.kept_in(tmp_path),
        "Django's": InMemoryStorage,
    }
    return transactions.use(kinds[request.param]())
