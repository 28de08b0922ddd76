"""Doubles of S3 for the tests of a Django project: all its S3 storages at once, wherever they were made.

with in_memory(): ...
with orlop.testing.Server() as server, in_place_of_s3(server): ...
"""

from contextlib import contextmanager
from unittest import mock
from weakref import WeakKeyDictionary

from orlop import native

from storages.backends.memory import check_bucket, open_store
from storages.backends.s3 import S3Storage
from storages.s3.options import attempts, engine_options


@contextmanager
def in_place_of_s3(server):
    """Inside the block every S3 storage talks to `server` (an orlop.testing.Server), with keys of the server's own.

    Buckets are made when a storage first needs them. All other options stay in force.
    """
    there = {
        "endpoint": server.endpoint,
        "public_endpoint": server.endpoint,
        "region": server.region,
        "access_key_id": server.access_key_id,
        "secret_access_key": server.secret_access_key,
        "addressing": "path",
        "dialect": "orlop",
    }
    # Others are about the way to the service.
    kept = ("part_size", "concurrency", "connect_timeout", "first_byte_timeout", "signature", "clamp_expiry")
    made = set()

    def open_on_server(storage):
        check_bucket(storage)
        if storage.bucket_name not in made:
            server.create_bucket(storage.bucket_name)
            made.add(storage.bucket_name)
        options = {name: value for name, value in engine_options(storage).items() if name in kept}
        return native.Store(
            f"s3://{storage.bucket_name}",
            {**options, **there},
            attempts(storage.client_config),
            0.0,
            storage.transfer_config.multipart_threshold,
        )

    with _stores_from(open_on_server):
        yield


@contextmanager
def in_memory():
    """Inside the block every S3 storage keeps its objects in memory. Storages of one bucket share them."""
    buckets = {}
    with _stores_from(lambda storage: open_store(storage, buckets)):
        yield


def _stores_from(opener):
    stores = WeakKeyDictionary()  # storages are equal to nobody but themselves

    def store_of(storage):
        own = storage.__dict__.get("_store")
        if own is not None and not isinstance(own, native.Store):
            return own  # of collectstatic, which plans with a store that is none
        if storage not in stores:
            stores[storage] = opener(storage)
        return stores[storage]

    # A property comes before what an instance has opened already, so that it also serves storages that were in use.
    return mock.patch.object(S3Storage, "_store", property(store_of))
