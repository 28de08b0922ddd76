"""The same steps with the class on boto, over boto itself, and with ours: what is seen and what is stored is the same.

What is meant to differ stands in docs/django/boto-era.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DIFFERENT = {"writing_nothing", "reading_text", "size_of_what_is_not_there"}

ROOT = Path(__file__).resolve().parents[2]
BOTO = ROOT / ".venv-boto" / "bin" / "python"


def run_side(python, paths, place):
    host, _, port = place.endpoint.partition("://")[2].partition(":")
    task = {"host": host, "port": int(port), "key": place.key, "secret": place.secret, "bucket": place.bucket}
    done = subprocess.run(
        [str(python), "-m", "boto_era.side"],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.replace(place.bucket, "BUCKET"))


def stored(place):
    """All objects of the bucket, with what goes with them. Two compressors need not agree on every byte."""
    handle = place.handle()
    facts = {}
    for entry in handle.list():
        meta = handle.stat(entry.name)
        compressed = meta.content_encoding == "gzip"
        facts[entry.name] = {
            "content": None if compressed else handle.read_bytes(entry.name),
            "type": meta.content_type,
            "encoding": meta.content_encoding,
            "headers": [meta.cache_control, meta.content_disposition, meta.content_language, meta.expires],
            "user": meta.user,
            "storage class": meta.provider.get("StorageClass"),
        }
    return facts


@pytest.fixture(scope="module")
def sides(make_own_place):
    if not BOTO.exists():
        pytest.skip("no .venv-boto; ./dev test makes it")
    if subprocess.run([BOTO, "-c", "import boto"], capture_output=True, check=False).returncode:
        pytest.skip("this Python cannot import boto")
    tests = ROOT / "python" / "tests"
    places = make_own_place(), make_own_place()
    theirs = run_side(BOTO, [tests], places[0])
    ours = run_side(sys.executable, [ROOT / "python", tests], places[1])
    assert ".venv-boto" in theirs.pop("") and ".venv-boto" not in ours.pop("")
    return (theirs, stored(places[0])), (ours, stored(places[1]))


def test_what_is_seen(sides):
    (theirs, _), (ours, _) = sides
    assert len(theirs) > 20
    assert not [name for name, outcome in theirs.items() if isinstance(outcome, dict) and "raised" in outcome]
    for name, outcome in theirs.items():
        assert (ours[name] == outcome) is (name not in DIFFERENT), name
    assert ours.keys() == theirs.keys()


def test_what_is_stored(sides):
    (_, theirs), (_, ours) = sides
    assert len(theirs) > 20
    assert ours.pop("empty/a.txt")["content"] == b""
    assert ours == theirs
