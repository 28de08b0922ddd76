"""Lists with what else an answer said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orlop.compat.boto.s3.user import User


class ResultSet(list[Any]):
    def __init__(self, items: Any = ()) -> None:
        super().__init__(items)
        self.owner: User | None = None
        self.marker: str | None = None
        self.next_marker: str | None = None
        self.is_truncated = False
