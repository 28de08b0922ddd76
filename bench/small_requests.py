"""exists, open().read() and save of 4 KiB, one at a time: CPU a call, all clients in the same interleaved rounds."""

from __future__ import annotations

import argparse

from harness import OUR_PYTHON, OURS, PEER_PYTHON, PROGRAMS, race, show, versions, write_result

# name: (interpreter, program or command, environment, calls a round)
PARTICIPANTS = {
    "the system's libcurl (limit)": (None, [PROGRAMS / "libcurl_bench"], {}, 2000),
    "Orlop's libcurl (limit)": (None, [PROGRAMS / "http_bench", "--worker"], {}, 2000),
    "orlop transport": (None, [PROGRAMS / "http_bench", "--worker", "--transport"], {}, 2000),
    "orlop driver": (None, [PROGRAMS / "storage_bench", "--driver"], {}, 2000),
    "orlop storage": (None, [PROGRAMS / "storage_bench"], {}, 2000),
    "orlop handle": (OUR_PYTHON, "orlop_handle.py", OURS, 2000),
    "orlop Django": (OUR_PYTHON, "django_storage.py", OURS, 2000),
    "OpenDAL": (PEER_PYTHON, "opendal_operator.py", {}, 2000),
    "obstore": (PEER_PYTHON, "obstore_store.py", {}, 2000),
    "boto3": (PEER_PYTHON, "boto3_client.py", {}, 200),
    "django-storages": (PEER_PYTHON, "django_storage.py", {}, 100),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()

    rows = {}
    with race(PARTICIPANTS, arguments.rounds) as clients:
        for operation in ("head", "get", "put"):
            rows[operation] = clients.run(operation)
            show(f"{operation}: microseconds of CPU a call", rows[operation], against="the system's libcurl (limit)")
    path = write_result(
        "small_requests",
        rows,
        rounds=arguments.rounds,
        peers=versions(PEER_PYTHON, "opendal", "obstore", "boto3", "django-storages", "Django"),
    )
    print(f"\n{path}")


if __name__ == "__main__":
    main()
