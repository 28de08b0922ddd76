"""Signed addresses one by one and in bulk, and direct uploads: the view that begins one, and in the view that takes the
form what comes before the row is saved. CPU, in interleaved rounds."""

from __future__ import annotations

import argparse

from harness import (
    OUR_PYTHON,
    OURS,
    PEER_PYTHON,
    ROOT,
    interleave,
    null_server,
    show,
    versions,
    workers_of,
    write_result,
)

IN_BULK = 1000  # names a call of urls()
# name: (interpreter, program, environment, calls a round)
PARTICIPANTS = {
    "orlop Django": (OUR_PYTHON, "signing_django.py", OURS, 20_000),
    "boto3": (PEER_PYTHON, "boto3_client.py", {}, 500),
    "django-storages": (PEER_PYTHON, "signing_django.py", {}, 500),
}


def per_name(row: dict) -> dict:
    return {
        figure: round(value / IN_BULK, 3) if figure.endswith(("us", "min", "max")) else value
        for figure, value in row.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds

    with null_server() as endpoint, workers_of(PARTICIPANTS, endpoint) as workers:
        ours = workers[:1]
        rows = {
            "url": interleave(workers, "url", {name: row[3] for name, row in PARTICIPANTS.items()}, rounds, endpoint)
        }
        bulk = interleave(ours, "urls", {"orlop Django": 50}, rounds, endpoint)
        rows["urls"] = {name: per_name(row) for name, row in bulk.items()}
        rows["begin"] = interleave(ours, "begin", {"orlop Django": 1000}, rounds, endpoint)
        rows["finish"] = interleave(ours, "finish", {"orlop Django": 500}, rounds, endpoint, prepared_by="arrive")
    show("url(): microseconds of CPU an address", rows["url"], against="boto3")
    show("urls() of 1000 names: microseconds of CPU an address", rows["urls"])
    show("the view that begins an upload: microseconds of CPU", rows["begin"])
    show("what finishes one: microseconds of CPU", rows["finish"])
    build = (ROOT / "build" / "extension").read_text().strip()  # "static": as it is released
    peers = versions(PEER_PYTHON, "boto3", "django-storages", "Django")
    print(f"\n{write_result('signing', rows, rounds=rounds, build=build, peers=peers)}")


if __name__ == "__main__":
    main()
