"""The handle's calls for an event loop: nothing blocks it, and nothing costs a thread."""

from __future__ import annotations

import os
import sys
from contextvars import Context
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from orlop import native
from orlop.exceptions import AlreadyExists
from orlop.ledger import current

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
    from types import TracebackType

    from orlop.storage import Bodies, Data, Entry, Names, Outcomes  # noqa: F401

CHUNK = 1 << 20

_completions: WeakKeyDictionary[AbstractEventLoop, native.Completions] = WeakKeyDictionary()


def _completions_of(loop: AbstractEventLoop) -> native.Completions:
    completions = _completions.get(loop)
    if completions is None:
        completions = _completions[loop] = native.Completions()
        # In a context of its own: a loop would keep that of its first call, a visitor's perhaps, as long as it lives.
        Context().run(loop.add_reader, completions.fileno(), completions.deliver)
    return completions


async def call(begin: Callable[..., native.AsyncCall], *arguments: Any) -> Any:
    """Waits for a call of the engine. Whoever stops waiting stops the call, and with it its connection."""
    # Whoever awaits this has imported asyncio; who never does is spared it.
    loop = sys.modules["asyncio"].get_running_loop()
    future = loop.create_future()
    under_way = begin(_completions_of(loop), future, *arguments)
    try:
        return await future
    except BaseException:
        under_way.cancel()
        raise


class AsyncReader:
    """An object opened for reading, by one task at a time. A cancelled read ends it."""

    def __init__(self, file: native.AsyncFile, name: str) -> None:
        self._file = file
        self.name = name
        self.mode = "rb"
        self.closed = False
        self._pending = b""  # of a line that is read piece by piece

    @property
    def meta(self) -> native.Meta:
        return self._file.meta

    @property
    def size(self) -> int:
        return self._file.meta.size

    async def read(self, size: int = -1) -> bytes:
        pending = self._pending
        if not pending:
            return await self._read(size)
        if 0 <= size <= len(pending):
            self._pending = pending[size:]
            return pending[:size]
        self._pending = b""
        return pending + await self._read(size if size < 0 else size - len(pending))

    async def _read(self, size: int) -> bytes:
        there = self._file.peek(size)
        return there if there is not None else await call(self._file.read, size)

    async def readline(self) -> bytes:
        line = self._pending
        while (end := line.find(b"\n")) < 0:
            more = await self._read(64 << 10)
            if not more:
                end = len(line) - 1
                break
            line += more
        self._pending = line[end + 1 :]
        return line[: end + 1]

    async def chunks(self, size: int = CHUNK) -> AsyncIterator[bytes]:
        while chunk := await self.read(size):
            yield chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while line := await self.readline():
            yield line

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_CUR:
            offset += self.tell()
        elif whence == os.SEEK_END:
            offset += self.size
        elif whence != os.SEEK_SET:
            raise ValueError(f"invalid whence ({whence}, should be 0, 1 or 2)")
        if offset < 0:
            raise ValueError(f"negative seek position {offset}")
        self._pending = b""
        self._file.seek(offset)
        return offset

    def tell(self) -> int:
        return self._file.tell() - len(self._pending)

    async def close(self) -> None:
        self.closed = True
        self._file.close()

    async def __aenter__(self) -> AsyncReader:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class AsyncWriter:
    """An object in the making: it appears when it is closed, whole. Leaving its `async with` block by an exception,
    or forgetting it, publishes nothing."""

    def __init__(self, writer: native.AsyncWriter, name: str) -> None:
        self._writer: native.AsyncWriter | None = writer
        self.name = name
        self.mode = "wb"

    @property
    def closed(self) -> bool:
        return self._writer is None

    async def write(self, data: bytes | bytearray | memoryview | str) -> int:
        """Text is written as UTF-8."""
        if self._writer is None:
            raise ValueError("I/O operation on closed file.")
        content = data.encode() if isinstance(data, str) else data
        await call(self._writer.write, content)
        return memoryview(content).nbytes

    async def close(self) -> None:
        writer, self._writer = self._writer, None
        if writer:
            await call(writer.commit)

    async def abort(self) -> None:
        writer, self._writer = self._writer, None
        if writer:
            await call(writer.abort)

    async def __aenter__(self) -> AsyncWriter:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await (self.close() if kind is None else self.abort())


class AsyncMethods:
    """What `orlop.Storage` has for event loops: each method as the one without the `a`, to be awaited."""

    _store: native.Store

    async def aexists(self, name: str) -> bool:
        return await call(self._store.asynchronous.exists, _key(name), current(), None, "")

    async def astat(self, name: str) -> native.Meta:
        return await call(self._store.asynchronous.stat, _key(name), current(), None, "")

    async def alist(self, prefix: str = "", delimiter: str = "") -> AsyncIterator[Entry]:
        from orlop.storage import Entry

        store, token = self._store.asynchronous, ""
        while True:
            page = await call(store.list, prefix, delimiter, token, "", 0, current())
            for entry in page.entries():
                yield Entry._make(entry)
            token = page.next
            if not token:
                return

    async def alistdir(self, path: str = "") -> tuple[Names, Names]:
        from orlop.storage import directory_prefix, sorted_out

        prefix = directory_prefix(path)
        return sorted_out(prefix, [entry async for entry in self.alist(prefix, "/")])

    async def aread_bytes(self, name: str) -> bytes:
        return await call(self._store.asynchronous.read, _key(name), current())

    async def aread_text(self, name: str, encoding: str = "utf-8") -> str:
        return (await self.aread_bytes(name)).decode(encoding)

    async def adownload(self, name: str, path: str | os.PathLike[str]) -> None:
        await call(self._store.asynchronous.download, _key(name), os.fspath(path), current())

    async def aopen(self, name: str, mode: str = "rb", *, content_type: str = "") -> AsyncReader | AsyncWriter:
        """Bytes only: `rb`, `wb`, or `xb`, which refuses a name that is taken."""
        from orlop.storage import _attrs

        store = self._store.asynchronous
        if mode == "rb":
            return AsyncReader(await call(store.open, _key(name), current(), None, ""), name)
        if mode not in ("wb", "xb"):
            raise ValueError(f"invalid mode: {mode!r}; use rb, wb or xb")
        attrs = _attrs(name, content_type)
        return AsyncWriter(await call(store.write, _key(name), attrs, mode == "xb", current()), name)

    async def asave(
        self,
        name: str,
        data: Data | AsyncIterable[bytes | str],
        *,
        overwrite: bool = True,
        content_type: str = "",
        metadata: dict[str, str] | None = None,
    ) -> str:
        """Bytes, text, or an async iterable of either. What has a read() that blocks is for `save` in a thread."""
        from orlop.storage import _attrs, _candidates

        if isinstance(data, str):
            data = data.encode()
        attrs = _attrs(name, content_type, metadata)
        if hasattr(data, "__aiter__"):
            return await self._asave_stream(name, data, attrs, overwrite)
        store = self._store.asynchronous
        for candidate in _candidates(name):
            try:
                await call(store.put, _key(candidate), data, attrs, not overwrite, current())
                return candidate
            except AlreadyExists as error:
                taken = error
        raise taken

    async def _asave_stream(
        self, name: str, data: AsyncIterable[bytes | str], attrs: dict[str, Any], overwrite: bool
    ) -> str:
        from orlop.storage import _candidates

        if not overwrite:
            for candidate in _candidates(name):
                if not await self.aexists(candidate):
                    name = candidate
                    break
        writer = await call(self._store.asynchronous.write, _key(name), attrs, not overwrite, current())
        async with AsyncWriter(writer, name) as file:
            async for piece in data:
                await file.write(piece)
        return name

    async def aupload(self, path: str | os.PathLike[str], name: str, *, content_type: str = "") -> None:
        from orlop.storage import _attrs

        with open(path, "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            attrs = _attrs(name, content_type)
            put = self._store.asynchronous.put_file
            await call(put, _key(name), file.fileno(), 0, size, attrs, False, current())

    async def aremove(self, name: str) -> None:
        for error in await self.aremove_many([name]):
            if error:
                raise error

    async def aremove_many(self, names: Iterable[str]) -> Outcomes:
        return await call(self._store.asynchronous.remove, [_key(name) for name in names], current())

    async def acopy(self, source: str, target: str) -> None:
        await call(self._store.asynchronous.copy, _key(source), _key(target), current())

    async def amove(self, source: str, target: str) -> None:
        await call(self._store.asynchronous.move, _key(source), _key(target), current())


def _key(name: str) -> str:
    native.check_relative(name.rstrip("/"))
    return name
