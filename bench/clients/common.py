"""What every client of the small-request rows shares."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from harness import BUCKET, SERVER_CORE, pin, serve_worker  # noqa: F401

BODY = bytes(range(256)) * 16  # 4 KiB


def serve(**operations) -> None:
    serve_worker(operations)
