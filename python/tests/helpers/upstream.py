"""django-storages itself, in a virtual environment of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

PYTHON = Path(__file__).resolve().parents[3] / ".venv-upstream" / "bin" / "python"


def need():
    if not PYTHON.exists():
        pytest.skip("no .venv-upstream; ./dev test makes it")
