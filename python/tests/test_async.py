"""Calls for event loops: many at a time, cancelled at any time, and otherwise as those without the `a`."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import threading
import time
from contextlib import asynccontextmanager

import orlop
import pytest
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import TemporaryUploadedFile
from orlop.testing import Server
from storages.backends.local import LocalStorage
from storages.backends.memory import MemoryStorage
from storages.backends.s3 import S3ManifestStaticStorage, S3StaticStorage, S3Storage
from storages.backends.s3boto import S3BotoStorage

MANY = 1000


@pytest.fixture
def s3_server():
    with Server() as server:
        yield server


def storage_on(server, bucket, **options):
    server.create_bucket(bucket)
    return S3Storage(
        dialect="orlop",
        bucket_name=bucket,
        endpoint_url=server.endpoint,
        access_key=server.access_key_id,
        secret_key=server.secret_access_key,
        **options,
    )


def tasks_of_process():
    return len(os.listdir("/proc/self/task"))


def tcp_sockets():
    """The sockets this process has to anything, whoever made them."""
    count = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            duplicate = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue
        with duplicate:
            count += duplicate.family in (socket.AF_INET, socket.AF_INET6)
    return count


class Answering:
    """A service in the event loop itself, which must not stand still meanwhile."""

    def __init__(self, answer):
        self.answer = answer
        self.connections = self.closed = 0

    async def handle(self, reader, writer):
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                answer = self.answer(head.split()[1].decode())
                if answer:
                    writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.closed += 1
            writer.close()


@asynccontextmanager
async def service(answer):
    answering = Answering(answer)
    server = await asyncio.start_server(answering.handle, "127.0.0.1", 0, backlog=512)
    host, port = server.sockets[0].getsockname()
    answering.options = {
        "endpoint_url": f"http://{host}:{port}",
        "bucket_name": "bucket",
        "access_key": "key",
        "secret_key": "secret",
        "region_name": "us-east-1",
    }
    try:
        yield answering
    finally:
        server.close()


def even_exist(path):
    found = int(path.rpartition("/")[2]) % 2 == 0
    status = "200 OK" if found else "404 Not Found"
    return f'HTTP/1.1 {status}\r\nContent-Length: 0\r\nETag: "e"\r\n\r\n'.encode()


def silent(path):
    return b""


async def until(condition, limit=10):
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.005)


# -- Many --------------------------------------------------------------------------------------------------------------


def test_a_thousand_at_a_time_without_threads():
    async def scenario():
        async with service(even_exist) as answering:
            storage = S3Storage(**answering.options)
            await storage.aexists("0")  # starts the engine's one thread
            before = tasks_of_process()
            most = before
            calls = asyncio.gather(*(storage.aexists(str(number)) for number in range(MANY)))
            while not calls.done():
                most = max(most, tasks_of_process())
                await asyncio.sleep(0.002)
            assert await calls == [number % 2 == 0 for number in range(MANY)]
            assert most <= before
            assert answering.connections <= 129

    asyncio.run(scenario())


def test_cancelled_in_mid_flight_nothing_stays_open():
    async def scenario():
        async with service(silent) as answering:
            storage = S3Storage(**answering.options)
            before = tcp_sockets()
            calls = asyncio.gather(*(storage.aexists(str(number)) for number in range(MANY)))
            await until(lambda: answering.connections >= 128)
            begin = time.monotonic()
            calls.cancel()
            with pytest.raises(asyncio.CancelledError):
                await calls
            await until(lambda: answering.closed == answering.connections)
            assert time.monotonic() - begin < 5
            assert answering.connections < MANY / 2  # most that waited for their turn asked nobody
            await until(lambda: tcp_sockets() <= before)

    asyncio.run(scenario())


def test_a_cancelled_read_closes_its_connection():
    head = b'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\nETag: "e"\r\n\r\n' + bytes(1000)

    async def scenario():
        async with service(lambda path: head) as answering:
            file = await S3Storage(**answering.options).aopen("large")
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(file.read(), 0.1)
            await until(lambda: answering.closed == 1)
            await file.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("on_disk", [True, False])
def test_a_large_save_ends_when_it_is_cancelled(s3_server, tmp_path, overwrite, on_disk):
    """What is sent is read by the engine, and not by a thread that nobody can stop."""

    async def pieces():
        for _ in range(20):
            yield bytes(1 << 20)

    def content():
        (tmp_path / "large").write_bytes(bytes(20 << 20))
        return File(open(tmp_path / "large", "rb"))

    async def scenario():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(storage.asave("large", content() if on_disk else pieces()), 1)

    storage = storage_on(s3_server, "slow", file_overwrite=overwrite)
    begin = time.monotonic()
    with s3_server.faults("UploadPart stall-after-64K"):
        asyncio.run(scenario())  # which waits for its threads
    assert time.monotonic() - begin < 5
    asyncio.run(storage.asave("large", content() if on_disk else pieces()))
    assert storage.size("large") == 20 << 20


def test_a_loop_closed_early_leaves_nothing(s3_server):
    async def begin(storage):
        task = asyncio.ensure_future(storage.aexists("a"))
        await asyncio.sleep(0.05)
        return task

    storage = s3_server.storage(s3_server.create_bucket("early") or "early")
    with s3_server.faults("stall"):
        loop = asyncio.new_event_loop()
        task = loop.run_until_complete(begin(storage))
        loop.close()
        task._log_destroy_pending = False
        del task
        gc.collect()
        s3_server.take_log()
    assert asyncio.run(storage.aexists("a")) is False


def test_loops_in_several_threads(s3_server):
    s3_server.create_bucket("loops")
    storage = s3_server.storage("loops")
    results = []

    def work(number):
        async def scenario():
            await storage.asave(f"{number}.txt", str(number))
            return await asyncio.gather(*(storage.aread_text(f"{number}.txt") for _ in range(20)))

        for _ in range(2):
            results.append(asyncio.run(scenario()) == [str(number)] * 20)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 8


def test_a_child_begins_anew(s3_server):
    s3_server.create_bucket("forks")
    storage = s3_server.storage("forks")
    asyncio.run(storage.asave("a.txt", "a"))
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        os._exit(0 if asyncio.run(storage.aread_text("a.txt")) == "a" else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert asyncio.run(storage.aread_text("a.txt")) == "a"


def test_each_task_has_its_ledger(s3_server):
    s3_server.create_bucket("ledgers")
    storage = s3_server.storage("ledgers")

    async def ask(times):
        with orlop.requests() as ledger:
            await asyncio.gather(*(storage.aexists("a") for _ in range(times)))
        return ledger.operations

    async def scenario():
        return await asyncio.gather(ask(1), ask(3))

    assert asyncio.run(scenario()) == [{"HeadObject": 1}, {"HeadObject": 3}]


# -- The handle --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["s3", "memory", "disk"])
def handle(request, tmp_path):
    if request.param == "s3":
        server = request.getfixturevalue("s3_server")
        server.create_bucket("handle")
        return server.storage("handle", dialect="orlop")
    return orlop.open("mem:" if request.param == "memory" else f"file://{tmp_path}/store")


def test_the_handle_does_the_same(handle, tmp_path):
    async def pieces():
        yield b"one "
        yield "two"

    async def scenario():
        assert await handle.aexists("a.txt") is False
        assert await handle.asave("a.txt", "text", metadata={"k": "v"}) == "a.txt"
        assert await handle.aexists("a.txt") is True
        stat, same = await handle.astat("a.txt"), handle.stat("a.txt")
        assert (stat.size, stat.etag, stat.content_type, stat.user) == (4, same.etag, "text/plain", {"k": "v"})
        assert await handle.aread_bytes("a.txt") == b"text"
        other = await handle.asave("a.txt", b"another", overwrite=False)
        assert other != "a.txt" and await handle.aread_text(other) == "another"
        assert await handle.asave("d/s.txt", pieces()) == "d/s.txt"
        assert await handle.aread_text("d/s.txt") == "one two"
        assert await handle.alistdir() == handle.listdir()
        assert [entry async for entry in handle.alist()] == list(handle.list())
        await handle.acopy("a.txt", "c.txt")
        await handle.adownload("c.txt", tmp_path / "c")
        assert (tmp_path / "c").read_bytes() == b"text"
        await handle.aupload(tmp_path / "c", "u.txt")
        assert await handle.aread_bytes("u.txt") == b"text"
        await handle.aremove("u.txt")
        assert await handle.aremove_many(["c.txt", other]) == [None, None]
        assert await handle.alistdir() == (["d"], ["a.txt"])
        with pytest.raises(orlop.NotFound) as missing:
            await handle.astat("missing")
        with pytest.raises(orlop.NotFound) as expected:
            handle.stat("missing")
        assert str(missing.value).partition("request")[0] == str(expected.value).partition("request")[0]
        with pytest.raises(orlop.InvalidArgument):
            await handle.aexists("../a")

    asyncio.run(scenario())


def test_files_of_the_handle(handle):
    lines = [b"%d\n" % number for number in range(50_000)]
    whole = b"".join(lines)

    async def scenario():
        async with await handle.aopen("f.bin", "wb") as file:
            for at in range(0, len(whole), 100_000):
                await file.write(whole[at : at + 100_000])
            assert not await handle.aexists("f.bin")
        async with await handle.aopen("f.bin") as file:
            assert file.size == len(whole)
            assert await file.read(10) == whole[:10]
            assert file.tell() == 10
            assert await file.read() == whole[10:]
            assert await file.read() == b""
            file.seek(-5, os.SEEK_END)
            assert await file.read(100) == whole[-5:]
            file.seek(0)
            assert [line async for line in file] == lines
            file.seek(3)
            assert b"".join([chunk async for chunk in file.chunks(70_000)]) == whole[3:]
        with pytest.raises(ValueError, match="closed"):
            await file.read()
        with pytest.raises(RuntimeError):
            async with await handle.aopen("g.bin", "wb") as file:
                await file.write(b"half")
                raise RuntimeError
        forgotten = await handle.aopen("h.bin", "wb")
        await forgotten.write(b"half")
        del forgotten
        gc.collect()
        assert not await handle.aexists("g.bin")
        assert not await handle.aexists("h.bin")
        with pytest.raises(orlop.AlreadyExists):
            async with await handle.aopen("f.bin", "xb") as file:
                await file.write(b"mine")
        async with await handle.aopen("small", "wb") as file:
            await file.write("small")
        async with await handle.aopen("small") as file:
            assert [await file.read(2), await file.read(2), await file.read(2), await file.read(2)] == [
                b"sm",
                b"al",
                b"l",
                b"",
            ]

    asyncio.run(scenario())


def test_one_call_at_a_time_on_a_file():
    head = b'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\nETag: "e"\r\n\r\n' + bytes(1000)

    async def scenario():
        async with service(lambda path: head) as answering:
            file = await S3Storage(**answering.options).aopen("large")
            first = asyncio.ensure_future(file.read())
            await asyncio.sleep(0.05)
            with pytest.raises(RuntimeError, match="not ended"):
                await file.read()
            with pytest.raises(RuntimeError, match="not ended"):
                file.seek(0)
            first.cancel()

    asyncio.run(scenario())


# -- Django's ----------------------------------------------------------------------------------------------------------

KINDS = [S3Storage, S3StaticStorage, S3ManifestStaticStorage, S3BotoStorage, MemoryStorage, LocalStorage]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def make(request, s3_server, tmp_path):
    """Makes storages of one kind, all of the same bucket."""
    bucket = f"django-{request.param.__name__.lower()}"
    s3_server.create_bucket(bucket)
    options = {
        "bucket_name": bucket,
        "endpoint_url": s3_server.endpoint,
        "access_key": s3_server.access_key_id,
        "secret_key": s3_server.secret_access_key,
        "region_name": "us-east-1",
        "dialect": "orlop",
        "location": "media",
    }
    if request.param is LocalStorage:
        options["root"] = tmp_path / "local"
    return lambda **more: request.param(**{**options, **more})


def test_every_storage_does_the_same(make):
    storage = make()

    async def scenario():
        assert await storage.aexists("d/a.txt") is False
        assert await storage.asave("d/a.txt", ContentFile(b"content")) == "d/a.txt"
        assert await storage.aexists("d/a.txt") is storage.exists("d/a.txt") is True
        assert await storage.asize("d/a.txt") == storage.size("d/a.txt") == 7
        assert await storage.aget_modified_time("d/a.txt") == storage.get_modified_time("d/a.txt")
        assert await storage.alistdir("") == storage.listdir("")
        assert await storage.alistdir("d") == storage.listdir("d") == ([], ["a.txt"])
        assert await storage.aexists("d") is storage.exists("d")
        if not isinstance(storage, (S3ManifestStaticStorage, LocalStorage)):  # without a manifest, without a view
            assert (await storage.aurl("d/a.txt")).partition("?")[0] == storage.url("d/a.txt").partition("?")[0]
        async with await storage.aopen("d/a.txt") as file:
            assert await file.read() == b"content"
        async with await storage.aopen("d/b.txt", "wb") as file:
            await file.write(b"written")
        async with await storage.aopen("d/b.txt") as file:
            assert [line async for line in file] == [b"written"]
        await storage.adelete("d/a.txt")
        assert await storage.aexists("d/a.txt") is False
        for asynchronous, plain in (
            (storage.asize("none"), lambda: storage.size("none")),
            (storage.adelete(""), lambda: storage.delete("")),
            (storage.aopen("none"), lambda: storage.open("none")),
            (storage.aexists("../x"), lambda: storage.exists("../x")),
        ):
            with pytest.raises(Exception) as one:
                await asynchronous
            with pytest.raises(Exception) as other:
                plain()
            assert (type(one.value), str(one.value)) == (type(other.value), str(other.value))

    asyncio.run(scenario())


def test_saving_finds_free_names(make):
    storage = make(file_overwrite=False)

    async def scenario():
        saves = [storage.asave("same.txt", ContentFile(b"x")) for _ in range(5)]
        # Elsewhere names are looked for first, with or without an event loop.
        names = await asyncio.gather(*saves) if storage._names_freely() else [await save for save in saves]
        assert len(set(names)) == 5
        assert "same.txt" in names
        short = await storage.asave("same.txt", ContentFile(b"x"), max_length=len("same.txt") + 8)
        assert short not in names

    asyncio.run(scenario())


def test_saving_takes_what_save_takes(make, tmp_path):
    storage = make(gzip=True)
    (tmp_path / "file").write_bytes(b"of a file")
    uploaded = TemporaryUploadedFile("u.bin", "image/png", 5, None)
    uploaded.write(b"image")
    uploaded.seek(0)

    async def pieces():
        yield b"in "
        yield "pieces"

    async def content_of(name):
        return await (await storage.aopen(name)).read()

    async def scenario():
        assert await content_of(await storage.asave("p.bin", pieces())) == b"in pieces"
        assert await content_of(await storage.asave("u.bin", uploaded)) == b"image"
        with open(tmp_path / "file", "rb") as file:
            assert await content_of(await storage.asave("f.bin", File(file))) == b"of a file"
        style = b"body {}" * 100
        assert await content_of(await storage.asave("s.css", ContentFile(style))) == style
        assert await storage.asize("s.css") < len(style)
        large = os.urandom(9 << 20)
        assert await content_of(await storage.asave("l.bin", ContentFile(large))) == large

    asyncio.run(scenario())


def test_one_request_each(s3_server):
    storage = storage_on(s3_server, "requests", file_overwrite=False)

    async def scenario():
        with s3_server.expect(PutObject=1):
            await storage.asave("a.txt", ContentFile(b"a"))
        with s3_server.expect(GetObject=1):
            async with await storage.aopen("a.txt") as file:
                await file.read()
        with s3_server.expect(HeadObject=1):
            await storage.aexists("a.txt")
        with s3_server.expect():
            await storage.aurl("a.txt")

    asyncio.run(scenario())


def test_what_a_subclass_changes_counts():
    asked = []

    class Own(MemoryStorage):
        def exists(self, name):
            asked.append(threading.current_thread())
            return name == "mine"

    storage = Own(bucket_name="own")
    assert asyncio.run(storage.aexists("mine")) is True
    assert asyncio.run(storage.aexists("other")) is False
    assert threading.main_thread() not in asked

    class Saving(MemoryStorage):
        def _save(self, name, content):
            return super()._save(f"kept/{name}", content)

    storage = Saving(bucket_name="own")
    assert asyncio.run(storage.asave("a.txt", ContentFile(b"a"))) == "kept/a.txt"


def test_parameters_of_a_subclass_are_asked(s3_server):
    class Own(S3Storage):
        def get_object_parameters(self, name):
            return {"ContentType": "x/y", "CacheControl": "max-age=1"}

    s3_server.create_bucket("parameters")
    storage = Own(
        bucket_name="parameters",
        endpoint_url=s3_server.endpoint,
        access_key=s3_server.access_key_id,
        secret_key=s3_server.secret_access_key,
    )
    asyncio.run(storage.asave("a.txt", ContentFile(b"a")))
    assert s3_server.storage("parameters").stat("a.txt").content_type == "x/y"


def test_faults_are_repeated_and_errors_explained(s3_server):
    s3_server.create_bucket("faults")
    storage = S3Storage(
        bucket_name="faults",
        endpoint_url=s3_server.endpoint,
        access_key=s3_server.access_key_id,
        secret_key=s3_server.secret_access_key,
    )
    with s3_server.faults("503-twice"), orlop.requests() as ledger:
        assert asyncio.run(storage.aexists("a")) is False
    assert ledger.retries == 2
    missing = S3Storage(bucket_name="faults", endpoint_url="http://127.0.0.1:1", access_key="a", secret_key="b")
    with pytest.raises(orlop.Unavailable) as error:
        asyncio.run(missing.asize("a"))
    assert "AWS_S3_ENDPOINT_URL" in str(error.value)


def test_uvloop(s3_server):
    uvloop = pytest.importorskip("uvloop")
    s3_server.create_bucket("uvloop")
    storage = s3_server.storage("uvloop")

    async def scenario():
        await storage.asave("a", b"a")
        return await asyncio.gather(*(storage.aread_bytes("a") for _ in range(50)))

    assert uvloop.run(scenario()) == [b"a"] * 50
