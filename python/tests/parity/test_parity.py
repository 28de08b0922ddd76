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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from helpers import upstream
from servers.fixtures import running_servers

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


def both_sides(place, only=None):
    """Both sides' outcomes: {scenario: outcome}."""
    upstream.need()
    server = {name: getattr(place, name) for name in ("endpoint", "key", "secret", "ca")} | key_pair()
    task = {"server": server, "only": only}
    with ThreadPoolExecutor() as pool:
        theirs = pool.submit(run_side, upstream.PYTHON, [TESTS], {**task, "side": "theirs"})
        ours = run_side(sys.executable, [ROOT / "python", TESTS], {**task, "side": "ours"})
    assert ".venv-upstream" in theirs.result()[""] and ".venv-upstream" not in ours[""]
    return theirs.result(), ours


@pytest.fixture(scope="module")
def sides(comparable_server):
    return both_sides(comparable_server)


# What servers with ways of their own are asked: one row of each of these tables, and every object parameter.
SERVED = {
    "saving": "object_parameters default_acl overwriting metadata_beyond_ascii expires kinds_of_content "
    "gzip_is_reproducible",
    "looking": "exists exists_of_nothing listdir delete delete_nothing delete_in_no_bucket no_such_bucket denied "
    "size_and_time names_no_service_takes versions_and_customer_parameters",
    "files": "reading_bytes gzip_read_back writing writing_nothing what_is_missing an_exception_inside_with "
    "file_overwrite_false_and_open_of_what_is_there modified_time_of_what_is_missing",
}


def with_a_server():
    for module, functions in SERVED.items():
        for function in functions.split():
            rows = [name for name in harness.SCENARIOS if name.partition("[")[0] == f"{module}.{function}"]
            yield from rows if function == "object_parameters" else rows[:1]
            assert rows, function


ONE_PUT = '`open(name, "w")` of a file below the part size is one PUT'
SMALL_LETTERS = "names of metadata are sent in small letters"
OWN_WAYS = {
    "ceph": {f"saving.object_parameters[{case}]": ONE_PUT for case in ("Tagging", "StorageClass", "all")},
    "s3proxy": {
        "saving.object_parameters[Metadata]": SMALL_LETTERS,
        **{f"saving.object_parameters[{case}]": ONE_PUT for case in ("Tagging", "all")},
    },
}


@pytest.fixture(scope="module")
def particular_sides(particular_servers):
    names = list(with_a_server())
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda place: both_sides(place, names), particular_servers.values())
        return dict(zip(particular_servers, found, strict=True))


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
    compare(*(side[name] for side in sides), harness.SCENARIOS[name].differs)


@pytest.mark.parametrize("server", [name for name in OWN_WAYS if name in {one.name for one in running_servers()}])
@pytest.mark.parametrize("name", list(with_a_server()))
def test_scenario_on_other_servers(particular_sides, server, name):
    theirs, ours = (side[name] for side in particular_sides[server])
    compare(theirs, ours, harness.SCENARIOS[name].differs or OWN_WAYS[server].get(name))


def compare(theirs, ours, differs):
    shown = f"\nthere: {json.dumps(theirs, indent=1)}\nhere:  {json.dumps(ours, indent=1)}"
    for outcome in (theirs, ours):
        assert not (isinstance(outcome, dict) and "broken" in outcome), outcome["broken"]
    if differs is None:
        assert same(theirs, ours), shown
    else:
        assert not same(theirs, ours), f"no difference any more: take it out of {DIFFERENCES.name}{shown}"


def test_every_difference_is_documented():
    documented = [line.split("|")[1].strip() for line in DIFFERENCES.read_text().splitlines() if line.startswith("| ")]
    known = {scenario.differs for scenario in harness.SCENARIOS.values()} - {None}
    for differs in known.union(*(ways.values() for ways in OWN_WAYS.values())):
        assert any(line.startswith(differs) for line in documented), differs
