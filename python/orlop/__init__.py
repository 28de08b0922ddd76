"""Files on object stores: S3 and what speaks its protocol, local directories, memory.

>>> import orlop
>>> storage = orlop.open("mem:")
>>> storage.save("hello.txt", "hello")
'hello.txt'
>>> storage.read_bytes("hello.txt")
b'hello'
"""

from __future__ import annotations

from orlop.exceptions import (
    AlreadyExists,
    Canceled,
    ConfigInvalid,
    DataCorrupted,
    InvalidArgument,
    NotFound,
    NotModified,
    OrlopError,
    PermissionDenied,
    PreconditionFailed,
    RangeNotSatisfiable,
    RateLimited,
    Timeout,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from orlop.ledger import requests

TYPE_CHECKING = False  # importing `typing` for it would take longer than all of this package
if TYPE_CHECKING:
    from orlop.storage import Entry, Storage

__version__ = "0.1.0"

__all__ = [
    "AlreadyExists",
    "Canceled",
    "ConfigInvalid",
    "DataCorrupted",
    "Entry",
    "InvalidArgument",
    "NotFound",
    "NotModified",
    "OrlopError",
    "PermissionDenied",
    "PreconditionFailed",
    "RangeNotSatisfiable",
    "RateLimited",
    "Storage",
    "Timeout",
    "TooManyRequests",
    "Unauthenticated",
    "Unavailable",
    "Unsupported",
    "open",
    "requests",
]


def open(url: str, *, attempts: int = 5, timeout: float = 0, **options: object) -> Storage:
    """The storage at `url`: ``s3://bucket/prefix``, ``file:///dir``, ``mem:``, or a remote of the configuration file.

    Options are those of the backend (``region="eu-central-1"``), and win over those in the URL. Of every backend are
    `attempts`, how often a request is tried, and `timeout`, the seconds a call may take with its retries.
    Does no I/O. Raises `ConfigInvalid` for an unknown scheme or option.
    """
    from orlop.storage import Storage

    return Storage(url, attempts=attempts, timeout=timeout, **options)


def __getattr__(name: str) -> object:
    # What costs imports waits for its first use.
    if name in ("Storage", "Entry"):
        from orlop import storage

        return getattr(storage, name)
    raise AttributeError(f"module 'orlop' has no attribute {name!r}")
