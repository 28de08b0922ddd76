"""aexists and a read of 4 KiB on one event loop, 64 in flight: CPU a call, in the same interleaved rounds."""

from __future__ import annotations

import argparse

from harness import OUR_PYTHON, OURS, PEER_PYTHON, race, show, versions, write_result

CALLS = 4000  # a round
# name: (interpreter, program, environment, calls a round)
PARTICIPANTS = {
    "orlop handle": (OUR_PYTHON, "orlop_handle_async.py", OURS, CALLS),
    "orlop Django": (OUR_PYTHON, "django_storage_async.py", OURS, CALLS),
    "OpenDAL": (PEER_PYTHON, "opendal_operator_async.py", {}, CALLS),
    "obstore": (PEER_PYTHON, "obstore_store_async.py", {}, CALLS),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()

    rows = {}
    with race(PARTICIPANTS, arguments.rounds) as clients:
        for operation in ("head", "get"):
            rows[operation] = clients.run(operation)
            show(f"{operation}, 64 in flight: microseconds of CPU a call", rows[operation], against="orlop handle")
    path = write_result(
        "async_requests", rows, rounds=arguments.rounds, peers=versions(PEER_PYTHON, "opendal", "obstore")
    )
    print(f"\n{path}")


if __name__ == "__main__":
    main()
