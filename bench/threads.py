"""exists and open().read() from many threads at once: CPU a call, and the memory that so many threads take."""

from __future__ import annotations

import argparse
import contextlib

from harness import CLIENTS, OUR_PYTHON, OURS, PEER_PYTHON, PROGRAMS, Worker, race, show, versions, write_result

BARE = CLIENTS / "bare_python.py"
# name: (interpreter, program, environment, calls a round)
PARTICIPANTS = {
    "orlop storage": (None, [PROGRAMS / "storage_bench"], {}, 6400),
    "orlop handle": (OUR_PYTHON, "orlop_handle.py", OURS, 6400),
    "orlop Django": (OUR_PYTHON, "django_storage.py", OURS, 6400),
    "OpenDAL": (PEER_PYTHON, "opendal_operator.py", {}, 6400),
    "obstore": (PEER_PYTHON, "obstore_store.py", {}, 6400),
    "django-storages": (PEER_PYTHON, "django_storage.py", {}, 320),
}


def run(threads: int, rounds: int) -> dict[str, dict]:
    rows = {}
    with race(PARTICIPANTS, rounds, BENCH_THREADS=str(threads)) as clients:
        for operation in ("head", "get"):
            rows[f"{operation} {threads}"] = clients.run(operation)
            show(f"{operation}, {threads} threads: microseconds of CPU a call", rows[f"{operation} {threads}"])
        rows[f"memory {threads}"] = {worker.name: memory(worker, clients.endpoint) for worker in clients.workers}
    show(f"{threads} threads: MiB over the bare interpreter", rows[f"memory {threads}"], "over_mib")
    return rows


def memory(worker: Worker, endpoint: str) -> dict[str, float]:
    """The peak of a worker that has done its rounds, and what it is over the interpreter alone."""
    python = PARTICIPANTS[worker.name][0]
    bare = 0.0
    if python:
        with contextlib.closing(Worker("bare Python", [python, BARE], endpoint)) as empty:
            bare = empty.run("nothing", 1)["peak_mib"]
    peak = worker.run("head", 64)["peak_mib"]
    return {"peak_mib": round(peak, 2), "over_mib": round(peak - bare, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    rows = run(64, arguments.rounds) | run(8, arguments.rounds)
    path = write_result(
        "threads",
        rows,
        rounds=arguments.rounds,
        peers=versions(PEER_PYTHON, "opendal", "obstore", "boto3", "django-storages", "Django"),
    )
    print(f"\n{path}")


if __name__ == "__main__":
    main()
