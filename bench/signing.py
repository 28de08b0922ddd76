"""Signed addresses one by one and in bulk, CloudFront's among them; and direct uploads: the view that begins one, and
in the view that takes the form what comes before the row is saved. CPU, in interleaved rounds."""

from __future__ import annotations

import argparse

from harness import OUR_PYTHON, OURS, PEER_PYTHON, ROOT, race, show, versions, write_result

IN_BULK = 1000  # names a call of urls()
# name: (interpreter, program, environment, calls a round)
PARTICIPANTS = {
    "orlop Django": (OUR_PYTHON, "signing_django.py", OURS, 20_000),
    "boto3": (PEER_PYTHON, "boto3_client.py", {}, 500),
    "django-storages": (PEER_PYTHON, "signing_django.py", {}, 500),
}
OURS_ALONE = ["orlop Django"]
OF_DJANGO = ["orlop Django", "django-storages"]


def per_name(row: dict) -> dict:
    return {
        figure: round(value / IN_BULK, 3) if figure.endswith(("us", "min", "max")) else value
        for figure, value in row.items()
    }


def sum_of(first: dict, second: dict) -> dict:
    figures = "cpu_us", "wall_us", "requests"  # a sum of extremes would be that of no run
    return {
        client: {figure: round(row[figure] + second[client][figure], 2) for figure in figures}
        for client, row in first.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds

    rows = {}
    with race(PARTICIPANTS, rounds) as clients:
        rows["url"] = clients.run("url")
        bulk = clients.run("urls", 50, among=OURS_ALONE)
        rows["urls"] = {name: per_name(row) for name, row in bulk.items()}
        rows["cloudfront"] = clients.run("cloudfront", 200, among=OF_DJANGO)
        rows["begin"] = clients.run("begin", 1000, among=OURS_ALONE)
        rows["finish"] = clients.run("finish", 500, among=OURS_ALONE, prepared_by="arrive")
        rows["upload"] = sum_of(rows["begin"], rows["finish"])
    show("url(): microseconds of CPU an address", rows["url"], against="boto3")
    show("urls() of 1000 names: microseconds of CPU an address", rows["urls"])
    show("CloudFront's, one by one: microseconds of CPU", rows["cloudfront"], against="django-storages")
    show("the view that begins an upload: microseconds of CPU", rows["begin"])
    show("what finishes one: microseconds of CPU", rows["finish"])
    show("both: microseconds of CPU", rows["upload"])
    build = (ROOT / "build" / "extension").read_text().strip()  # "static": as it is released
    peers = versions(PEER_PYTHON, "boto3", "django-storages", "Django")
    print(f"\n{write_result('signing', rows, rounds=rounds, build=build, peers=peers)}")


if __name__ == "__main__":
    main()
