"""S3's double: objects in memory under exactly the rules of S3Storage, for tests and first steps.

Names, overwriting, compression, parameters and addresses are S3Storage's own code; only where the bytes go differs.
"""

from django.contrib.staticfiles.storage import ManifestFilesMixin
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import cached_property
from orlop import ConfigInvalid, native

from storages.backends.s3 import S3Storage
from storages.s3.errors import explain
from storages.s3.options import attempts, engine_options

__all__ = ["MemoryManifestStaticStorage", "MemoryStaticStorage", "MemoryStorage"]

#: The buckets of this process: name -> the engine's store.
_buckets = {}

# Addresses are signed, by whatever keys there are: nobody answers at them.
_KEYS = {"access_key_id": "MEMORY", "secret_access_key": "memory", "region": "us-east-1"}


class MemoryStore:
    """An engine's store whose objects are in memory and whose addresses are S3's."""

    def __init__(self, objects, addresses):
        self._objects = objects
        self._addresses = addresses
        self.scheme = addresses.scheme
        self.name = addresses.name
        self.can = objects.can
        self.list = objects.list
        self.move = objects.move
        self.download = objects.download
        self.get_many = objects.get_many
        self.stat_many = objects.stat_many
        self.public_url = addresses.public_url
        self.presign = addresses.presign

    def stat(self, key, ledger, provider, version):
        return self._objects.stat(self._checked(key), ledger, None, version)

    def exists(self, key, ledger, provider, version):
        return self._objects.exists(self._checked(key), ledger, None, version)

    def open(self, key, ledger, provider, version):
        return self._objects.open(self._checked(key), ledger, None, version)

    def remove(self, keys, ledger):
        return self._objects.remove(list(map(self._checked, keys)), ledger)

    def put(self, key, data, attrs, exclusive, ledger):
        return self._objects.put(self._checked(key), data, _kept(attrs), exclusive, ledger)

    def put_file(self, key, descriptor, offset, length, attrs, exclusive, ledger):
        return self._objects.put_file(self._checked(key), descriptor, offset, length, _kept(attrs), exclusive, ledger)

    def write(self, key, attrs, exclusive, ledger):
        return self._objects.write(self._checked(key), _kept(attrs), exclusive, ledger)

    def copy(self, source, target, attrs, exclusive, ledger):
        attrs = None if attrs is None else _kept(attrs)
        return self._objects.copy(source, self._checked(target), attrs, exclusive, ledger)

    def put_many(self, objects, concurrency, ledger):
        kept = [(self._checked(key), data, _kept(attrs), condition) for key, data, attrs, condition in objects]
        return self._objects.put_many(kept, concurrency, ledger)

    def _checked(self, key):
        self._addresses.public_url(key)  # refuses the keys S3 refuses
        return key


def _kept(attrs):
    # Who may read, storage classes, encryption: matters of the service's.
    return {name: value for name, value in (attrs or {}).items() if name != "provider"}


def check_bucket(storage):
    if not storage.bucket_name:
        raise ImproperlyConfigured("Set AWS_STORAGE_BUCKET_NAME, or the option bucket_name, to the bucket's name.")


def open_store(storage, buckets):
    """The store of a storage (of any S3 class), among `buckets`."""
    check_bucket(storage)
    options = {name: value for name, value in engine_options(storage).items() if name not in ("profile", "ca_file")}
    limits = (attempts(storage.client_config), 0.0, storage.transfer_config.multipart_threshold)
    try:
        addresses = native.Store(f"s3://{storage.bucket_name}", {**_KEYS, **options}, *limits)
    except ConfigInvalid as error:
        explain(error)
        raise ImproperlyConfigured(str(error)) from None
    objects = buckets.get(storage.bucket_name)
    if objects is None:
        objects = buckets.setdefault(storage.bucket_name, native.Store("mem:", {}, *limits))
    return MemoryStore(objects, addresses)


class MemoryStorage(S3Storage):
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
