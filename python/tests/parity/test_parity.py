"""The same scenarios against django-storages and against ours, on the same server: what is seen must be the same.

Where it is not meant to be, a line of docs/django/differences.md says so, and then it must not be.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import upstream

from parity import harness, scenarios

ROOT = Path(__file__).parents[3]
TESTS = ROOT / "python" / "tests"
DIFFERENCES = ROOT / "docs" / "django" / "differences.md"

for module in pkgutil.iter_modules(scenarios.__path__):
    importlib.import_module(f"parity.scenarios.{module.name}")


def run_side(python, paths, task):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [str(python), "-W", "ignore::DeprecationWarning", "-m", "parity.side"],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        env=environment,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def key_pair():
    """A private key in both forms it comes in."""

    def openssl(*arguments, key=""):
        return subprocess.run(["openssl", *arguments], input=key, capture_output=True, text=True, check=True).stdout

    pem = openssl("genrsa", "-traditional", "2048")
    return {"pem": pem, "pkcs8": openssl("pkcs8", "-topk8", "-nocrypt", key=pem)}


@pytest.fixture(scope="module")
def sides(comparable_server):
    """Both sides' outcomes: {scenario: outcome}, on each server that can tell."""
    upstream.need()
    server = {name: getattr(comparable_server, name) for name in ("endpoint", "key", "secret", "ca")} | key_pair()
    theirs = run_side(upstream.PYTHON, [TESTS], {"server": server, "side": "theirs"})
    ours = run_side(sys.executable, [ROOT / "python", TESTS], {"server": server, "side": "ours"})
    assert ".venv-upstream" in theirs[""] and ".venv-upstream" not in ours[""]
    return theirs, ours


def same(theirs, ours):
    """Whether who lives with `theirs` can live with `ours`."""
    if isinstance(theirs, dict) and isinstance(ours, dict) and set(theirs) == set(ours):
        if set(theirs) == {"kinds", "text", "service"}:
            said = (
                theirs["service"] == ours["service"] if theirs["service"] else same_text(theirs["text"], ours["text"])
            )
            return said and set(theirs["kinds"]) <= set(ours["kinds"])
        return all(same(theirs[name], ours[name]) for name in theirs)
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        return all(map(same, theirs, ours))
    return type(theirs) is type(ours) and theirs == ours


def same_text(theirs, ours):
    return ours == theirs or ours.startswith(f"{theirs};") or ours.startswith(f"{theirs} [")  # a hint is welcome


@pytest.mark.parametrize("name", harness.SCENARIOS)
def test_scenario(sides, name):
    theirs, ours = (side[name] for side in sides)
    shown = f"\nthere: {json.dumps(theirs, indent=1)}\nhere:  {json.dumps(ours, indent=1)}"
    for outcome in (theirs, ours):
        assert not (isinstance(outcome, dict) and "broken" in outcome), outcome["broken"]
    if harness.SCENARIOS[name].differs is None:
        assert same(theirs, ours), shown
    else:
        assert not same(theirs, ours), f"no difference any more: take it out of {DIFFERENCES.name}{shown}"


def test_every_difference_is_documented():
    documented = [line.split("|")[1].strip() for line in DIFFERENCES.read_text().splitlines() if line.startswith("| ")]
    for scenario in harness.SCENARIOS.values():
        if scenario.differs:
            assert any(line.startswith(scenario.differs) for line in documented), scenario.differs
