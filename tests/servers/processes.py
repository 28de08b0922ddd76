"""Starting server processes on loopback, waiting until they answer, and ending them."""

from __future__ import annotations

import os
import random
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

START_TIMEOUT = 120  # a busy machine with two cores


class NotReady(Exception):
    """A server that ended, or did not answer in time; the message ends with its log."""


class Group:
    """The processes of one server, with their log in its folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.processes: list[subprocess.Popen] = []

    def start(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> None:
        with open(self.folder / f"{name}.out", "wb") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd=self.folder,
                start_new_session=True,  # a Ctrl-C of the tests must not end the servers before their clients
            )
        self.processes.append(process)

    def run(self, *command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, timeout=START_TIMEOUT, cwd=self.folder)
        if done.returncode:
            raise NotReady(f"{command[0]} failed: {done.stderr.strip()[-2000:]}")
        return done.stdout

    def run_until_done(self, *command: str) -> None:
        """As run(), again and again while it fails."""

        def done() -> bool:
            try:
                self.run(*command)
            except NotReady:
                return False
            return True

        self._wait(command[0], done)

    def wait_port(self, port: int) -> None:
        def answers() -> bool:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return True

        self._wait(f"port {port}", answers)

    def wait_http(self, url: str, ca: Path | None = None) -> None:
        context = ssl.create_default_context(cafile=str(ca)) if ca else None

        def answers() -> bool:
            try:
                with urllib.request.urlopen(url, timeout=2, context=context) as reply:
                    return reply.status == 200
            except urllib.error.HTTPError:
                return False

        self._wait(url, answers)

    def _wait(self, what: str, answers: Callable[[], bool]) -> None:
        end = time.monotonic() + START_TIMEOUT
        while time.monotonic() < end:
            for process in self.processes:
                if process.poll() is not None:
                    raise NotReady(f"{process.args[0]} ended with {process.returncode}\n{self.logs()}")
            try:
                if answers():
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise NotReady(f"{what} did not answer within {START_TIMEOUT} s\n{self.logs()}")

    def logs(self) -> str:
        return "\n".join(
            f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            for log in sorted(self.folder.glob("*.out"))
        )


def identity(pid: int) -> str | None:
    """What tells a process from a later one with the same number: its start time; None when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def end(processes: dict[int, str | None], patience: float = 2) -> None:
    """Ends processes (number to identity) politely, then by force; what they hold is thrown away anyway."""
    for sent, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5)):
        for pid in _alive(processes):
            os.kill(pid, sent)
        deadline = time.monotonic() + seconds
        while _alive(processes) and time.monotonic() < deadline:
            _reap()
            time.sleep(0.02)
    _reap()


def _alive(processes: dict[int, str | None]) -> list[int]:
    return [pid for pid, known in processes.items() if known is not None and identity(pid) == known]


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


_given: set[int] = set()


def free_ports(count: int = 1) -> int:
    """The first of `count` free ports in a row, below the range from which clients' own ports are taken."""
    for _ in range(1000):
        first = random.randrange(15000, 32000)
        ports = range(first, first + count)
        if not _given.intersection(ports) and all(_is_free(port) for port in ports):
            _given.update(ports)
            return first
    raise NotReady("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
