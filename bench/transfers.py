"""One large object up and down: seconds, CPU and peak memory of whole processes, interleaved."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from harness import BUCKET, PEER_PYTHON, PROGRAMS, environment, null_server, s5cmd, show, versions, write_result

BOTO3 = "import boto3,sys; c=boto3.client('s3'); getattr(c, sys.argv[1])(*sys.argv[2:])"
OPENDAL_UP = """
import opendal, os, sys
o = opendal.Operator("s3", bucket=sys.argv[1], endpoint=os.environ["AWS_ENDPOINT_URL"], region="us-east-1")
with open(sys.argv[3], "rb") as source, o.open(sys.argv[2], "wb") as target:
    while block := source.read(8 << 20):
        target.write(block)
"""
OPENDAL_DOWN = """
import opendal, os, sys
o = opendal.Operator("s3", bucket=sys.argv[1], endpoint=os.environ["AWS_ENDPOINT_URL"], region="us-east-1")
with o.open(sys.argv[2], "rb") as source, open(sys.argv[3], "wb") as target:
    while block := source.read(8 << 20):
        target.write(block)
"""


def run(command: list, env: dict) -> dict:
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"bench: {command[0]} failed with status {os.waitstatus_to_exitcode(status)}: {command}")
    return {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / 1024,
    }


def make_file(path: Path, size: int) -> None:
    block = os.urandom(1 << 20)
    with path.open("wb") as file:
        for _ in range(size >> 20):
            file.write(block)


def jobs(orlop: Path, source: Path, target: Path) -> dict[str, dict[str, list]]:
    url = f"s3://{BUCKET}/large"
    return {
        "upload": {
            "orlop": [orlop, "--quiet", "cp", source, url],
            "OpenDAL": [PEER_PYTHON, "-c", OPENDAL_UP, BUCKET, "large", source],
            "s5cmd": [s5cmd(), "cp", source, url],
            "boto3": [PEER_PYTHON, "-c", BOTO3, "upload_file", source, BUCKET, "large"],
        },
        "download": {
            "orlop": [orlop, "--quiet", "cp", url, target],
            "OpenDAL": [PEER_PYTHON, "-c", OPENDAL_DOWN, BUCKET, "large", target],
            "s5cmd": [s5cmd(), "cp", url, target],
            "boto3": [PEER_PYTHON, "-c", BOTO3, "download_file", BUCKET, "large", target],
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mib", type=int, default=1024)
    arguments = parser.parse_args()

    scratch = Path(tempfile.mkdtemp(prefix="orlop-bench-", dir="/dev/shm"))
    rows: dict[str, dict[str, dict]] = {}
    try:
        source, target = scratch / "source", scratch / "target"
        make_file(source, arguments.mib << 20)
        with null_server() as endpoint:
            env = {**environment(), "AWS_ENDPOINT_URL": endpoint, "S3_ENDPOINT_URL": endpoint}
            for direction, commands in jobs(PROGRAMS / "orlop", source, target).items():
                samples = {name: [] for name in commands}
                for _ in range(arguments.rounds):
                    for name, command in commands.items():
                        target.unlink(missing_ok=True)
                        samples[name].append(run(command, env))
                        if direction == "download" and target.stat().st_size != arguments.mib << 20:
                            raise SystemExit(f"bench: {name} downloaded {target.stat().st_size} bytes")
                rows[direction] = {
                    name: {key: round(statistics.median(sample[key] for sample in values), 3) for key in values[0]}
                    for name, values in samples.items()
                }
                show(f"{direction} of {arguments.mib} MiB: seconds", rows[direction], "seconds", "orlop")
                show(f"{direction} of {arguments.mib} MiB: peak MiB", rows[direction], "peak_mib", "orlop")
    finally:
        shutil.rmtree(scratch)
    path = write_result(
        "transfers",
        rows,
        rounds=arguments.rounds,
        mib=arguments.mib,
        peers=versions(PEER_PYTHON, "opendal", "boto3", "s5cmd"),
    )
    print(f"\n{path}")


if __name__ == "__main__":
    main()
