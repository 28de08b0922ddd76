"""What one more storage of Django costs in a process that has some: CPU to make it, and its memory, before its first
call and after what the first call needs."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess

from harness import OUR_PYTHON, OURS, PEER_PYTHON, environment, show, versions, write_result

PROBE = """
import json, os, resource, sys, time, types
site = sys.modules["site_settings"] = types.ModuleType("site_settings")  # a module, as sites have it
site.AWS_STORAGE_BUCKET_NAME = "bench"
site.AWS_S3_ENDPOINT_URL = "http://127.0.0.1:1"
site.AWS_S3_REGION_NAME = "us-east-1"
os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
from storages.backends.s3 import S3Storage

def ready(storage):  # what the first request needs
    getattr(storage, "_store", None) or storage.bucket

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

count = int(sys.argv[1])
for number in range(10):
    ready(S3Storage(location=f"warm{number}"))
before, cpu = resident(), time.process_time()
storages = [S3Storage(location=f"tenant{number}") for number in range(count)]
made, made_cpu = resident(), time.process_time()
for storage in storages:
    ready(storage)
used, used_cpu = resident(), time.process_time()
print(json.dumps({
    "made_us": (made_cpu - cpu) / count * 1e6, "made_kib": (made - before) / count / 1024,
    "ready_us": (used_cpu - cpu) / count * 1e6, "ready_kib": (used - before) / count / 1024,
}))
"""
# name: (interpreter, environment, storages)
PARTICIPANTS = {
    "orlop": (OUR_PYTHON, OURS, 2000),
    "django-storages": (PEER_PYTHON, {}, 50),
}


def probe(python, env: dict, count: int) -> dict:
    command = [python, "-c", PROBE, str(count)]
    return json.loads(subprocess.check_output(command, env={**environment(), **env}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()

    samples = {name: [] for name in PARTICIPANTS}
    for _ in range(arguments.rounds):
        for name, participant in PARTICIPANTS.items():
            samples[name].append(probe(*participant))
    rows = {
        name: {key: round(statistics.median(sample[key] for sample in taken), 2) for key in taken[0]}
        for name, taken in samples.items()
    }
    show("microseconds of CPU to make one more", rows, "made_us", "django-storages")
    show("KiB one more takes", rows, "made_kib")
    show("KiB of one that is ready for its first request", rows, "ready_kib")
    path = write_result(
        "many_storages",
        {"storage": rows},
        rounds=arguments.rounds,
        peers=versions(PEER_PYTHON, "boto3", "django-storages", "Django"),
    )
    print(f"\n{path}")


if __name__ == "__main__":
    main()
