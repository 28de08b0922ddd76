"""exists and open().read() from many threads at once: CPU a call, and the memory that so many threads take."""

from __future__ import annotations

import argparse

from harness import (
    CLIENTS,
    OUR_PYTHON,
    OURS,
    PEER_PYTHON,
    PROGRAMS,
    Worker,
    interleave,
    null_server,
    show,
    versions,
    workers_of,
    write_result,
)

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
    with null_server() as endpoint, workers_of(PARTICIPANTS, endpoint, BENCH_THREADS=str(threads)) as workers:
        calls = {name: participant[3] for name, participant in PARTICIPANTS.items()}
        for operation in ("head", "get"):
            rows[f"{operation} {threads}"] = interleave(workers, operation, calls, rounds, endpoint)
            show(f"{operation}, {threads} threads: microseconds of CPU a call", rows[f"{operation} {threads}"])
        rows[f"memory {threads}"] = {worker.name: memory(worker, endpoint) for worker in workers}
    show(f"{threads} threads: MiB over the bare interpreter", rows[f"memory {threads}"], "over_mib")
    return rows


def memory(worker: Worker, endpoint: str) -> dict[str, float]:
    """The peak of a worker that has done its rounds, and what it is over the interpreter alone."""
    python = PARTICIPANTS[worker.name][0]
    bare = 0.0
    if python:
        empty = Worker("bare Python", [python, BARE], endpoint)
        bare = empty.run("nothing", 1)["peak_mib"]
        empty.close()
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
