"""Processes killed at random points: rows and files agree after gc, whatever the store answered before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TESTS = HERE.parent

# Of the store, while a process works that is going to be killed.
FAULTS = [
    "CopyObject 500-once",
    "DeleteObjects 503-twice",
    "PutObject drop-after-4K-once",
    "CopyObject 403",
    "DeleteObject 403",
    "CopyObject lost-answer",
    "DeleteObjects lost-answer",
]


@pytest.mark.parametrize(
    "faults, rounds, processes",
    [([""], 16, 1), (FAULTS, 14, 1), ([""], 6, 3)],
    ids=["killed", "killed with faults", "several killed"],
)
def test_rows_and_files_agree(own_place, own_server, database, tmp_path, faults, rounds, processes):
    seed = os.environ.get("ORLOP_CRASH_SEED", "7")
    told = json.dumps({"options": own_place.options, "database": database.fresh(tmp_path), "seed": seed})
    rounds = int(os.environ.get("ORLOP_CRASH_ROUNDS", rounds))
    site = subprocess.Popen(
        [sys.executable, HERE / "crash_site.py", told, str(rounds), str(processes), tmp_path / "answers.json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])},
    )

    def answer(word):
        assert site.stdout.readline() == f"{word}\n"
        site.stdin.write("\n")
        site.stdin.flush()

    with site:
        kept = repaired = 0
        for number in range(rounds):
            own_server.set_faults(faults[number % len(faults)])
            answer("work")
            assert site.stdout.readline() == "check\n"
            own_server.set_faults("")
            site.stdin.write("\n")
            site.stdin.flush()
            wrong, rows, left = json.loads(site.stdout.readline())
            assert wrong == [], f"round {number} of seed {seed}"
            kept += rows
            repaired += left
        assert kept and repaired  # something was at stake
    assert site.returncode == 0
