"""The databases that tests of transactions run on."""

from __future__ import annotations

import itertools
from contextlib import contextmanager

import django
from django.db import connection, connections

_numbers = itertools.count(1)


class SQLite:
    @contextmanager
    def as_default(self):
        """In memory, as the tests have it."""
        yield

    def fresh(self, folder):
        """Settings of an empty database for several processes."""
        # Many write at once: whoever reads first and writes then would be refused instead of waiting.
        patience = {"timeout": 20, **({"transaction_mode": "IMMEDIATE"} if django.VERSION >= (5, 1) else {})}
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(folder / f"{next(_numbers)}.sqlite3"),
            "OPTIONS": patience,
        }


class PostgreSQL:
    def __init__(self, place):
        self._settings = {"ENGINE": "django.db.backends.postgresql", **place}

    @contextmanager
    def as_default(self):
        with default_database(self._settings):
            yield

    def fresh(self, folder):
        name = f"fresh{next(_numbers)}"
        with default_database(self._settings), connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        return {**self._settings, "NAME": name}


@contextmanager
def default_database(settings):
    """Another one than the tests have, which comes back with all that is in its memory."""
    before, told = connections["default"], connections.databases["default"]
    connections.databases["default"] = {**told, **settings}
    del connections["default"]
    try:
        yield
    finally:
        connections["default"].close()
        connections.databases["default"] = told
        connections["default"] = before
