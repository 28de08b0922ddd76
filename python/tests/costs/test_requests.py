"""The table of docs/django/requests.md: each row is made, counted here and at the server, and held to the page."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from pathlib import Path

import orlop
import pytest
from django.core.files.base import ContentFile
from helpers import upstream

from costs.operations import OPERATIONS, NotHere, parsed, rows, storage_for

TESTS = Path(__file__).parents[1]


def test_every_row_is_made_and_every_operation_is_told():
    assert [row[0] for row in rows()] == list(OPERATIONS)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_row(row, own_place, own_server):
    text, told, before = row
    prepare, action, _ = OPERATIONS[text]
    storage = storage_for(text, own_place.options)
    prepare(storage)
    own_server.take_log()
    with orlop.requests() as ledger:
        try:
            action(storage)
        except NotHere as reason:
            pytest.skip(str(reason))
    assert ledger.operations == parsed(told)
    assert ledger.retries == 0
    assert len(own_server.take_log()) == ledger.count
    assert ledger.count <= sum(parsed(before).values())  # never above


def test_the_last_column(own_place, own_server):
    """What django-storages itself asks for."""
    upstream.need()
    rest = {"PYTHONPATH": str(TESTS), "AWS_EC2_METADATA_DISABLED": "true"}
    theirs = subprocess.Popen(
        [upstream.PYTHON, "-m", "costs.theirs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **rest},
    )
    with theirs:
        found = {}
        for text, _, _ in rows():
            options = own_place.with_bucket().options
            OPERATIONS[text][0](storage_for(text, options))
            own_server.take_log()
            theirs.stdin.write(json.dumps([text, options]) + "\n")
            theirs.stdin.flush()
            assert theirs.stdout.readline() == "done\n", text
            found[text] = dict(Counter(request.operation for request in own_server.take_log()))
    assert found == {text: parsed(before) for text, _, before in rows()}


def test_beyond_the_limit_the_requests_are_named(own_place):
    storage = own_place.storage(file_overwrite=False)
    message = r"2 requests instead of at most 1: 1 HeadObject, 1 PutObject \(put a.txt, stat a.txt\)"
    with pytest.raises(orlop.TooManyRequests, match=message), orlop.requests(max=1):
        storage.save("a.txt", ContentFile(b"a"))
        storage.exists("a.txt")
    with orlop.requests(max=1):
        storage.exists("a.txt")


def test_calls_are_kept_up_to_a_hundred(own_place):
    storage = own_place.storage()
    with orlop.requests() as outer, orlop.requests(max=1000) as ledger:
        for number in range(120):
            storage.exists(f"{number}.txt")
    assert ledger.count == 120
    assert ledger.calls == outer.calls == [("stat", f"{number}.txt") for number in range(100)]
    with pytest.raises(orlop.TooManyRequests, match=r"stat 9.txt, \.\.\.\)"), orlop.requests(max=1):
        for number in range(12):
            storage.exists(f"{number}.txt")
