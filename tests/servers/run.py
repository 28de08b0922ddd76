#!/usr/bin/env python3
"""Starts and stops the real S3 servers the tests run against. README.md here says what the tests are told."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from servers import processes, recipes, tls
from servers.cache import CannotGet, say


def main() -> int:
    arguments = _parser().parse_args()
    try:
        return arguments.action(arguments)
    except (CannotGet, processes.NotReady) as error:
        print(f"servers: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for name, action, text in (
        ("install", install, "get the servers into the cache folder"),
        ("start", start, "start servers and write what the tests need to the environment file"),
        ("run", run, "run a command with servers up, and stop them after it"),
        ("stop", stop, "stop what `start` started"),
    ):
        verb = verbs.add_parser(name, help=text, description=text)
        verb.set_defaults(action=action)
        if name != "stop":
            verb.add_argument("servers", nargs="+", choices=list(recipes.RECIPES), metavar="SERVER")
        if name in ("start", "stop"):
            verb.add_argument("--env-file", type=Path, required=True)
        if name == "run":
            verb.add_argument("--command", nargs=argparse.REMAINDER, required=True, metavar="CMD")
    return parser


def install(arguments: argparse.Namespace) -> int:
    for name in arguments.servers:
        recipes.INSTALLERS[name]()
        say(f"{name} is there")
    return 0


def start(arguments: argparse.Namespace) -> int:
    fleet = Fleet()
    fleet.start(arguments.servers)
    state = {"folder": str(fleet.folder), "processes": fleet.processes()}
    _state_file(arguments.env_file).write_text(json.dumps(state))
    arguments.env_file.write_text("".join(f"{name}={value}\n" for name, value in fleet.environment.items()))
    return 0


def stop(arguments: argparse.Namespace) -> int:
    file = _state_file(arguments.env_file)
    if file.exists():
        state = json.loads(file.read_text())
        processes.end({int(pid): known for pid, known in state["processes"].items()})
        shutil.rmtree(state["folder"], ignore_errors=True)
        file.unlink()
        arguments.env_file.unlink(missing_ok=True)
    return 0


def run(arguments: argparse.Namespace) -> int:
    fleet = Fleet()
    fleet.start(arguments.servers)
    try:
        return subprocess.run(arguments.command, env={**os.environ, **fleet.environment}).returncode
    finally:
        fleet.stop()


def _state_file(env_file: Path) -> Path:
    return env_file.with_name(env_file.name + ".state")


class Fleet:
    """Servers that share a folder, a CA and a key pair."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="orlop-servers-", dir=_quick_folder()))
        self.environment: dict[str, str] = {}
        self._groups: list[processes.Group] = []

    def start(self, names: list[str]) -> None:
        settings = recipes.Settings("orloptester", secrets.token_hex(20), self.folder / "tls")
        tls.make(settings.certificates)
        for name in names:
            recipes.INSTALLERS[name]()
        started = time.monotonic()
        self._groups = [processes.Group(self.folder / name) for name in names]
        try:
            with ThreadPoolExecutor() as pool:
                calls = [
                    pool.submit(recipes.RECIPES[name], group, settings) for name, group in zip(names, self._groups)
                ]
            endpoints = dict(zip(names, (call.result() for call in calls)))
        except BaseException:
            self.stop()
            raise
        self.environment = {
            "ORLOP_TEST_SERVERS": ",".join(names),
            "ORLOP_TEST_S3_KEY": settings.key,
            "ORLOP_TEST_S3_SECRET": settings.secret,
            "ORLOP_TEST_CA": str(settings.certificates / "ca.pem"),
            "ORLOP_TEST_CERTIFICATES": str(settings.certificates),
        }
        for name, where in endpoints.items():
            self.environment[f"ORLOP_TEST_{name.upper()}_HTTP"] = where.http
            self.environment[f"ORLOP_TEST_{name.upper()}_HTTPS"] = where.https
        say(f"{', '.join(names)} answer after {time.monotonic() - started:.1f} s")

    def processes(self) -> dict[int, str | None]:
        return {p.pid: processes.identity(p.pid) for group in self._groups for p in group.processes}

    def stop(self) -> None:
        processes.end(self.processes())
        shutil.rmtree(self.folder, ignore_errors=True)


def _quick_folder() -> str | None:
    """Memory, when there is plenty: start-up and small writes are then not bound by fsync."""
    try:
        free = shutil.disk_usage("/dev/shm").free
    except OSError:
        return None
    return "/dev/shm" if free > 4 << 30 and os.access("/dev/shm", os.W_OK) else None


if __name__ == "__main__":
    sys.exit(main())
