"""Stored objects as Python's own file objects."""

from __future__ import annotations

import io
import os
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from orlop import native

BUFFER_SIZE = 64 * 1024


class RawReader(io.RawIOBase):
    """Reads an open object. A seek costs nothing until the next read."""

    def __init__(self, file: native.File, name: str) -> None:
        self._file = file
        self.name = name
        self.mode = "rb"

    @property
    def meta(self) -> native.Meta:
        return self._file.meta

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._file.readinto(buffer)

    def readall(self) -> bytes:
        return self._file.read(-1)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        # What looks for a trailer that a short file has no room for arrives at its start, as in a BytesIO.
        if whence == os.SEEK_CUR:
            offset = max(offset + self._file.tell(), 0)
        elif whence == os.SEEK_END:
            offset = max(offset + self._file.meta.size, 0)
        elif whence != os.SEEK_SET:
            raise ValueError(f"invalid whence ({whence}, should be 0, 1 or 2)")
        if offset < 0:
            raise ValueError(f"negative seek position {offset}")
        self._file.seek(offset)
        return offset

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


class RawWriter(io.RawIOBase):
    """Writes an object that appears when it is closed, whole, or not at all: aborted or forgotten it leaves nothing."""

    def __init__(self, writer: native.Writer, name: str) -> None:
        self._writer: native.Writer | None = writer
        self.name = name
        self.mode = "wb"

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        # What comes after an abort are the remains of the buffers above.
        return self._writer.write(data) if self._writer else memoryview(data).nbytes

    def abort(self) -> None:
        if self._writer:
            self._writer.abort()
            self._writer = None

    def close(self) -> None:
        if self.closed:
            return
        writer, self._writer = self._writer, None
        super().close()
        if writer:
            writer.commit()

    def __del__(self) -> None:
        self.abort()


class _AbortsOnError:
    """Of a buffer above a RawWriter: leaving its `with` block by an exception, or forgetting it, publishes nothing."""

    _abort: Callable[[], None]
    close: Callable[[], None]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._abort()
        self.close()

    def __del__(self) -> None:
        self._abort()


class BufferedWriter(_AbortsOnError, io.BufferedWriter):
    def __init__(self, raw: RawWriter) -> None:
        super().__init__(raw, BUFFER_SIZE)
        self._abort = raw.abort


class TextWriter(_AbortsOnError, io.TextIOWrapper):
    def __init__(self, buffer: BufferedWriter, **text: Any) -> None:
        super().__init__(buffer, **text)
        self._abort = buffer._abort


def open_reader(
    file: native.File, name: str, text: dict[str, Any] | None
) -> io.BufferedReader[Any] | io.TextIOWrapper[Any]:
    """`text` holds the arguments of a TextIOWrapper; None for bytes."""
    reader: io.BufferedReader[Any] = io.BufferedReader(RawReader(file, name), BUFFER_SIZE)
    return reader if text is None else io.TextIOWrapper(reader, **text)


def open_writer(writer: native.Writer, name: str, text: dict[str, Any] | None) -> BufferedWriter | TextWriter:
    buffered = BufferedWriter(RawWriter(writer, name))
    return buffered if text is None else TextWriter(buffered, **text)
