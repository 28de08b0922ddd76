"""What the benchmark programs share: the server, pinned and interleaved workers, and the file of results.

CPU time per call is the figure that decides: it repeats on a busy machine, wall time does not. All clients of a row run
in the same interleaved rounds, so ratios between them are fair.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import resource
import shlex
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
PROGRAMS = ROOT / "build" / "static" / "bin"  # what is released is measured
OUR_PYTHON = ROOT / ".venv" / "bin" / "python"
PEER_PYTHON = ROOT / ".venv-peers" / "bin" / "python"
CLIENTS = ROOT / "bench" / "clients"
OURS = {"PYTHONPATH": str(ROOT / "python")}
BUCKET = "bench"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIDBENCH",
    "AWS_SECRET_ACCESS_KEY": "benchbenchbenchbenchbench",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}
CLIENT_CORE, SERVER_CORE = 0, 1


def environment() -> dict[str, str]:
    """Ours without PYTHONPATH, on which `./dev` puts packages that have the names of the peers'."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | CREDENTIALS


def pin(core: int):
    """A function for subprocess' preexec_fn that binds the child to one core, where there are two."""
    return (lambda: os.sched_setaffinity(0, {core})) if (os.cpu_count() or 1) > 1 else None


@contextlib.contextmanager
def null_server():
    """The server that does nothing but answer; see null_server.cpp. Yields its address."""
    process = subprocess.Popen(
        [PROGRAMS / "null_server", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=pin(SERVER_CORE),
    )
    try:
        yield process.stdout.readline().strip().removeprefix("AWS_ENDPOINT_URL=")
    finally:
        process.terminate()
        process.wait()


def requests_so_far(endpoint: str) -> int:
    with urllib.request.urlopen(f"{endpoint}/-") as answer:
        return int(answer.read())


class Worker:
    """A client in a process of its own that runs a number of calls on request and reports what they cost."""

    def __init__(self, name: str, command: list, endpoint: str, extra_env: dict[str, str] | None = None):
        self.name = name
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**environment(), "AWS_ENDPOINT_URL": endpoint, **(extra_env or {})},
            preexec_fn=pin(CLIENT_CORE),
        )

    def run(self, operation: str, calls: int) -> dict:
        self.process.stdin.write(f"{operation} {calls}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"bench: client {self.name} died during {operation}")
        return json.loads(answer)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=30)


class Race:
    """Workers that take turns at the same operations, beside one null server."""

    def __init__(self, endpoint: str, workers: list[Worker], calls: dict[str, int], rounds: int):
        self.endpoint = endpoint
        self.workers = workers
        self._calls = calls
        self._rounds = rounds

    def run(
        self, operation: str, calls: int | None = None, among: Collection[str] = (), prepared_by: str = ""
    ) -> dict[str, dict]:
        """The cost of a call in microseconds by worker, of all of them or those `among` whom it is.

        `calls` a round instead of the participants' own; before each run as many of `prepared_by`, which do not count.
        """
        workers = [worker for worker in self.workers if not among or worker.name in among]
        counts = {worker.name: calls or self._calls[worker.name] for worker in workers}
        requests = {
            worker.name: self._warm_up(worker, operation, counts[worker.name], prepared_by) for worker in workers
        }
        samples: dict[str, list[dict]] = {worker.name: [] for worker in workers}
        for _ in range(self._rounds):
            for worker in workers:
                count = counts[worker.name]
                if prepared_by:
                    worker.run(prepared_by, count)
                samples[worker.name].append(worker.run(operation, count))
        return {name: {**_cost(samples[name], counts[name]), "requests": requests[name]} for name in samples}

    def _warm_up(self, worker: Worker, operation: str, calls: int, prepared_by: str) -> float:
        """Connections, caches, imports; and how many requests a call makes then."""
        warm = max(10, calls // 10)
        if prepared_by:
            worker.run(prepared_by, warm + 10)
        worker.run(operation, warm)
        before = requests_so_far(self.endpoint)
        worker.run(operation, 10)
        return (requests_so_far(self.endpoint) - before) / 10


def _cost(samples: list[dict], calls: int) -> dict[str, float]:
    cpu, wall = ([sample[kind] / calls * 1e6 for sample in samples] for kind in ("cpu", "wall"))
    return {
        "cpu_us": round(statistics.median(cpu), 2),
        "cpu_us_min": round(min(cpu), 2),
        "cpu_us_max": round(max(cpu), 2),
        "wall_us": round(statistics.median(wall), 2),
    }


@contextlib.contextmanager
def race(participants: dict[str, tuple], rounds: int, **extra_env: str):
    """A Race of a worker for each name: (interpreter, program of bench/clients, environment, calls a round), or (None,
    command, ...)."""
    with contextlib.ExitStack() as stack:
        endpoint = stack.enter_context(null_server())
        workers = []
        for name, (python, program, env, _) in participants.items():
            command = [python, CLIENTS / program] if python else program
            worker = Worker(name, command, endpoint, {**env, **extra_env})
            workers.append(stack.enter_context(contextlib.closing(worker)))
        yield Race(endpoint, workers, {name: calls for name, (*_, calls) in participants.items()}, rounds)


def serve_worker(operations: dict) -> None:
    """The other end of Worker: `operations` maps a name to a function of no arguments. The calls are shared among as
    many threads as BENCH_THREADS says."""
    threads = int(os.environ.get("BENCH_THREADS", "1"))
    for line in sys.stdin:
        name, calls = line.split()
        cpu, wall = time.process_time(), time.perf_counter()
        share(operations[name], int(calls), threads)
        cost = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**cost, "peak_mib": peak}), flush=True)


def share(operation, calls: int, threads: int) -> None:
    def repeat(times: int) -> None:
        for _ in range(times):
            operation()

    if threads == 1:
        repeat(calls)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(repeat, [calls // threads] * threads))


def s5cmd() -> str:
    """The binary itself: the package's own launcher is a Python script that would be measured too."""
    return str(next((ROOT / ".venv-peers" / "lib").rglob("bin/s5cmd")))


def versions(python: Path, *packages: str) -> dict[str, str]:
    code = "import importlib.metadata as m,sys,json;print(json.dumps({p:m.version(p) for p in sys.argv[1:]}))"
    return json.loads(subprocess.check_output([python, "-c", code, *packages], text=True))


def processor() -> str:
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else platform.machine()


def write_result(name: str, rows: dict, **details) -> Path:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    system = f"Linux {platform.release().partition('-')[0]}"
    load = f"load average {os.getloadavg()[0]:.1f}"
    record = {
        "command": "./dev bench " + shlex.join([name, *sys.argv[1:]]),
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores, {processor()}, {system}; {load}",
        "python": platform.python_version(),
        **details,
        "rows": rows,
    }
    path.write_text(json.dumps(record, indent=2) + "\n")
    return path


def show(title: str, rows: dict[str, dict], unit: str = "cpu_us", against: str | None = None) -> None:
    print(f"\n{title}")
    for name, row in sorted(rows.items(), key=lambda item: item[1][unit]):
        ratio = f"   {row[unit] / rows[against][unit]:8.2f}x" if against else ""
        print(f"  {name:<28}{row[unit]:>12.2f}{ratio}")
