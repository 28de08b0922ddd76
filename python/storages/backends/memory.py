"""S3's double: objects in memory under exactly the rules of S3Storage, for tests and first steps.

Names, overwriting, compression and parameters are S3Storage's own code; only where the bytes go differs. So are
addresses, until `storages.urls` is included: then they lead to its view.
"""

from django.contrib.staticfiles.storage import ManifestFilesMixin
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import cached_property
from orlop import ConfigInvalid, native

from storages.backends.s3 import S3Storage
from storages.doubles import DoubleStore, address_store
from storages.s3.errors import explain
from storages.s3.options import attempts, engine_options
from storages.served import ServedMixin

__all__ = ["MemoryManifestStaticStorage", "MemoryStaticStorage", "MemoryStorage"]

#: The buckets of this process: name -> the engine's stores of its objects and of the parts of uploads.
_buckets = {}


def check_bucket(storage):
    if not storage.bucket_name:
        raise ImproperlyConfigured("Set AWS_STORAGE_BUCKET_NAME, or the option bucket_name, to the bucket's name.")


def open_store(storage, buckets):
    """The store of a storage (of any S3 class), among `buckets`."""
    check_bucket(storage)
    limits = limits_of(storage)
    addresses = open_addresses(storage, storage.bucket_name)
    stores = buckets.get(storage.bucket_name)
    if stores is None:
        made = native.Store("mem:", {}, *limits), native.Store("mem:", {}, *limits)
        stores = buckets.setdefault(storage.bucket_name, made)
    objects, parts = stores
    return DoubleStore(objects, addresses, parts)


def limits_of(storage):
    return attempts(storage.client_config), 0.0, storage.transfer_config.multipart_threshold


def open_addresses(storage, bucket):
    options = {name: value for name, value in engine_options(storage).items() if name not in ("profile", "ca_file")}
    try:
        return address_store(bucket, options, limits_of(storage))
    except ConfigInvalid as error:
        explain(error)
        raise ImproperlyConfigured(str(error)) from None


class MemoryStorage(ServedMixin, S3Storage):
    """S3Storage with its options and without S3. Storages of one bucket share their objects while the process lives."""

    @cached_property
    def _store(self):
        return open_store(self, _buckets)

    def clear(self):
        """Removes everything below the storage's location."""
        prefix = self.location.rstrip("/") + "/" if self.location else ""
        while True:
            page = self._store.list(prefix, "", "", "", 0, None)
            names = [name for name, *_ in page.entries()]
            if not names:
                return
            self._store.remove(names, None)


class MemoryStaticStorage(MemoryStorage):
    querystring_auth = False


class MemoryManifestStaticStorage(ManifestFilesMixin, MemoryStaticStorage):
    """Static files under names that change with their content, in memory."""
