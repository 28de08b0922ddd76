"""What is in a storage, one file after the other, in whatever order it comes."""

import os
import posixpath
from datetime import datetime, timezone
from typing import NamedTuple

from django.core.files.storage import FileSystemStorage
from django.utils.timezone import is_naive, make_aware
from orlop.ledger import current

from storages.s3.errors import explained


class Stored(NamedTuple):
    key: str  # see storages.places.Place
    size: int
    modified: float  # seconds since 1970


def files_of(place, folder=""):
    """Stored, for each file in a folder of a Place, or in all of it."""
    from storages.backends.s3 import S3Storage

    if isinstance(place.storage, S3Storage):
        return _in_bucket(place, folder)
    if isinstance(place.storage, FileSystemStorage):
        return _in_directory(os.path.join(place.prefix, folder).rstrip("/"))
    return _by_listdir(place.storage, folder)


@explained
def _page(store, prefix, token):
    return store.list(prefix, "", token, "", 0, current())


def _in_bucket(place, folder):
    prefix = f"{place.prefix}{folder}/" if folder else place.prefix
    token = ""
    while True:
        page = _page(place.storage._store, prefix, token)
        for key, is_group, size, modified, _ in page.entries():
            if not is_group and not key.endswith("/"):  # such are markers of directories
                yield Stored(key, size, modified.timestamp())
        token = page.next
        if not token:
            return


def _in_directory(path):
    try:
        entries = os.scandir(path)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _in_directory(entry.path)
                continue
            try:
                status = entry.stat()
            except FileNotFoundError:
                continue  # removed meanwhile, or a link to nowhere
            yield Stored(entry.path, status.st_size, status.st_mtime)


def _by_listdir(storage, folder):
    try:
        directories, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in files:
        stored = ask(storage, posixpath.join(folder, name))
        if stored is not None:
            yield stored
    for name in directories:
        yield from _by_listdir(storage, posixpath.join(folder, name))


def ask(storage, name):
    """Of a storage nobody knows: Stored, or None if the file is not there."""
    try:
        return Stored(name, storage.size(name), _seconds(storage.get_modified_time(name)))
    except FileNotFoundError:
        return None


def _seconds(moment):
    return (make_aware(moment) if is_naive(moment) else moment).timestamp()


def age_text(seconds):
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(max(seconds, 0))} seconds"


def date_text(modified):
    return datetime.fromtimestamp(modified, timezone.utc).isoformat(timespec="seconds")
