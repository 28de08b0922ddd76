"""One side of the comparison: runs the scenarios against the `storages` it finds, and prints their outcomes as JSON.

What it is to do comes on standard input: {"server": {...}, "only": [names] or null}.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import json
import os
import pkgutil
import sys
import traceback
from pathlib import Path

from helpers import django_site


def read_descriptions_once():
    """Every session of boto3 reads megabytes of JSON anew; thousands of storages here need not."""
    import botocore.loaders

    botocore.loaders.create_loader = functools.cache(botocore.loaders.create_loader)


def main():
    read_descriptions_once()
    task = json.load(sys.stdin)
    django_site.set_up()
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

    from parity import harness, scenarios

    for module in pkgutil.iter_modules(scenarios.__path__):
        importlib.import_module(f"parity.scenarios.{module.name}")

    import storages

    numbers = itertools.count(1)
    outcomes = {"": str(Path(storages.__file__).parent)}
    for name, scenario in harness.SCENARIOS.items():
        if task.get("only") and name not in task["only"]:
            continue
        site = harness.Site(task["server"], f"parity-{task['side']}-{os.getpid()}-{next(numbers)}")
        try:
            outcome = harness.plain(scenario(site))
            outcomes[name] = json.loads(json.dumps(outcome).replace(site.bucket_name, "BUCKET"))
        except Exception:
            outcomes[name] = {"broken": traceback.format_exc()}
    json.dump(outcomes, sys.stdout)


if __name__ == "__main__":
    main()
