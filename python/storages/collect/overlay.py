"""A storage whose writes stay here: what collectstatic wants to be in the bucket, before anything is sent.

Django's own code runs on a copy of the site's storage (names, content types, compression, hashed names, whatever a
subclass overrides). Only the handle underneath is another one.
"""

import hashlib
import io
import os
import shutil
import tempfile
import weakref
from datetime import datetime, timezone
from typing import NamedTuple, Union

from django.contrib.staticfiles.storage import HashedFilesMixin

_CHUNK = 1 << 20

# Content that is in no file of its own is kept in memory up to this size, and of all together so much.
_IN_MEMORY = 1 << 20
_ALL_IN_MEMORY = 64 << 20


class Planned(NamedTuple):
    """An object as it shall be."""

    content: Union[bytes, str]  # a str is the path of a file
    size: int
    md5: str
    attrs: dict
    changed: object = None  # of a file: when it was, as it was read


class Sources:
    """The files that are collected, found again by their descriptors, each hashed once."""

    def __init__(self):
        self._paths = {}
        self._hashes = {}

    def add(self, path):
        try:
            status = os.stat(path)
        except OSError:
            return  # whoever opens it will say so
        self._paths[status.st_dev, status.st_ino] = path

    def find(self, descriptor, offset, length):
        """(path, md5, changed) of a whole file that was added, else None."""
        status = os.fstat(descriptor)
        path = self._paths.get((status.st_dev, status.st_ino))
        if path is None or offset or length != status.st_size:
            return None
        if path not in self._hashes:
            self._hashes[path] = _md5(_pieces(descriptor, 0, length)), (status.st_size, status.st_mtime_ns)
        return path, *self._hashes[path]


def has_changed(planned):
    """Whether the file of a planned object is no longer what was hashed."""
    if planned.changed is None:
        return False
    try:
        status = os.stat(planned.content)
    except OSError:
        return True
    return (status.st_size, status.st_mtime_ns) != planned.changed


class OverlayStore:
    """Stands for the engine's handle: keeps what is written, reads it back, and reads all else from the bucket.

    `listing` holds what is in the bucket, by key. Of that only seeing() shows anything.
    """

    def __init__(self, store, listing, sources):
        self.planned = {}
        self._store = store
        self._listing = listing
        self._sources = sources
        self._seeing = 0
        self._spool = None
        self._in_memory = 0
        for name in ("scheme", "name", "can", "public_url", "presign", "stat", "list"):
            setattr(self, name, getattr(store, name))

    def __enter__(self):
        self._seeing += 1

    def __exit__(self, kind, error, trace):
        self._seeing -= 1

    # -- Reading -----------------------------------------------------------------------------------------------------

    def exists(self, key, ledger, provider, version):
        return key in self.planned or (self._seeing > 0 and key in self._listing)

    def open(self, key, ledger, provider, version):
        planned = self.planned.get(key)
        return PlannedFile(planned) if planned else self._store.open(key, ledger, provider, version)

    # -- Writing -----------------------------------------------------------------------------------------------------

    def put(self, key, data, attrs, exclusive, ledger):
        self.planned[key] = self._keep(bytes(data), attrs)

    def put_file(self, key, descriptor, offset, length, attrs, exclusive, ledger):
        found = self._sources.find(descriptor, offset, length)
        if found:
            path, md5, changed = found
            self.planned[key] = Planned(path, length, md5, attrs, changed)
            return
        writer = self.write(key, attrs, exclusive, ledger)
        for piece in _pieces(descriptor, offset, length):
            writer.write(piece)
        writer.commit()

    def write(self, key, attrs, exclusive, ledger):
        return _Writer(self, key, attrs)

    def remove(self, keys, ledger):
        for key in keys:
            self.planned.pop(key, None)
        return [None] * len(keys)

    def _keep(self, data, attrs):
        self._in_memory += len(data)
        fits = len(data) <= _IN_MEMORY and self._in_memory <= _ALL_IN_MEMORY
        return Planned(data if fits else self._spooled([data]), len(data), _md5([data]), attrs)

    def _spooled(self, pieces):
        if self._spool is None:
            self._spool = tempfile.mkdtemp(prefix="collectstatic-")
            weakref.finalize(self, shutil.rmtree, self._spool, True)
        descriptor, path = tempfile.mkstemp(dir=self._spool)
        with open(descriptor, "wb") as file:
            file.writelines(pieces)
        return path


class _Writer:
    def __init__(self, store, key, attrs):
        self._store, self._key, self._attrs = store, key, attrs
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115

    def write(self, data):
        return self._file.write(data)

    def commit(self):
        size = self._file.tell()
        if size <= _IN_MEMORY:
            planned = self._store._keep(next(self._pieces(), b""), self._attrs)
        else:
            planned = Planned(self._store._spooled(self._pieces()), size, _md5(self._pieces()), self._attrs)
        self._store.planned[self._key] = planned
        self.abort()

    def abort(self):
        self._file.close()

    def _pieces(self):
        self._file.seek(0)
        return iter(lambda: self._file.read(_CHUNK), b"")


class PlannedFile:
    """A planned object opened for reading, and what is known of it."""

    def __init__(self, planned):
        content = planned.content
        self._file = open(content, "rb") if isinstance(content, str) else io.BytesIO(content)  # noqa: SIM115
        self.read, self.readinto, self.tell = self._file.read, self._file.readinto, self._file.tell
        self.seek, self.close = self._file.seek, self._file.close
        self.meta = self
        self.size = planned.size
        self.etag = f'"{planned.md5}"'
        self.modified = datetime.now(timezone.utc)
        self.version = ""
        self.user = planned.attrs.get("user", {})
        self.provider = {}
        for name in ("type", "encoding", "language", "disposition"):
            setattr(self, f"content_{name}", planned.attrs.get(f"content_{name}", ""))


class _OverlayMixin:
    def hashed_name(self, name, content=None, filename=None):
        if content is not None:
            return super().hashed_name(name, content, filename)
        # A reference may be to a file that somebody else put into the bucket.
        with self._store:
            return super().hashed_name(name, content, filename)


def overlay_of(storage, store):
    """A copy of `storage` on top of `store`."""
    kind = type(storage)
    if isinstance(storage, HashedFilesMixin):
        kind = type(kind.__name__, (_OverlayMixin, kind), {"__module__": kind.__module__})
    overlay = object.__new__(kind)
    # What is in the way was planned a moment ago.
    overlay.__dict__.update(storage.__dict__, _store=store, file_overwrite=True)
    return overlay


def _pieces(descriptor, offset, length):
    end = offset + length
    while offset < end:
        piece = os.pread(descriptor, min(_CHUNK, end - offset), offset)
        if not piece:
            return
        offset += len(piece)
        yield piece


def _md5(pieces):
    digest = hashlib.md5(usedforsecurity=False)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
