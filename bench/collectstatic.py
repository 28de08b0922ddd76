"""collectstatic: first runs of 1,000 and 10,000 files, and runs in which nothing changed.

Every run is a process of its own, as a deploy is; all clients take turns. Peers start an unchanged run from the bucket
that Orlop filled; Collectfasta also from the cache of a run before. Requests are counted in the client.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from harness import (
    CLIENT_CORE,
    CLIENTS,
    CREDENTIALS,
    OUR_PYTHON,
    OURS,
    PEER_PYTHON,
    PROGRAMS,
    RESULTS,
    SERVER_CORE,
    pin,
    show,
    versions,
    write_result,
)

CLIENT = CLIENTS / "collectstatic.py"
LOCAL = "Django, local disk"
# name: (interpreter, environment, storage, --plain or collectfasta)
PARTICIPANTS = {
    "plain": {
        LOCAL: (OUR_PYTHON, OURS, "local", "plain"),
        "orlop": (OUR_PYTHON, OURS, "S3StaticStorage", ""),
        "orlop --plain": (OUR_PYTHON, OURS, "S3StaticStorage", "plain"),
        "Collectfasta": (PEER_PYTHON, {}, "S3StaticStorage", "collectfasta"),
        "django-storages": (PEER_PYTHON, {}, "S3StaticStorage", "plain"),
    },
    "manifest": {
        LOCAL: (OUR_PYTHON, OURS, "localmanifest", "plain"),
        "orlop": (OUR_PYTHON, OURS, "S3ManifestStaticStorage", ""),
        "orlop --plain": (OUR_PYTHON, OURS, "S3ManifestStaticStorage", "plain"),
        "django-storages": (PEER_PYTHON, {}, "S3ManifestStaticStorage", "plain"),
    },
}


# storage, files, run, whether with those who take long
ROWS = [
    ("plain", 1_000, "first", True),
    ("plain", 10_000, "unchanged", True),
    ("manifest", 1_000, "first", True),
    ("manifest", 1_000, "unchanged", True),
    ("plain", 10_000, "first", False),
    ("manifest", 10_000, "first", False),
    ("manifest", 10_000, "unchanged", False),
]
# Measured once where every file costs them requests.
SLOW = ("django-storages", "orlop --plain")


def make_files(folder: Path, count: int) -> None:
    """Images, scripts, and styles that name images, of 4 KiB."""
    dice = random.Random(1)
    for number in range(count):
        place = folder / f"{number // 100:03}"
        place.mkdir(exist_ok=True, parents=True)
        if number % 10 < 7:
            (place / f"{number}.png").write_bytes(dice.randbytes(4096))
        elif number % 10 < 9:
            (place / f"{number}.js").write_text(f"// {number}\n" + "call();\n" * 510)
        else:
            rule = f'a {{ background: url("{number - 9}.png"); }}\n'
            (place / f"{number}.css").write_text(rule + "b { color: red; }\n" * 225)


class Server:
    """orlop serve, one process for the whole run."""

    def __init__(self):
        self.process = subprocess.Popen(
            [PROGRAMS / "orlop", "serve", "mem:", "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **CREDENTIALS},
            preexec_fn=pin(SERVER_CORE),
        )
        lines = [self.process.stdout.readline().strip() for _ in range(3)]
        self.environment = {**CREDENTIALS, **dict(line.split("=", 1) for line in lines)}

    def bucket(self, name: str) -> None:
        command = [PROGRAMS / "orlop", "mb", f"s3://{name}"]
        subprocess.run(command, check=True, env={**os.environ, **self.environment})

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


def run(participant, files: Path, place: str, server: Server) -> dict:
    python, extra, storage, how = participant
    done = subprocess.run(
        [python, CLIENT, storage, how, files, place],
        # The peers' `storages` is not ours; caches go where everything of the run is.
        env={**os.environ, "PYTHONPATH": "", "TMPDIR": str(files.parent), **server.environment, **extra},
        preexec_fn=pin(CLIENT_CORE),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def summary(samples: list[dict]) -> dict:
    return {
        "cpu_s": round(statistics.median(sample["cpu"] for sample in samples), 3),
        "cpu_s_min": round(min(sample["cpu"] for sample in samples), 3),
        "cpu_s_max": round(max(sample["cpu"] for sample in samples), 3),
        "wall_s": round(statistics.median(sample["wall"] for sample in samples), 2),
        "rss_mib": max(sample["rss_mib"] for sample in samples),
        "requests": samples[-1]["requests"],
    }


def measure(participants: dict, files: Path, rounds: int, server: Server, work: Path, filled: bool) -> dict:
    """CPU seconds, wall seconds, memory and requests of one run, by participant."""
    samples: dict[str, list[dict]] = {name: [] for name in participants}
    shared = f"filled-{time.time_ns()}"
    if filled:
        server.bucket(shared)
        run(participants["orlop"], files, shared, server)
        run(participants[LOCAL], files, work / shared, server)
        if "Collectfasta" in participants:
            run(participants["Collectfasta"], files, shared, server)  # fills its cache
    for turn in range(rounds):
        for name, participant in participants.items():
            if turn and name in SLOW and filled:
                continue
            place = shared
            if not filled:
                place = f"first-{time.time_ns()}"
                server.bucket(place)
            samples[name].append(run(participant, files, work / place if name == LOCAL else place, server))
    return {name: summary(taken) for name, taken in samples.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="the rows whose names contain this; the others stay as they are")
    arguments = parser.parse_args()

    rows: dict[str, dict] = {}
    if arguments.only:
        rows = json.loads((RESULTS / "collectstatic.json").read_text())["rows"]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        server = Server()
        for kind, count, title, everybody in ROWS:
            row = f"{kind}, {count:,} files, {title}"
            if arguments.only not in row:
                continue
            files = work / str(count)
            if not files.exists():
                make_files(files, count)
            participants = {
                name: participant
                for name, participant in PARTICIPANTS[kind].items()
                if everybody or name in (LOCAL, "orlop")
            }
            rows[row] = measure(participants, files, arguments.rounds, server, work, title == "unchanged")
            show(f"{row}: seconds of CPU", rows[row], unit="cpu_s", against=LOCAL)
            # After each row: the whole takes its time.
            path = write_result(
                "collectstatic",
                rows,
                rounds=arguments.rounds,
                peers=versions(PEER_PYTHON, "django-storages", "boto3", "Collectfasta", "Django"),
            )
        server.close()
    print(f"\n{path}")


if __name__ == "__main__":
    main()
