"""What stands for Django's Storage.save() does the same with every name, and steps aside where it is not Django's."""

import pathlib

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from storages.backends.memory import MemoryStorage
from storages.base import DJANGO_SAVE, save_as_django

NAMES = [
    "a", "a/b.txt", "a b", "é/ü", "a..b", "..a", "a/..b/c", "", ".", "..", "/", "/a", "a/", "a/.", "a/..", "../a",
    "a/../b", "a\\b", "a\\..\\b", "\\a", "./a", "a//b", "a/./b", "\x00", " ", None, b"a", 7,
    pathlib.PurePosixPath("a/b"),
]  # fmt: skip


class Recording(Storage):
    """Changes names as storages do: where they are looked for, and where they are stored."""

    def __init__(self, available=None, stored=None):
        self.available, self.stored, self.calls = available, stored, []

    def get_available_name(self, name, max_length=None):
        self.calls.append(("available", name, max_length))
        return self.available or name

    def _save(self, name, content):
        self.calls.append(("save", name, type(content).__name__, content.name))
        return self.stored or name


def outcome(save, name, content, **changed):
    storage = Recording(**changed)
    try:
        result = save(storage, name, content, max_length=9)
    except Exception as error:
        result = type(error), str(error)
    return result, storage.calls


@pytest.mark.parametrize("name", NAMES, ids=repr)
@pytest.mark.parametrize("where", ["given", "available", "stored"])
def test_every_name(name, where):
    given = name if where == "given" else "ok"
    changed = {} if where == "given" else {where: name}
    content = ContentFile(b"x", name="of the content")
    assert outcome(save_as_django, given, content, **changed) == outcome(DJANGO_SAVE, given, content, **changed)


def test_content_without_chunks(tmp_path):
    with open(tmp_path / "f", "w+b") as file:
        assert outcome(save_as_django, "a", file) == outcome(DJANGO_SAVE, "a", file)


class Shouting(Storage):
    def save(self, name, content, max_length=None):
        return super().save(name.upper(), content, max_length=max_length)


class ShoutingStorage(MemoryStorage, Shouting):
    pass


def test_a_class_in_between_is_asked():
    assert ShoutingStorage(bucket_name="b").save("a.txt", ContentFile(b"x")) == "A.TXT"


def test_a_replaced_save_is_asked(monkeypatch):
    monkeypatch.setattr(Storage, "save", lambda self, name, content, max_length=None: f"{name} was not saved")
    assert MemoryStorage(bucket_name="b").save("a", ContentFile(b"x")) == "a was not saved"
