"""The manual's table of what transactions cost in requests and queries."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import orlop
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from helpers.transactions import Undone, text
from storages.transactional import TransactionalStorage


def save(storage):
    storage.save("a.txt", text())


def save_and_roll_back(storage):
    with contextlib.suppress(Undone), transaction.atomic():
        save(storage)
        raise Undone


def read_what_was_saved(storage):
    with transaction.atomic():
        name = storage.save("a.txt", text())
        with counted(storage) as cost:
            storage.open(name).read()
    return cost


def in_transaction(action, times=1):
    def operation(storage):
        with transaction.atomic():
            for _ in range(times):
                action(storage)

    return operation


COSTS = {
    "`save` without a transaction": save,
    "`save` in a transaction that commits": in_transaction(save),
    "`save` in a transaction that is rolled back": save_and_roll_back,
    "3 times `save` in a transaction that commits": in_transaction(save, 3),
    "`delete` in a transaction that commits": in_transaction(lambda storage: storage.delete("b.txt")),
    "`open` and `read` of a file in place": lambda storage: storage.open("b.txt").read(),
    "`open` and `read` in the transaction that saved it": read_what_was_saved,
}
PAGE = Path(__file__).resolve().parents[3] / "docs" / "django" / "transactions.md"
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in PAGE.read_text().partition("| queries |\n|---|---|---|\n")[2].partition("\n\n")[0].splitlines()
]


@contextlib.contextmanager
def counted(storage):
    cost = {}
    with CaptureQueriesContext(connection) as queries, orlop.requests() as ledger:
        yield cost
    words = [query["sql"].split()[0] for query in queries]
    cost["queries"] = sum(word in ("SELECT", "INSERT", "UPDATE", "DELETE") for word in words)
    cost["requests"] = ledger.operations


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_costs(own_place, own_server, row):
    """The table of the manual."""
    operation, requests, queries = row
    storage = TransactionalStorage(own_place.storage(file_overwrite=False))
    storage.save("b.txt", text())
    with counted(storage) as cost:
        inner = COSTS[operation](storage)
    cost = inner if isinstance(inner, dict) else cost
    told = {name: int(count) for count, name in re.findall(r"(\d+) (\w+)", requests)}
    assert cost == {"requests": told, "queries": int(queries)}


def test_every_cost_is_told():
    assert [row[0] for row in ROWS] == list(COSTS)
