"""exists, open().read() and save of 4 KiB, one at a time: CPU a call, all clients in the same interleaved rounds."""

from __future__ import annotations

import argparse

from harness import (
    OUR_PYTHON,
    PEER_PYTHON,
    PROGRAMS,
    ROOT,
    Worker,
    interleave,
    null_server,
    show,
    versions,
    write_result,
)

CLIENTS = ROOT / "bench" / "clients"
OURS = {"PYTHONPATH": str(ROOT / "python")}
# name: (interpreter, program or command, environment, calls a round)
PARTICIPANTS = {
    "libcurl (limit)": (None, [PROGRAMS / "http_bench", "--worker"], {}, 2000),
    "orlop transport": (None, [PROGRAMS / "http_bench", "--worker", "--transport"], {}, 2000),
    "orlop driver": (None, [PROGRAMS / "storage_bench", "--driver"], {}, 2000),
    "orlop storage": (None, [PROGRAMS / "storage_bench"], {}, 2000),
    "orlop handle": (OUR_PYTHON, CLIENTS / "orlop_handle.py", OURS, 2000),
    "orlop Django": (OUR_PYTHON, CLIENTS / "django_storage.py", OURS, 2000),
    "OpenDAL": (PEER_PYTHON, CLIENTS / "opendal_operator.py", {}, 2000),
    "obstore": (PEER_PYTHON, CLIENTS / "obstore_store.py", {}, 2000),
    "boto3": (PEER_PYTHON, CLIENTS / "boto3_client.py", {}, 200),
    "django-storages": (PEER_PYTHON, CLIENTS / "django_storage.py", {}, 100),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()

    rows = {}
    with null_server() as endpoint:
        workers = []
        for name, (python, program, env, _) in PARTICIPANTS.items():
            command = [python, program] if python else program
            workers.append(Worker(name, command, endpoint, env))
        calls = {name: participant[3] for name, participant in PARTICIPANTS.items()}
        for operation in ("head", "get", "put"):
            rows[operation] = interleave(workers, operation, calls, arguments.rounds, endpoint)
            show(f"{operation}: microseconds of CPU a call", rows[operation], against="libcurl (limit)")
        for worker in workers:
            worker.close()
    path = write_result(
        "small_requests",
        rows,
        rounds=arguments.rounds,
        peers=versions(PEER_PYTHON, "opendal", "obstore", "boto3", "django-storages", "Django"),
    )
    print(f"\n{path}")


if __name__ == "__main__":
    main()
