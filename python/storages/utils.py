"""Helpers the backends share, under the names django-storages has for them."""

import codecs
import os
import pathlib
import posixpath

from django.conf import Settings, settings
from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation
from django.core.files.utils import FileProxyMixin
from django.utils.encoding import force_bytes
from orlop import native


def to_bytes(content):
    """Bytes and bytearrays as they are, everything else as UTF-8 of its text."""
    return content if isinstance(content, bytearray) else force_bytes(content)


def setting(name, default=None):
    return getattr(settings, name, default)


def settings_reader():
    """setting(), for many names in a row: past the lazy object, which is slow to say that a name is not set."""
    source = settings._wrapped if settings.configured else settings
    if type(source) is Settings:  # a site's module, with nothing over it: every setting is an attribute of its own
        return vars(source).get
    return lambda name, default=None: getattr(source, name, default)


def any_is_set(names):
    """Whether one of these settings is set: one look for all, as every storage that is made asks."""
    source = settings._wrapped if settings.configured else None
    while source is not None:
        values = vars(source)
        if not names.isdisjoint(values):
            return True
        source = values.get("default_settings")  # of settings that stand over others
    return False


def clean_name(name):
    """A normal form with forward slashes; a trailing slash stays."""
    if isinstance(name, pathlib.PurePath):
        name = str(name)
    try:
        return native.clean_name(name)
    except TypeError:
        raise _no_name(name) from None


def _no_name(name):
    if not isinstance(name, str):
        return TypeError(f"expected str, bytes or os.PathLike object, not {type(name).__name__}")
    try:
        name.encode()
    except UnicodeEncodeError as error:  # half of a surrogate pair
        return error
    return TypeError(f"no name of a file: {name!r}")


def text_of(value):
    """A text that code in C takes. Lazy ones become plain; str() of an enum's member would be its name."""
    return value if issubclass(type(value), str) else str(value)


def safe_join(base, *paths):
    """Joins below `base`; ValueError when the result is not below it."""
    if len(paths) != 1:
        return _join_one_by_one(text_of(base), paths)
    try:
        return native.safe_join(text_of(base), text_of(paths[0]))
    except ValueError as error:
        raise ValueError(error.message) from None


def _join_one_by_one(base, paths):
    top = path = f"{base.rstrip('/')}/"
    for part in map(text_of, paths):
        joined = posixpath.normpath(posixpath.join(path, part))
        # A part that leads nowhere keeps the slash of the one before.
        path = f"{joined}/" if part.endswith("/") or f"{joined}/" in (path, top) else joined
    if not path.startswith(top):
        raise ValueError("the joined path is located outside of the base path component")
    return path.lstrip("/")


def check_location(storage):
    if storage.location.startswith("/"):
        raise ImproperlyConfigured(
            f"{type(storage).__name__}.location cannot begin with a leading slash. "
            f"Found '{storage.location}'. Use '{storage.location.lstrip('/')}' instead."
        )


def lookup_env(names):
    """The first of these environment variables that is not empty."""
    for name in names:
        if value := os.environ.get(name):
            return value
    return None


def get_available_overwrite_name(name, max_length):
    """The name itself, its root shortened to fit; SuspiciousFileOperation for what is no name of a file."""
    try:
        return native.available_overwrite_name(name, max_length)
    except ValueError as error:
        if max_length is not None and len(name) > max_length and "nothing of it is left" in str(error):
            raise SuspiciousFileOperation(
                f'Storage tried to truncate away entire filename "{name}". '
                'Please make sure that the corresponding file field allows sufficient "max_length".'
            ) from None
        raise SuspiciousFileOperation(_objection(name)) from None


def _objection(name):
    directory, file_name = os.path.split(name)
    if ".." in directory.split("/"):
        return f"Detected path traversal attempt in '{directory}'"
    if file_name in ("", ".", ".."):
        return f"Could not derive file name from '{file_name}'"
    return f"Detected path traversal attempt in '{name}'"


def is_seekable(file_object):
    return not hasattr(file_object, "seekable") or file_object.seekable()


class ReadBytesWrapper(FileProxyMixin):
    """A file whose read() gives bytes, whatever it holds: text in `encoding`, else the file's own, else UTF-8."""

    def __init__(self, file, encoding=None):
        self.file = file
        self._encoding = encoding or getattr(file, "encoding", None) or "utf-8"
        self._encode = self._new_encoder()

    @property
    def encoding(self):
        return self._encoding

    def _new_encoder(self):
        # Of one text, however many reads it takes: UTF-16 begins with a mark, once.
        return codecs.getincrementalencoder(self._encoding)().encode

    def readable(self):
        return True

    def read(self, *args, **kwargs):
        content = self.file.read(*args, **kwargs)
        if not isinstance(content, str):
            return content
        return self._encode(content) if content else b""

    def seek(self, *args, **kwargs):
        self._encode = self._new_encoder()
        return self.file.seek(*args, **kwargs)

    def close(self):
        self.file.close()
