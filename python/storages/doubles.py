"""What stands in for a bucket where there is none: an engine's store in memory or on disk, under S3's rules."""

import json
import secrets
import zlib

from orlop import NotFound, PreconditionFailed, native

_BLOCK = 1 << 20

# Addresses are signed, by whatever keys there are: nobody answers at them.
_KEYS = {"access_key_id": "MEMORY", "secret_access_key": "memory", "region": "us-east-1"}


def address_store(bucket, options, limits):
    """A store that knows how S3 spells things, and is never asked for an object."""
    return native.Store(f"s3://{bucket}", {**_KEYS, **options}, *limits)


class DoubleStore:
    """An engine's store whose objects are here and whose addresses are S3's."""

    def __init__(self, objects, addresses, parts):
        self._objects = objects
        self._addresses = addresses
        self.driver = DoubleUploads(objects, addresses, parts)
        self.scheme = addresses.scheme
        self.name = addresses.name
        self.is_in_memory = objects.scheme == "mem"
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

    def put_many(self, objects, concurrency, ledger):
        kept = [(self._checked(key), data, _kept(attrs), condition) for key, data, attrs, condition in objects]
        return self._objects.put_many(kept, concurrency, ledger)

    def copy(self, source, target, attrs, exclusive, ledger):
        wanted = (attrs or {}).get("provider", {}).get("CopySourceIfMatch")
        if wanted and self.stat(source, ledger, None, "").etag != wanted:
            raise PreconditionFailed("the source is not what it was")
        kept = None if attrs is None else _kept(attrs)
        return self._objects.copy(self._checked(source), self._checked(target), kept, exclusive, ledger)

    def _checked(self, key):
        self._addresses.public_url(key)  # refuses the keys S3 refuses
        return key


class DoubleUploads:
    """Uploads in parts, with the methods of the engine's driver and one to take a part.

    <id>/upload holds what the object shall be, <id>/parts/<n> the parts.
    """

    def __init__(self, objects, addresses, parts):
        self._objects = objects
        self._addresses = addresses
        self._parts = parts

    def presign_many(self, *arguments):
        return self._addresses.driver.presign_many(*arguments)

    def presign_form(self, *arguments):
        return self._addresses.driver.presign_form(*arguments)

    def begin_upload(self, key, attrs, user, provider, ledger):
        upload = secrets.token_hex(16)
        record = {"key": key, "attrs": dict(attrs), "user": dict(user)}
        self._parts.put(f"{upload}/upload", json.dumps(record).encode(), None, True, ledger)
        return upload

    def put_part(self, key, upload, index, chunks, check, ledger):
        """`check(size, crc32)` raises what is wrong with the part before it is kept."""
        self._record(key, upload, ledger)
        write_checked(self._parts.write(f"{upload}/parts/{index:05}", None, False, ledger), chunks, check)

    def list_parts(self, key, upload, ledger):
        self._record(key, upload, ledger)
        listed = []
        for name, size in self._part_names(upload, ledger):
            listed.append((int(name[-5:]), size, "", ("crc32", crc32_of(self._parts, name, ledger))))
        return listed

    def complete_upload(self, key, upload, size, ledger):
        record = self._record(key, upload, ledger)
        names = self._part_names(upload, ledger)
        arrived = sum(length for _, length in names)
        if arrived != size:
            raise PreconditionFailed(f"{arrived} bytes of the upload arrived, and {size} were promised")
        writer = self._objects.write(key, {**record["attrs"], "user": record["user"]}, False, ledger)
        for name, _ in names:
            for block in blocks_of(self._parts.open(name, ledger, None, "")):
                writer.write(block)
        meta = writer.commit()
        self.abort_upload(key, upload, ledger)
        return meta

    def abort_upload(self, key, upload, ledger):
        names = [name for name, *_ in self._all_below(f"{_checked_id(upload)}/", ledger)]
        if names:
            self._parts.remove(names, ledger)

    def _record(self, key, upload, ledger):
        record = json.loads(self._parts.open(f"{_checked_id(upload)}/upload", ledger, None, "").read(-1))
        if record["key"] != key:
            raise NotFound("there is no such upload")
        return record

    def _part_names(self, upload, ledger):
        return [(name, size) for name, _, size, *_ in self._all_below(f"{upload}/parts/", ledger)]

    def _all_below(self, prefix, ledger):
        token = ""
        while True:
            page = self._parts.list(prefix, "", token, "", 0, ledger)
            yield from page.entries()
            token = page.next
            if not token:
                return


def write_checked(writer, chunks, check):
    """Writes all chunks and publishes them if `check(size, crc32)` has nothing against it."""
    size, crc = 0, 0
    try:
        for chunk in chunks:
            size += len(chunk)
            crc = zlib.crc32(chunk, crc)
            writer.write(chunk)
        check(size, crc.to_bytes(4, "big"))
    except BaseException:
        writer.abort()
        raise
    return writer.commit()


def crc32_of(store, key, ledger):
    crc = 0
    for block in blocks_of(store.open(key, ledger, None, "")):
        crc = zlib.crc32(block, crc)
    return crc.to_bytes(4, "big")


def blocks_of(file, size=None):
    """What is left of an open file of the engine's, or the next `size` bytes."""
    try:
        while size is None or size > 0:
            block = file.read(_BLOCK if size is None else min(size, _BLOCK))
            if not block:
                return
            if size is not None:
                size -= len(block)
            yield block
    finally:
        file.close()


def _checked_id(upload):
    if not (upload.isascii() and upload.isalnum()):
        raise NotFound("there is no such upload")
    return upload


def _kept(attrs):
    # Who may read, storage classes, encryption: matters of the service's.
    return {name: value for name, value in (attrs or {}).items() if name != "provider"}
