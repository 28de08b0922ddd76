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
    # ./dev test installs it, and fails without; pytest alone may do without.
    if postgresql.programs() is None and "ORLOP_TEST_QUICK" not in os.environ:
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


@pytest.fixture
def of_kind(own_place, tmp_path):
    """Makes a storage of a kind that overwrites, or does not, or is as it is when nothing is said."""

    def make(kind, overwrites=None):
        ours = {} if overwrites is None else {"file_overwrite": overwrites}
        makers = {
            "s3": lambda: own_place.storage(**ours),
            "memory": lambda: transactions.kept_in_memory(**ours),
            "local": lambda: LocalStorage(root=str(tmp_path), **ours),
            "files": lambda: transactions.kept_in(tmp_path, **({"allow_overwrite": True} if overwrites else {})),
            "plain": lambda: transactions.Plain(transactions.kept_in(tmp_path)),
            "Django's": InMemoryStorage,
        }
        return makers[kind]()

    return make


@pytest.fixture(params=["s3", "memory", "local", "files", "plain"])
def kept(request, of_kind):
    """Storages that do not overwrite."""
    return of_kind(request.param, overwrites=False)


@pytest.fixture
def storage(kept):
    """The same, following the database."""
    return transactions.use(TransactionalStorage(kept))


@pytest.fixture(params=["s3", "memory", "local", "files", "Django's"])
def unwrapped(request, of_kind):
    """Storages as they are when nothing is said."""
    return transactions.use(of_kind(request.param))
