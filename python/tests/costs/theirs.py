"""Makes the operations the test at the other end of the pipe names, with django-storages."""

from __future__ import annotations

import json
import sys

from helpers import django_site


def main():
    django_site.set_up()
    from parity.side import read_descriptions_once

    from costs.operations import OPERATIONS, storage_for

    read_descriptions_once()

    for line in sys.stdin:
        text, options = json.loads(line)
        options.pop("dialect", None)  # is ours
        OPERATIONS[text][1](storage_for(text, {**options, "signature_version": "s3v4"}))
        print("done", flush=True)


if __name__ == "__main__":
    main()
