"""What every storage has for event loops: aopen, asave, aexists, adelete, alistdir, asize, aget_modified_time, aurl.

Each is the method without the `a`: the same names, parameters, results and exceptions. A call waits in the engine,
where any number of them share one thread, and ends when its task is cancelled. What a subclass has changed is asked as
it is, in a thread, and so is what reads or compresses content that is not in memory.
"""

import asyncio
import io
import tempfile
from functools import wraps

from django.core.files.storage import Storage
from orlop import AlreadyExists, NotFound, OrlopError
from orlop.aio import CHUNK, AsyncReader, call
from orlop.ledger import current

from storages import content as contents
from storages.s3.errors import describe_missing, explain_call
from storages.s3.parameters import filter_download, to_attrs
from storages.utils import clean_name

_SPOOLED = 8 << 20  # more of an async iterable waits on disk


async def in_thread(function, *arguments, **keywords):
    """In one of the event loop's own threads, of which there are few."""
    return await asyncio.to_thread(function, *arguments, **keywords)


def _explained(method):
    name = method.__name__.removeprefix("a")

    @wraps(method)
    async def explaining(*args, **kwargs):
        try:
            return await method(*args, **kwargs)
        except OrlopError as error:
            explain_call(error, name)
            raise

    return explaining


class AsyncStorageMixin:
    """Goes with a storage whose own methods are marked with `twinned`."""

    # Whether something else than the service answers, as with preloaded metadata.
    _answers_itself = False

    def _twins(self, *names):
        """Whether the methods are those this class knows, and not a subclass's."""
        return not self._answers_itself and all(map(self._is_known, names))

    def _is_known(self, name):
        function = getattr(getattr(self, name), "__func__", None)
        return getattr(function, "_is_twinned", False) is True or function is getattr(Storage, name, self)

    async def _ready_store(self):
        if "_store" not in self.__dict__ and self._auto_create_bucket:
            return await in_thread(getattr, self, "_store")
        return self._store

    async def _ask(self, operation, *arguments):
        store = await self._ready_store()
        waiting = getattr(store, "asynchronous", None)
        if waiting is None:
            method = getattr(store, operation)
            # In memory there is nothing to wait for.
            return method(*arguments) if store.is_in_memory else await in_thread(method, *arguments)
        return await call(getattr(waiting, operation), *arguments)

    def _target(self, name):
        """Key, parameters and version of what is looked at."""
        key = self._normalize_name(clean_name(name))
        return key, *filter_download(self.get_object_parameters(key))

    # -- Looking -----------------------------------------------------------------------------------------------------

    @_explained
    async def aexists(self, name):
        clean = clean_name(name)
        if not self._twins("exists") or not clean or clean in self._shown:
            return await in_thread(self.exists, name)
        key, provider, version = self._target(name)
        return await self._ask("exists", key, current(), provider, version)

    async def _astat(self, name):
        key, provider, version = self._target(name)
        try:
            return await self._ask("stat", key, current(), provider, version)
        except NotFound as error:
            describe_missing(error, key)
            raise

    @_explained
    async def asize(self, name):
        if not self._twins("size", "_stat"):
            return await in_thread(self.size, name)
        return (await self._astat(name)).size

    @_explained
    async def aget_modified_time(self, name):
        if not self._twins("get_modified_time", "_stat"):
            return await in_thread(self.get_modified_time, name)
        return self._as_time(await self._astat(name))

    @_explained
    async def alistdir(self, name):
        if not self._twins("listdir", "_list_below"):
            return await in_thread(self.listdir, name)
        prefix = self._directory_prefix(name)
        skip = len(prefix.encode())
        groups, objects, token = [], [], ""
        while True:
            page = await self._ask("list", prefix, "/", token, "", 0, current())
            more_groups, more_objects = page.split(skip)
            groups += more_groups
            objects += more_objects
            token = page.next
            if not token:
                return self._shown_as(name, groups, objects)

    async def aurl(self, name, *args, **kwargs):
        """Signing asks nobody, unless keys have to be found first."""
        fixed = (self.access_key and self.secret_key) or not self.querystring_auth or self.custom_domain
        if fixed and self._twins("url") and not self._auto_create_bucket:
            return self.url(name, *args, **kwargs)
        return await in_thread(self.url, name, *args, **kwargs)

    # -- Changing ----------------------------------------------------------------------------------------------------

    @_explained
    async def adelete(self, name):
        if not self._twins("delete") or not clean_name(name):
            return await in_thread(self.delete, name)
        for error in await self._ask("remove", [self._normalize_name(clean_name(name))], current()):
            if error:
                raise error

    @_explained
    async def asave(self, name, content, max_length=None):
        """Takes what save() takes; an async iterable is read here, in the caller's event loop."""
        if hasattr(content, "__aiter__"):
            content = await _gathered(content)
        store = await self._ready_store()
        known = self._twins("save", "_save", "get_available_name")
        if not known or not (self.file_overwrite or (self._names_freely() and store.can("put_create"))):
            return await in_thread(self.save, name, content, max_length)
        at_hand = not self.gzip and contents.is_at_hand(content)
        plan = self._plan_save if at_hand else _in_thread_of(self._plan_save)
        planned = await _maybe(plan(name, content, max_length))
        if isinstance(planned.body, contents.Stream):
            return await in_thread(self._carry_out, planned)
        if not planned.deferred:
            await self._aupload(planned.name, planned.body, planned.parameters, False)
            return planned.name
        exclusive = True
        if contents.size_of(planned.body) >= self.transfer_config.multipart_threshold:
            # As _save_under_free_name(): what takes long to send asks beforehand as well.
            planned = planned._replace(name=await in_thread(self._free_name, planned.name, planned.max_length))
            exclusive = store.can("write_create")
        for candidate, parameters in self._attempts(planned):
            try:
                await self._aupload(candidate, planned.body, parameters, exclusive)
                return candidate
            except AlreadyExists as error:
                taken = error
        raise taken

    async def _aupload(self, name, body, parameters, exclusive):
        key, attrs = self._normalize_name(name), to_attrs(parameters)
        if isinstance(body, contents.FileRange):
            return await self._ask("put_file", key, body.descriptor, 0, body.size, attrs, exclusive, current())
        return await self._ask("put", key, body, attrs, exclusive, current())

    # -- Files -------------------------------------------------------------------------------------------------------

    @_explained
    async def aopen(self, name, mode="rb"):
        """A file to be awaited: read, write, seek, close, `async with`, `async for` its lines, `chunks()`."""
        store = await self._ready_store()
        waits = getattr(store, "asynchronous", None) is not None and self._twins("open", "_open")
        if mode != "rb" or not waits or self.gzip:
            return AsyncFile(await in_thread(self.open, name, mode))
        key, provider, version = self._target(name)
        try:
            return AsyncS3File(await self._ask("open", key, current(), provider, version), name)
        except NotFound as error:
            describe_missing(error, key)
            raise


class AsyncS3File(AsyncReader):
    """An object opened for reading, waited for in the engine."""

    read = _explained(AsyncReader.read)
    readline = _explained(AsyncReader.readline)

    async def readlines(self):
        return [line async for line in self]


class AsyncFile:
    """A file of a storage whose calls are made in threads, one after the other; `by_thread`: in a certain one."""

    def __init__(self, file, by_thread=None):
        self._file = file
        self._by_thread = by_thread or _in_thread_of
        self.name = file.name
        self.mode = getattr(file, "mode", None)
        self._turn = asyncio.Lock()

    @property
    def file(self):
        """The file itself."""
        return self._file

    @property
    def size(self):
        return self._file.size

    @property
    def closed(self):
        return self._file.closed

    async def _call(self, method, *arguments):
        async with self._turn:
            return await self._by_thread(getattr(self._file, method))(*arguments)

    async def read(self, *size):
        return await self._call("read", *size)

    async def readline(self, *size):
        return await self._call("readline", *size)

    async def readlines(self):
        return [line async for line in self]

    async def write(self, content):
        return await self._call("write", content)

    async def seek(self, offset, whence=io.SEEK_SET):
        return await self._call("seek", offset, whence)

    async def tell(self):
        return await self._call("tell")

    async def chunks(self, size=CHUNK):
        while chunk := await self.read(size):
            yield chunk

    async def __aiter__(self):
        while line := await self.readline():
            yield line

    async def close(self):
        await self._call("close")

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, error, trace):
        await self._call("__exit__", kind, error, trace)


def _in_thread_of(function):
    return lambda *arguments: in_thread(function, *arguments)


async def _maybe(result):
    return await result if asyncio.iscoroutine(result) else result


async def _gathered(content):
    """What an async iterable yields: in memory, or when it is large in a file, which the engine reads by itself."""
    gathered = io.BytesIO()
    async for piece in content:
        data = contents.as_piece(piece)
        if type(gathered) is io.BytesIO and gathered.tell() + len(data) >= _SPOOLED:
            gathered = await in_thread(_on_disk, gathered)
        if type(gathered) is io.BytesIO:
            gathered.write(data)
        else:
            await in_thread(gathered.write, data)
    gathered.seek(0)
    return gathered


def _on_disk(gathered):
    file = tempfile.TemporaryFile()  # noqa: SIM115
    file.write(gathered.getbuffer())
    return file
