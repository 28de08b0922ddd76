"""What stands in a listing for all keys that share the next part of their names."""

from __future__ import annotations

from typing import Any


class Prefix:
    def __init__(self, bucket: Any = None, name: str | None = None) -> None:
        self.bucket = bucket
        self.name = name
