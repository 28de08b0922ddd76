"""A PostgreSQL of the tests' own: a cluster in a temporary folder, with a socket there and no port."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from servers.processes import NotReady

USER = "orlop"
# Debian keeps the programs of each version in a folder of its own, and makes this account.
DEBIAN = Path("/usr/lib/postgresql")
ACCOUNT = "postgres"

# Nothing here is meant to outlive the machine.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "deadlock_timeout": "100ms",
    "shared_buffers": "16MB",
    "max_connections": "30",
}


def programs() -> Path | None:
    """The folder of initdb and pg_ctl."""
    found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    elsewhere = shutil.which("initdb")
    return Path(elsewhere).resolve().parent if elsewhere else None


@contextlib.contextmanager
def running() -> Iterator[dict[str, str]]:
    """What Django is told of the database: NAME, USER and HOST."""
    found = programs()
    if found is None:
        raise NotReady("there is no PostgreSQL here; the package is postgresql")
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="orlop-pg-", dir=memory if os.access(memory, os.W_OK) else None))
    try:
        with _cluster(found, folder):
            yield {"NAME": "postgres", "USER": USER, "HOST": str(folder)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _cluster(programs: Path, folder: Path) -> Iterator[None]:
    if _is_root():
        shutil.chown(folder, ACCOUNT)
    data = str(folder / "data")
    options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
    _run(folder, programs / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
    _run(folder, programs / "pg_ctl", "-D", data, "-w", "-o", f"{options} -k {folder}", "start")
    try:
        yield
    finally:
        _run(folder, programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")


def _is_root() -> bool:
    """Whom the server does not run as."""
    return os.geteuid() == 0


def _run(folder: Path, program: Path, *arguments: str) -> None:
    account = ACCOUNT if _is_root() else None
    with open(folder / "log", "ab") as log:
        done = subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            user=account,
            group=account,
            timeout=60,
        )
    if done.returncode:
        raise NotReady(f"{program.name} failed\n{(folder / 'log').read_text()[-2000:]}")
