"""What hides a key where versions are kept."""

from __future__ import annotations

from typing import Any


class DeleteMarker:
    def __init__(self, bucket: Any = None, name: str | None = None) -> None:
        self.bucket = bucket
        self.name = name
        self.version_id: str | None = None
        self.is_latest = False
        self.last_modified: str | None = None
        self.owner = None
