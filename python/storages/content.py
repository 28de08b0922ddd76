"""What callers hand to save(), as something the engine takes: memory, a part of a file, or a stream of bytes."""

import fcntl
import io
import mmap
import os
import stat
import tempfile
from array import array
from collections.abc import Mapping
from typing import NamedTuple

from asgiref.sync import async_to_sync
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import (
    InMemoryUploadedFile,
    SimpleUploadedFile,
    TemporaryUploadedFile,
    UploadedFile,
)

from storages.utils import ReadBytesWrapper, is_seekable

_CHUNK = 1 << 20
_SPOOLED = 8 << 20  # more of an async iterable waits on disk
_END = object()

# Their read() gives what their file holds; a subclass may have other ideas.
_PLAIN = {File, ContentFile, UploadedFile, InMemoryUploadedFile, SimpleUploadedFile, TemporaryUploadedFile}


class FileRange(NamedTuple):
    """The bytes of an open file, for the engine to read by its descriptor."""

    descriptor: int
    size: int


class Stream:
    """A readable whose first bytes are in memory already."""

    def __init__(self, head, rest):
        self.head = head
        self._rest = rest

    def chunks(self):
        yield self.head
        while True:
            chunk = self._rest.read(_CHUNK)
            if not chunk:
                return
            yield chunk


def size_of(body):
    """Of a Stream what is known of it: at least the limit it was made with."""
    if isinstance(body, FileRange):
        return body.size
    return len(body.head) if isinstance(body, Stream) else memoryview(body).nbytes


def rewind(content):
    if is_seekable(content):
        content.seek(0, os.SEEK_SET)


def readable_bytes(content):
    """`content` from its start, as a readable of bytes."""
    inner = _inner(content)
    if _is_memory(inner):
        return io.BytesIO(_as_bytes(inner))
    if _is_descriptor(inner):
        _check_descriptor(inner)
        file = open(inner, "rb", closefd=False)  # noqa: SIM115
        rewind(file)
        return file
    if not hasattr(inner, "read"):
        return _readable_of_pieces(inner)
    rewind(content)
    return ReadBytesWrapper(content)


def is_at_hand(content):
    """Whether the body of `content` is had without reading a file or asking an object for it."""
    inner = _inner(content)
    if _is_memory(inner) or type(inner) in (io.BytesIO, io.StringIO):
        return True
    return isinstance(inner, tempfile._TemporaryFileWrapper) or _file_range(inner) is not None


def body_of(content, limit):
    """Bytes, a FileRange, or for what is neither and has `limit` bytes or more, a Stream. The content stays open."""
    inner = _inner(content)
    if _is_memory(inner):
        return _as_bytes(inner)
    if type(inner) is io.BytesIO:
        return inner.getbuffer()
    if type(inner) is io.StringIO:
        return inner.getvalue().encode()
    return _file_range(inner) or body_of_readable(readable_bytes(content), limit)


def body_of_readable(readable, limit):
    chunks, size = [], 0
    while size < limit:
        chunk = readable.read(limit - size)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
        size += len(chunk)
    return Stream(b"".join(chunks), readable)


def _readable_of_pieces(content):
    if hasattr(content, "__aiter__"):
        return _gathered(content)
    if hasattr(content, "chunks") and not hasattr(content, "__next__"):
        return _IteratorReader(iter(content.chunks()))
    try:
        if isinstance(content, Mapping):  # its pieces would be its keys
            raise TypeError
        return _IteratorReader(iter(content))
    except TypeError:
        raise TypeError(
            f"cannot be stored: {type(content).__name__}; expected a file, bytes, text or pieces of them"
        ) from None


def _gathered(content):
    """The pieces an async iterable yields, which runs in its own event loop where there is one."""
    gathered = tempfile.SpooledTemporaryFile(_SPOOLED)  # noqa: SIM115

    async def gather():
        async for piece in content:
            gathered.write(as_piece(piece))

    async_to_sync(gather)()
    gathered.seek(0)
    return gathered


def as_piece(piece):
    return _as_bytes(piece) if isinstance(piece, (str, memoryview)) else piece


def _inner(content):
    return content.file if type(content) in _PLAIN else content


def _is_memory(content):
    return isinstance(content, (bytes, bytearray, memoryview, str, array, mmap.mmap))


def _as_bytes(content):
    if isinstance(content, str):
        return content.encode()
    return content if not isinstance(content, memoryview) or content.c_contiguous else content.tobytes()


def _file_range(inner):
    if _is_descriptor(inner):
        _check_descriptor(inner)
        return _range_of(inner)
    if isinstance(inner, tempfile._TemporaryFileWrapper):
        inner = inner.file
    if not isinstance(inner, (io.BufferedReader, io.BufferedRandom, io.FileIO)) or type(inner).__module__ != "_io":
        return None
    if isinstance(inner, io.BufferedRandom):
        inner.flush()
    try:
        descriptor = inner.fileno()
    except OSError:  # no file of the operating system underneath
        return None
    return _range_of(descriptor)


def _is_descriptor(content):
    return isinstance(content, int) and not isinstance(content, bool)


def _check_descriptor(descriptor):
    """Any number may be somebody's descriptor, an event loop's for one: what cannot be read would be an empty file."""
    try:
        mode = os.fstat(descriptor).st_mode
        access = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
    except (OSError, OverflowError):
        raise ValueError(f"cannot be stored: {descriptor} is the descriptor of no open file") from None
    waits = stat.S_ISREG(mode) or (stat.S_ISFIFO(mode) and os.get_blocking(descriptor))
    if not waits or access == os.O_WRONLY:
        raise ValueError(f"cannot be stored: descriptor {descriptor} is of no file or pipe that can be read")


def _range_of(descriptor):
    status = os.fstat(descriptor)
    # Files of the system's own (/proc, /sys) have a content and no size: what seems empty is read to see.
    return FileRange(descriptor, status.st_size) if stat.S_ISREG(status.st_mode) and status.st_size else None


class _IteratorReader:
    """Reads what an iterator of bytes or texts yields."""

    def __init__(self, iterator):
        self._iterator = iterator
        self._pending = bytearray()

    def read(self, size=-1):
        while size < 0 or len(self._pending) < size:
            piece = next(self._iterator, _END)
            if piece is _END:
                break
            self._pending += as_piece(piece)
        if size < 0:
            size = len(self._pending)
        result = bytes(self._pending[:size])
        del self._pending[:size]
        return result
