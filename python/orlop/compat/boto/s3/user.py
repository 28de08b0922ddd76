"""Who something belongs to."""

from __future__ import annotations


class User:
    def __init__(self, parent: object = None, id: str = "", display_name: str = "") -> None:
        self.id = id
        self.display_name = display_name
