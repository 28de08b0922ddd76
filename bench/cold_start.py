"""How long it takes until something can be done: the command, and what importing and constructing a storage adds."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import time

from harness import (
    BUCKET,
    OUR_PYTHON,
    OURS,
    PEER_PYTHON,
    PROGRAMS,
    environment,
    null_server,
    s5cmd,
    show,
    versions,
    write_result,
)

PROBE = """
import resource, sys, time, json
from django.conf import settings
settings.configure(
    AWS_STORAGE_BUCKET_NAME="bench", AWS_S3_ENDPOINT_URL="http://127.0.0.1:1", AWS_S3_REGION_NAME="us-east-1"
)
import django.core.files.storage
def now():
    pages = int(open("/proc/self/statm").read().split()[1])
    return time.perf_counter(), time.process_time(), pages * resource.getpagesize()
before = now()
import storages.backends.s3
imported = now()
storage = storages.backends.s3.S3Storage()
made = now()
getattr(storage, "_store", None) or storage.bucket  # what the first request needs
ready = now()
def since(then, name):
    return {f"{name}_ms": (then[0]-before[0])*1e3, f"{name}_cpu_ms": (then[1]-before[1])*1e3,
            f"{name}_rss_mib": (then[2]-before[2])/2**20}
print(json.dumps({**since(imported, "imported"), **since(made, "made"), **since(ready, "ready")}))
"""


def probe(python, env) -> dict:
    return json.loads(subprocess.check_output([python, "-c", PROBE], env={**environment(), **env}))


def milliseconds(command: list[str], env: dict) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env)
    return (time.perf_counter() - started) * 1000


def summary(samples: list[float]) -> dict:
    return {
        "ms": round(statistics.median(samples), 2),
        "ms_min": round(min(samples), 2),
        "ms_max": round(max(samples), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()

    interpreters = {
        "orlop": (OUR_PYTHON, OURS),
        "django-storages": (PEER_PYTHON, {}),
    }
    added = {name: [] for name in interpreters}
    for _ in range(arguments.rounds):
        for name, (python, env) in interpreters.items():
            added[name].append(probe(python, env))
    django = {
        name: {key: round(statistics.median(sample[key] for sample in samples), 2) for key in samples[0]}
        for name, samples in added.items()
    }
    show("Django: ms of CPU that import and construction add", django, "made_cpu_ms", "django-storages")
    show("Django: ms of CPU until a request can be made", django, "ready_cpu_ms", "django-storages")
    show("Django: MiB that import and construction add", django, "made_rss_mib", "django-storages")
    show("Django: MiB until a request can be made", django, "ready_rss_mib", "django-storages")

    orlop = str(PROGRAMS / "orlop")
    with null_server() as endpoint:
        env = {**environment(), "AWS_ENDPOINT_URL": endpoint}
        subprocess.run(
            [orlop, "cp", __file__, f"s3://{BUCKET}/cold/key"], check=True, env=env, stdout=subprocess.DEVNULL
        )
        commands = {
            "orlop version": [orlop, "version"],
            "orlop ls": [orlop, "ls", f"s3://{BUCKET}/cold/"],
            "curl --version": ["curl", "--version"],
            "curl GET of a listing": ["curl", "-s", f"{endpoint}/{BUCKET}?list-type=2&prefix=cold/"],
        }
        commands["s5cmd ls"] = [s5cmd(), "--endpoint-url", endpoint, "ls", f"s3://{BUCKET}/cold/"]
        samples = {name: [] for name in commands}
        for _ in range(arguments.rounds):
            for name, command in commands.items():
                samples[name].append(milliseconds(command, env))
    command_rows = {name: summary(values) for name, values in samples.items()}
    show("Commands: ms from start to end", command_rows, "ms")
    path = write_result(
        "cold_start",
        {"django": django, "commands": command_rows},
        rounds=arguments.rounds,
        peers=versions(PEER_PYTHON, "boto3", "django-storages", "Django"),
    )
    print(f"\n{path}")


if __name__ == "__main__":
    main()
