"""TransferConfig.max_bandwidth: how long transfers take, how they end early, and that nobody takes them for dead."""

import asyncio
import io
import threading
import time

import orlop
import pytest
from storages.s3.options import TransferConfig

MEGABYTE = 1 << 20
CONTENT = bytes(range(256)) * (4 * MEGABYTE // 256)


@pytest.fixture
def limited(own_place):
    def make(rate=2 * MEGABYTE, **config):
        return own_place.storage(transfer_config=TransferConfig(max_bandwidth=rate, **config))

    return make


def timed(run, *arguments):
    begin = time.monotonic()
    result = run(*arguments)
    return time.monotonic() - begin, result


def read(storage, name):
    with storage.open(name) as file:
        return file.read()


def test_up_and_down(limited):
    storage = limited()
    seconds, name = timed(storage.save, "a", io.BytesIO(CONTENT))
    assert 1.5 < seconds < 3
    seconds, content = timed(read, storage, name)
    assert 1.5 < seconds < 3
    assert content == CONTENT


def test_parts_share_it(limited, own_place):
    storage = limited(6 * MEGABYTE, multipart_threshold=5 * MEGABYTE, multipart_chunksize=5 * MEGABYTE)
    seconds, name = timed(storage.save, "a", io.BytesIO(CONTENT * 3))
    assert 1.5 < seconds < 3
    assert read(own_place.storage(), name) == CONTENT * 3


def test_transfers_of_a_storage_share_it_and_other_storages_do_not(limited):
    storage = limited(8 * MEGABYTE)

    def save_two():
        threads = [threading.Thread(target=storage.save, args=(name, io.BytesIO(CONTENT))) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert 0.8 < timed(save_two)[0] < 2
    assert timed(limited(1 << 30).save, "c", io.BytesIO(CONTENT))[0] < 0.8


def test_on_an_event_loop(limited):
    storage = limited(8 * MEGABYTE)

    async def save_two():
        await asyncio.gather(*(storage.asave(name, io.BytesIO(CONTENT)) for name in "ab"))

    assert 0.8 < timed(asyncio.run, save_two())[0] < 2


def test_whoever_waits_does_not_hold_up_the_thread_of_the_fibers(limited):
    storage = limited(1)

    async def save_and_look():
        saving = asyncio.ensure_future(storage.asave("a", io.BytesIO(b"abc")))
        await asyncio.sleep(0.2)  # of the second that the first byte takes
        begin = time.monotonic()
        assert not await storage.aexists("c")
        assert time.monotonic() - begin < 0.4
        assert not saving.done()
        saving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await saving

    asyncio.run(save_and_look())


def test_small_requests_do_not_wait(limited):
    storage = limited(1000)

    def look():
        for _ in range(20):
            assert not storage.exists("nothing")
        return storage.listdir("")

    assert timed(look)[0] < 1.5


def test_waiting_for_ones_turn_is_no_stall(own_place):
    """Far below what counts as progress of a network, and longer than its limits."""
    store = own_place.handle(max_bandwidth="100", stall_timeout="500ms", first_byte_timeout="1s")
    seconds, _ = timed(store.save, "a", b"x" * 150)
    assert 1.2 < seconds < 4
    assert timed(store.read_bytes, "a")[1] == b"x" * 150


@pytest.mark.parametrize("rate", ["fast", "-1"])
def test_what_is_no_rate(own_place, rate):
    with pytest.raises(orlop.ConfigInvalid, match="max_bandwidth"):
        own_place.handle(max_bandwidth=rate)
