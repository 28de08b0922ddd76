"""Tags of a bucket."""

from __future__ import annotations


class Tag:
    def __init__(self, key: str | None = None, value: str | None = None) -> None:
        self.key = key
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tag) and (self.key, self.value) == (other.key, other.value)

    def __hash__(self) -> int:
        return hash((self.key, self.value))


class TagSet(list[Tag]):
    def add_tag(self, key: str, value: str) -> None:
        self.append(Tag(key, value))


class Tags(list[TagSet]):
    def add_tag_set(self, tag_set: TagSet) -> None:
        self.append(tag_set)
