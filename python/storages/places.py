"""Which place the files of a storage are in: two storages may share one, and processes have to agree about it."""

import hashlib
import os
import re

from django.core.files.storage import FileSystemStorage
from django.utils.functional import LazyObject, empty

from storages.utils import clean_name

# A name that is more than one spelling of a key: it has empty parts, dots or backslashes.
_ODD = re.compile(r"(?:^|/)\.{0,2}(?:/|$)|\\")


def unwrapped(storage):
    """The storage itself, out of Django's lazy objects and our wrapper."""
    while True:
        if isinstance(storage, LazyObject):
            if storage._wrapped is empty:
                storage._setup()
            storage = storage._wrapped
        elif hasattr(type(storage), "wraps_storage"):
            storage = storage.inner
        else:
            return storage


class Place:
    """A root that has keys (a bucket, the file system), and below which prefix of it the files of a storage are."""

    def __init__(self, storage):
        self.storage = storage = unwrapped(storage)
        self.root, self.prefix = _root_and_prefix(storage)

    def __str__(self):
        return f"{self.root}/{self.prefix}" if self.prefix else self.root

    def key_of(self, name):
        """SuspiciousOperation for a name that leaves the place."""
        if not _ODD.search(name):
            return self.prefix + name
        if _is_s3(self.storage):
            return self.storage._normalize_name(clean_name(name))
        if isinstance(self.storage, FileSystemStorage):
            return self.prefix + os.path.relpath(self.storage.path(name), self.storage.location)
        return name

    def name_of(self, key):
        return key[len(self.prefix) :]

    def digest_of(self, name):
        return hashlib.sha256(f"{self.root}\0{self.key_of(name)}".encode(errors="surrogatepass")).hexdigest()


def _is_s3(storage):
    from storages.backends.s3 import S3Storage

    return isinstance(storage, S3Storage)


def _root_and_prefix(storage):
    if isinstance(storage, FileSystemStorage):
        if storage.location is None:  # static files of a site without STATIC_ROOT
            return "file: without a location", ""
        return "file:", os.path.realpath(storage.location).rstrip("/") + "/"
    if _is_s3(storage):
        prefix = storage._normalize_name(clean_name("")).rstrip("/")
        return _bucket_of(storage), f"{prefix}/" if prefix else ""
    return _described(storage), ""


def _bucket_of(storage):
    from storages.backends.local import LocalStorage
    from storages.backends.memory import MemoryStorage

    if isinstance(storage, LocalStorage):
        return f"local://{os.path.realpath(storage.directory)}"
    if isinstance(storage, MemoryStorage):
        return f"memory://{storage.bucket_name}"
    host = (storage.endpoint_url or "").rpartition("://")[2].rpartition("@")[2].rstrip("/")
    return f"s3://{host}/{storage.bucket_name}" if host else f"s3://{storage.bucket_name}"


def _described(storage):
    """Of a storage nobody knows: its class and, unreadable as they may be secrets, its arguments."""
    kind = f"{type(storage).__module__}.{type(storage).__qualname__}"
    try:
        _, arguments, options = storage.deconstruct()
    except (AttributeError, ValueError):
        return kind
    if not arguments and not options:
        return kind
    return f"{kind}#{hashlib.sha256(repr((arguments, sorted(options.items()))).encode()).hexdigest()[:12]}"
