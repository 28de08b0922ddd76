"""`manage.py storages gc`: CPU and peak memory by the number of files and rows.

The listing is made up by a server that answers nothing else; the rows are in SQLite, in no order. One file in a
thousand has no row, and one row in a thousand no file: the run has to find all of them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import sqlite3
import statistics
import subprocess
import tempfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from harness import CLIENT_CORE, CLIENTS, CREDENTIALS, OUR_PYTHON, OURS, SERVER_CORE, pin, show, versions, write_result

CLIENT = CLIENTS / "gc.py"
PAGE = 1000
ODD = 1000  # one in so many is an orphan, one is missing
SIZES = [10_000, 100_000, 1_000_000]


def name_of(number: int) -> str:
    return f"uploads/{number % 1000:03}/{number:07}-photo.jpg"


class Listing(BaseHTTPRequestHandler):
    """ListObjectsV2 of https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html, of made-up objects."""

    protocol_version = "HTTP/1.1"
    names: list[str] = []

    def do_GET(self):
        query = parse_qs(urlsplit(self.path).query)
        start = int(query.get("continuation-token", ["0"])[0])
        entries = "".join(
            f"<Contents><Key>{name}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>"
            f"<ETag>&quot;9a0364b9e99bb480dd25e1f0284c8555&quot;</ETag><Size>100000</Size></Contents>"
            for name in self.names[start : start + PAGE]
        )
        is_last = start + PAGE >= len(self.names)
        following = "" if is_last else f"<NextContinuationToken>{start + PAGE}</NextContinuationToken>"
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bench</Name>'
            f"<IsTruncated>{str(not is_last).lower()}</IsTruncated>{following}{entries}</ListBucketResult>"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def serve(count: int, address) -> None:
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {SERVER_CORE})
    Listing.names = sorted(name_of(number) for number in range(count))
    server = HTTPServer(("127.0.0.1", 0), Listing)
    address.send(f"http://127.0.0.1:{server.server_port}")
    server.serve_forever()


@contextlib.contextmanager
def listing(count: int):
    """The address of a server that lists so many objects."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(count, there), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def fill(database: Path, count: int) -> None:
    numbers = list(range(count))
    random.Random(1).shuffle(numbers)
    rows = ((name_of(number + count if number % ODD == 1 else number),) for number in numbers if number % ODD)
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute(
            "CREATE TABLE contenttypes_upload (id integer PRIMARY KEY AUTOINCREMENT, file varchar(100) NOT NULL)"
        )
        connection.executemany("INSERT INTO contenttypes_upload (file) VALUES (?)", rows)
        connection.commit()


def run(database: Path, endpoint: str, count: int) -> dict:
    environment = {**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL": endpoint, **OURS}
    done = subprocess.run(
        [OUR_PYTHON, CLIENT, database], env=environment, check=True, stdout=subprocess.PIPE, preexec_fn=pin(CLIENT_CORE)
    )
    cost = json.loads(done.stdout)
    # The file of a row that names a missing one is an orphan too.
    found = (cost["files"], cost["rows"], cost["orphans"], cost["missing"])
    assert found == (count, count - count // ODD, 2 * count // ODD, count // ODD), found
    return cost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for count in SIZES:
            database = Path(folder) / f"{count}.sqlite3"
            fill(database, count)
            with listing(count) as endpoint:
                samples = [run(database, endpoint, count) for _ in range(arguments.rounds)]
            figures = "cpu_s", "wall_s", "started_mib", "peak_mib"
            rows[f"{count:,} files and rows"] = {
                figure: round(statistics.median(sample[figure] for sample in samples), 2) for figure in figures
            }
    show("gc: MiB at most, by files and rows", rows, unit="peak_mib")
    path = write_result("gc", {"files": rows}, rounds=arguments.rounds, peers=versions(OUR_PYTHON, "Django"))
    print(f"\n{path}")


if __name__ == "__main__":
    main()
