"""What became of the keys of one delete_keys()."""

from __future__ import annotations


class Deleted:
    def __init__(
        self,
        key: str | None = None,
        version_id: str | None = None,
        delete_marker: bool = False,
        delete_marker_version_id: str | None = None,
    ) -> None:
        self.key = key
        self.version_id = version_id
        self.delete_marker = delete_marker
        self.delete_marker_version_id = delete_marker_version_id

    def __repr__(self) -> str:
        return f"<Deleted: {self.key}{'.' + self.version_id if self.version_id else ''}>"


class Error:
    def __init__(
        self, key: str | None = None, version_id: str | None = None, code: str | None = None, message: str | None = None
    ) -> None:
        self.key = key
        self.version_id = version_id
        self.code = code
        self.message = message

    def __repr__(self) -> str:
        return f"<Error: {self.key}{'.' + self.version_id if self.version_id else ''}({self.code})>"


class MultiDeleteResult:
    def __init__(self, bucket: object = None) -> None:
        self.bucket = bucket
        self.deleted: list[Deleted] = []
        self.errors: list[Error] = []
