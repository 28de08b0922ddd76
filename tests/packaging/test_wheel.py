"""The wheel and the static command, as `./dev wheel --test` makes them, for the Python that runs the tests."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

BUILDER = Path(__file__).resolve().parents[2] / "python/wheel/build.py"
QUICK = bool(os.environ.get("ORLOP_TEST_QUICK"))


def prefix_is_there() -> bool:
    module = importlib.util.module_from_spec(specification := importlib.util.spec_from_file_location("build", BUILDER))
    specification.loader.exec_module(module)
    return module.prefix_folder().exists()


def test_wheel_and_static_command(tmp_path: Path) -> None:
    if QUICK:
        pytest.skip("--quick")
    if not prefix_is_there():
        pytest.skip(
            "the static libraries take minutes to build; ./dev wheel does, and keeps them (docs/decisions/0031)"
        )
    dist = tmp_path / "dist"
    command = [sys.executable, BUILDER, "--test", "--python", sys.executable, "--dist", dist]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1500)
    assert done.returncode == 0, done.stdout
    (wheel,) = dist.glob("*.whl")
    assert "-manylinux_2_" in wheel.name
