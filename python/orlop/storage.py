"""Python's own handle of a storage."""

from __future__ import annotations

import os
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from orlop import native
from orlop.aio import AsyncMethods
from orlop.exceptions import AlreadyExists
from orlop.ledger import current

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Names = list[str]
    Outcomes = list[Exception | None]
    Metas = list[native.Meta | Exception]
    Bodies = list[bytes | Exception]
    Data = bytes | bytearray | memoryview | str | IO[Any]

# The size from which an upload goes in parts, unless `part_size` says another.
PART_SIZE = 8 << 20
# Requests at a time of what does many.
CONCURRENCY = 64
# Names tried before giving up on finding one that is not taken.
ALTERNATIVES = 100


class Entry(NamedTuple):
    """One line of a listing: an object, or, with a delimiter, what stands for all objects below a directory."""

    name: str
    is_directory: bool
    size: int
    modified: datetime | None
    etag: str


class Storage(AsyncMethods):
    """A place files are kept in. Safe to use from every thread; made without I/O; pickles as its configuration.

    Names are relative to the place the storage was opened at; one that leaves it is refused with `InvalidArgument`.
    """

    def __init__(self, url: str, *, attempts: int = 5, timeout: float = 0, **options: object) -> None:
        self._configuration = {"attempts": attempts, "timeout": timeout, **options}
        self._url = url
        self._options = {name: _spelled(value) for name, value in options.items() if value is not None}
        part_size = options.get("part_size")
        threshold = part_size if isinstance(part_size, int) else PART_SIZE
        self._store = native.Store(url, self._options, attempts, float(timeout), threshold)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._url, self._configuration)

    def __repr__(self) -> str:
        return f"<orlop.Storage {self._store.scheme} {self._store.name!r}>"

    def create(self) -> None:
        """Makes the bucket or directory itself; one of ours that exists is left as it is."""
        native.create_container(self._url, self._options)

    # -- Looking -----------------------------------------------------------------------------------------------------

    def exists(self, name: str) -> bool:
        return self._store.exists(_key(name), current(), None, "")

    def stat(self, name: str) -> native.Meta:
        """What is known of the object: `size`, `modified`, `etag`, `content_type`, `user`, ..."""
        return self._store.stat(_key(name), current(), None, "")

    def list(self, prefix: str = "", delimiter: str = "") -> Iterator[Entry]:
        """The objects whose names start with `prefix`, page by page as they are asked for."""
        token = ""
        while True:
            page = self._store.list(prefix, delimiter, token, "", 0, current())
            yield from map(Entry._make, page.entries())
            token = page.next
            if not token:
                return

    def listdir(self, path: str = "") -> tuple[Names, Names]:
        """The directories and the files of one directory, by their last segments."""
        prefix = directory_prefix(path)
        return sorted_out(prefix, self.list(prefix, "/"))

    # -- Reading -----------------------------------------------------------------------------------------------------

    def read_bytes(self, name: str) -> bytes:
        file = self._store.open(_key(name), current(), None, "")
        return file.read(-1)

    def read_text(self, name: str, encoding: str = "utf-8") -> str:
        return self.read_bytes(name).decode(encoding)

    def download(self, name: str, path: str | os.PathLike[str]) -> None:
        """Writes the object to `path`; what was there stays as it is when something goes wrong."""
        self._store.download(_key(name), os.fspath(path), current())

    def open(
        self,
        name: str,
        mode: str = "rb",
        *,
        encoding: str = "utf-8",
        errors: str | None = None,
        newline: str | None = None,
        content_type: str = "",
    ) -> IO[Any]:
        """A file object. Reading makes one request and is seekable. What is written appears when the file is closed;
        leaving its `with` block by an exception publishes nothing, and `x` refuses a name that is taken."""
        from orlop import files

        if sorted(mode.replace("b", "").replace("t", "")) not in (["r"], ["w"], ["x"]) or ("b" in mode and "t" in mode):
            raise ValueError(f"invalid mode: {mode!r}; use r, w or x, with b for bytes")
        text = None if "b" in mode else {"encoding": encoding, "errors": errors, "newline": newline}
        if "r" in mode:
            file = self._store.open(_key(name), current(), None, "")
            return files.open_reader(file, name, text)
        writer = self._store.write(_key(name), _attrs(name, content_type), "x" in mode, current())
        return cast("IO[Any]", files.open_writer(writer, name, text))

    # -- Writing -----------------------------------------------------------------------------------------------------

    def save(
        self,
        name: str,
        data: Data,
        *,
        overwrite: bool = True,
        content_type: str = "",
        metadata: dict[str, str] | None = None,
    ) -> str:
        """Stores bytes, text (as UTF-8), or a file object. Returns the name it was stored under: without `overwrite`
        a name that is taken gets an alternative."""
        if isinstance(data, str):
            data = data.encode()
        attrs = _attrs(name, content_type, metadata)
        if hasattr(data, "read"):
            return self._save_stream(name, cast("IO[Any]", data), attrs, overwrite)
        for candidate in _candidates(name):
            try:
                self._store.put(_key(candidate), data, attrs, not overwrite, current())
                return candidate
            except AlreadyExists as error:
                taken = error
        raise taken

    def _save_stream(self, name: str, stream: IO[Any], attrs: dict[str, Any], overwrite: bool) -> str:
        if not overwrite:
            name = next(candidate for candidate in _candidates(name) if not self.exists(candidate))
        writer = self._store.write(_key(name), attrs, not overwrite, current())
        while chunk := stream.read(1 << 20):
            writer.write(chunk.encode() if isinstance(chunk, str) else chunk)
        writer.commit()
        return name

    def upload(self, path: str | os.PathLike[str], name: str, *, content_type: str = "") -> None:
        """Stores the file at `path`, which must not change meanwhile."""
        with open(path, "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            attrs = _attrs(name, content_type)
            self._store.put_file(_key(name), file.fileno(), 0, size, attrs, False, current())

    # -- Changing ----------------------------------------------------------------------------------------------------

    def remove(self, name: str) -> None:
        """Removing what is absent succeeds."""
        for error in self._store.remove([_key(name)], current()):
            if error:
                raise error

    def remove_many(self, names: Iterable[str]) -> Outcomes:
        """Per name what went wrong, or None. Many names travel in one request where the service can."""
        return self._store.remove([_key(name) for name in names], current())

    def copy(self, source: str, target: str) -> None:
        self._store.copy(_key(source), _key(target), None, False, current())

    def move(self, source: str, target: str) -> None:
        self._store.move(_key(source), _key(target), current())

    # -- Many at once ------------------------------------------------------------------------------------------------

    # One call, without the GIL, for any number of objects. What fails stands in the result and stops nothing else.

    def put_many(
        self,
        objects: Iterable[tuple[str, bytes | bytearray | memoryview | str | os.PathLike[str]]],
        *,
        overwrite: bool = True,
        concurrency: int = CONCURRENCY,
    ) -> Metas:
        """Stores (name, content) pairs; a `Path` as content is the file there. Per pair its facts, or what went wrong:
        `AlreadyExists` for a taken name, without `overwrite`."""
        condition = None if overwrite else ""
        items = [(_key(name), _content(data), _attrs(name, ""), condition) for name, data in objects]
        return self._store.put_many(items, concurrency, current())

    def get_many(self, names: Iterable[str], *, concurrency: int = CONCURRENCY) -> Bodies:
        """Per name the content, in memory, or what went wrong."""
        return self._store.get_many([_key(name) for name in names], concurrency, current())

    def stat_many(self, names: Iterable[str], *, concurrency: int = CONCURRENCY) -> Metas:
        """Per name what is known of the object, or what went wrong."""
        return self._store.stat_many([_key(name) for name in names], concurrency, current())

    # -- Addresses ---------------------------------------------------------------------------------------------------

    def url(self, name: str, *, expires: int = 3600, method: str = "GET") -> str:
        """A signed address, where the storage can sign; else the public one."""
        if self._store.can("presign_get"):
            return self.presign(name, expires=expires, method=method).url
        return self.public_url(name)

    def public_url(self, name: str) -> str:
        return self._store.public_url(_key(name))

    def presign(
        self,
        name: str,
        *,
        expires: int = 3600,
        method: str = "GET",
        parameters: dict[str, str] | None = None,
        max_size: int | None = None,
    ) -> native.Presigned:
        """A request somebody else can send: its method, url, headers, and the fields of a POST form."""
        pairs = list((parameters or {}).items())
        return self._store.presign(_key(name), method, expires, pairs, [], [], None, max_size, current())


def directory_prefix(path: str) -> str:
    return _key(path).rstrip("/") + "/" if path.strip("/") else ""


def sorted_out(prefix: str, entries: Iterable[Entry]) -> tuple[Names, Names]:
    """The last segments of directories and of files below `prefix`."""
    directories: Names = []
    files: Names = []
    for entry in entries:
        name = entry.name[len(prefix) :].rstrip("/")
        if entry.is_directory:
            directories.append(name)
        elif name:
            files.append(name)
    return directories, files


def _rebuild(kind: type[Storage], url: str, configuration: dict[str, Any]) -> Storage:
    return kind(url, **configuration)


def _key(name: str) -> str:
    native.check_relative(name.rstrip("/"))
    return name


def _content(data: bytes | bytearray | memoryview | str | os.PathLike[str]) -> Any:
    if isinstance(data, str):
        return data.encode()
    return os.fspath(data) if isinstance(data, os.PathLike) else data


def _candidates(name: str) -> Iterator[str]:
    yield name
    for _ in range(ALTERNATIVES):
        yield native.alternative_name(name)


def _attrs(name: str, content_type: str, metadata: dict[str, str] | None = None) -> dict[str, Any]:
    guessed, encoding = native.guess_type(name)
    if content_type:
        encoding = ""
    return {"content_type": content_type or guessed, "content_encoding": encoding, "user": metadata or {}}


def _spelled(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{round(value * 1000)}ms"
    return os.fspath(value) if isinstance(value, os.PathLike) else str(value)
