"""The boto tutorial's calls, with boto itself and with the names of boto over the engine: what comes of them is the
same. What is meant to differ stands in docs/object-api.md."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BOTO = ROOT / ".venv-boto" / "bin" / "python"
SCRIPT = ROOT / "python" / "tests" / "boto_era" / "tutorial.py"


def with_prefix(script: str) -> str:
    """What somebody does who moves: the imports, and nothing else."""
    script = re.sub(r"^import boto$", "from orlop.compat import boto", script, flags=re.MULTILINE)
    return re.sub(r"^( *)from boto\b", r"\1from orlop.compat.boto", script, flags=re.MULTILINE)


def outcomes(python, script, place, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "script.py").write_text(script, encoding="utf-8")
    host, _, port = place.endpoint.partition("://")[2].partition(":")
    bucket = f"orlop-boto-{os.getpid()}-{folder.name}"
    task = {"host": host, "port": int(port), "key": place.key, "secret": place.secret, "bucket": bucket}
    done = subprocess.run(
        [str(python), str(folder / "script.py")],
        input=json.dumps({**task, "folder": str(folder)}),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "python")},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(re.sub(r"Signature=[^&\"]*", "Signature=SIGNED", done.stdout.replace(bucket, "BUCKET")))


@pytest.fixture(scope="module")
def ours(any_server, tmp_path_factory):
    if any_server.endpoint.startswith("https"):
        pytest.skip("the script speaks plain HTTP")
    if any_server.dialect == "s3proxy":
        pytest.skip("S3Proxy has no ACLs of objects")
    found = outcomes(
        sys.executable, with_prefix(SCRIPT.read_text(encoding="utf-8")), any_server, tmp_path_factory.mktemp("ours")
    )
    assert found.pop("") == "orlop.compat.boto"
    return found


def failures(outcomes):
    return {name for name, outcome in outcomes.items() if isinstance(outcome, dict) and "raised" in outcome}


@pytest.fixture
def acls(any_server):
    """The steps that need lists with a meaning; MinIO has them in name only."""
    names = "copy_with_acl canned_on_keys canned_on_buckets access_control_policy grants policy_as_xml nobody headers"
    return set(names.split()) if any_server.dialect == "minio" else set()


def test_every_call_does_something(ours, acls):
    assert not {name: ours[name] for name in failures(ours) - acls}
    assert len(ours) > 30


def test_as_with_boto(ours, acls, any_server, tmp_path):
    if not BOTO.exists():
        pytest.skip("no .venv-boto; ./dev test makes it")
    if subprocess.run([BOTO, "-c", "import boto"], capture_output=True, check=False).returncode:
        pytest.skip("this Python cannot import boto")
    theirs = outcomes(BOTO, SCRIPT.read_text(encoding="utf-8"), any_server, tmp_path / "theirs")
    assert theirs.pop("") == "boto"
    assert ours.keys() == theirs.keys()
    comparable = ours.keys() - acls - failures(theirs)
    assert len(comparable) > 25
    assert not {name: (ours[name], theirs[name]) for name in comparable if ours[name] != theirs[name]}
