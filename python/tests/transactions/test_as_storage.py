"""TransactionalStorage as Django, its tests and threads use a storage."""

from __future__ import annotations

import asyncio
import os
import pickle
import threading
import unittest

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import TestCase, override_settings
from helpers import transactions
from helpers.transactions import Document, has_address, kept_in, names_in, text, use
from storages.transactional import TransactionalStorage


@transactions.options_of_default
def test_by_alias_and_by_specification(tmp_path, settings_of):
    spec = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    wrapped = {"BACKEND": "storages.transactional.TransactionalStorage", "OPTIONS": {"storage": "media"}}
    nested = {"BACKEND": "storages.transactional.TransactionalStorage", "OPTIONS": {"storage": spec, "staging": "x/y"}}
    with settings_of(default=wrapped, media=spec, nested=nested):
        from django.core.files.storage import default_storage, storages

        with transaction.atomic():
            name = default_storage.save("a.txt", text())
            other = storages["nested"].save("b.txt", text())
            assert len(os.listdir(tmp_path / "x" / "y")) == 1
        assert names_in(storages["media"]) == sorted([name, other])
        assert default_storage.location == str(tmp_path)
        assert storages["nested"].listdir("x") == ([], [])


@pytest.fixture
def settings_of():
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    return lambda **storages: override_settings(STORAGES={"staticfiles": static, **storages})


def test_it_is_pickled_and_migrated(storage):
    path, arguments, options = TransactionalStorage("media", staging="x").deconstruct()
    assert (path, arguments, options) == ("storages.transactional.TransactionalStorage", ("media",), {"staging": "x"})
    twin = pickle.loads(pickle.dumps(TransactionalStorage("media")))
    assert twin.folder == ".pending"


def test_attributes_of_an_object_reach_its_place(own_place, own_server):
    storage = TransactionalStorage(
        own_place.storage(
            default_acl="public-read",
            object_parameters={"CacheControl": "max-age=60", "Metadata": {"a": "b"}, "StorageClass": "STANDARD_IA"},
            gzip=True,
        )
    )
    for content in (ContentFile(b"body {}" * 100), storage.stage(ContentFile(b"body {}" * 100, name="a.css"))):
        with transaction.atomic():
            name = storage.save("a.css", content)
        meta = own_place.handle().stat(name)
        assert (meta.content_type, meta.content_encoding, meta.cache_control) == ("text/css", "gzip", "max-age=60")
        assert dict(meta.metadata if hasattr(meta, "metadata") else meta.user) == {"a": "b"}
        assert storage.open(name).read() == b"body {}" * 100


def test_in_django_tests(tmp_path):
    """The files of a test go with it, but those whose callbacks it runs as after a commit."""
    storage = use(TransactionalStorage(kept_in(tmp_path)))
    names = []

    class InATest(TestCase):
        def one(self):
            with self.captureOnCommitCallbacks(execute=True):
                names.append(Document.objects.create(file=text()).file.name)
            assert storage.inner.exists(names[0])
            Document.objects.create(file=text())

        def other(self):
            assert Document.objects.count() == 0

    result = unittest.TestResult()
    InATest.setUpClass()
    try:
        for name in ("one", "other"):
            InATest(name)(result)
    finally:
        InATest.doClassCleanups()
        InATest.tearDownClass()
    assert result.testsRun == 2 and not result.failures + result.errors
    assert names_in(storage.inner) == names


def test_async_calls_see_the_same(storage):
    async def work():
        name = await storage.asave("a.txt", text())
        assert await storage.aexists(name) and await storage.asize(name) == 7
        async with await storage.aopen(name) as file:
            assert await file.read() == b"content"
        if not isinstance(storage.inner, transactions.Plain):  # whose modification time is naive, or aware, as it likes
            assert await storage.aget_modified_time(name) == storage.inner.get_modified_time(name)
        assert not has_address(storage) or await storage.aurl(name)
        assert (await storage.alistdir(""))[1] == [name]
        await storage.adelete(name)
        return await storage.aexists(name)

    def save_in_transaction():
        with transaction.atomic():
            return storage.save("b.txt", text())

    async def both():
        from asgiref.sync import sync_to_async

        return await work(), await sync_to_async(save_in_transaction)()

    exists, name = run_with_threads(both)
    assert exists is False and storage.exists(name)


def test_written_and_looked_at_in_a_transaction_by_async_calls(storage):
    """In the thread of the transaction, whichever that is."""

    async def inside():
        async with await storage.aopen("a.txt", "wb") as file:
            await file.write(b"written")
        async with await storage.aopen("a.txt") as file:
            return await file.read(), await storage.aget_modified_time("a.txt")

    with transaction.atomic():
        content, modified = run_with_threads(inside)
        assert content == b"written" and modified == storage.get_modified_time("a.txt")
        assert not storage.inner.exists("a.txt")
    assert storage.inner.open("a.txt").read() == b"written"


def run_with_threads(task):
    """sync_to_async() runs in the thread that waits, whose in-memory database has the tables."""
    from asgiref.sync import async_to_sync

    return async_to_sync(task)()


def test_transactions_of_threads_are_apart(storage):
    """Another thread has another connection, and no transaction."""
    seen_there = []
    with transaction.atomic():
        storage.save("a.txt", text())
        thread = threading.Thread(target=lambda: seen_there.append(storage._is_in_transaction()))
        thread.start()
        thread.join()
    assert seen_there == [False]
    assert asyncio.iscoroutinefunction(type(storage).asave)
