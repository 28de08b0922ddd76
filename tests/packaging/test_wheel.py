"""The wheel and the static command as `./dev wheel --test` makes them, for the Python that runs the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(bool(os.environ.get("ORLOP_TEST_QUICK")), reason="--quick: the static libraries may have to be built")
def test_wheel_and_static_command(tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    builder = [sys.executable, ROOT / "python/wheel/build.py", "--test", "--python", sys.executable, "--dist", dist]
    done = subprocess.run(builder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1500)
    assert done.returncode == 0, done.stdout
    wheel, command = sorted(dist.glob("*.whl")), dist / "orlop"
    assert len(wheel) == 1 and "-manylinux_2_" in wheel[0].name
    assert subprocess.run([command, "ls", "mem:"]).returncode == 0
