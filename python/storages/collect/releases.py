"""Releases of static files: every manifest that was published, under a number.

A release is a copy of the manifest, byte for byte, as `.collectstatic/releases/NUMBER.json` in the storage. Its
metadata names the release it replaced, and the metadata of the manifest in place names the release it is. A number
belongs to whoever creates its object, and the manifest is replaced only as it was found: of two that publish at once
one is told.
"""

import gzip
import json
import re
from datetime import datetime, timedelta, timezone

from django.core.files.base import ContentFile
from django.core.management.base import CommandError
from orlop import AlreadyExists, NotFound, PreconditionFailed

from storages.collect.overlay import OverlayStore, Sources, overlay_of

FOLDER = ".collectstatic/"
_RECORD = re.compile(re.escape(FOLDER) + r"releases/(\d{1,9})\.json")
_GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952, section 2.3.1; JSON begins otherwise
# A name with a hash of its content, as HashedFilesMixin makes it.
_HASHED = re.compile(r"(.*)\.[0-9a-f]{12}((?:\.[^./]*)?)")
# Uploads that belong to no release may belong to one that is being made, until they are as old as this.
_IN_THE_MAKING = timedelta(days=1)

RACE = (
    "Another collectstatic published meanwhile. Its release stays in place and nothing of this one is published; "
    "run collectstatic again."
)


class Releases:
    """Those below one storage's location; its bucket has been listed."""

    def __init__(self, bucket, manifest_key):
        self._bucket = bucket
        self._manifest_key = manifest_key
        self.records = {}  # number -> key
        for key in bucket.objects:
            found = _RECORD.fullmatch(bucket.name_of(key))
            if found:
                self.records[int(found[1])] = key

    @property
    def manifest(self):
        """The manifest in place, as the listing shows it, or None."""
        return self._bucket.objects.get(self._manifest_key)

    def key_of(self, number):
        return f"{self._bucket.prefix}{FOLDER}releases/{number:06}.json"

    # -- Publishing --------------------------------------------------------------------------------------------------

    def claim(self, manifest):
        """Keeps `manifest` (a Planned) as the next release. Returns its number and that of the one in place, or 0."""
        live = self._adopt_live() if self.manifest else 0
        number = self._next
        self._record(number, manifest, live)
        return number, live

    def publish(self, manifest, claimed):
        """Puts it in place of the manifest that the listing showed. Returns its ETag."""
        number, live = claimed
        labelled = _labelled(manifest, release=number, previous=live)
        try:
            return self._swap(labelled, self.manifest.etag if self.manifest else "")
        except (AlreadyExists, PreconditionFailed):
            self._bucket.remove_many([self.records.pop(number)])
            raise CommandError(RACE) from None

    @property
    def _next(self):
        return max(self.records, default=0) + 1

    def _adopt_live(self):
        """The number of the release in place. A manifest that has none, because another program put it there, gets
        one, so that there is a way back to it."""
        body, labels, etag = self._bucket.read(self._manifest_key)
        if etag != self.manifest.etag:
            raise CommandError(RACE)
        if labels.get("release", "").isdigit():
            return int(labels["release"])
        number = self._next
        self._record(number, self._planned(body), 0)
        return number

    def _record(self, number, manifest, previous):
        key = self.key_of(number)
        try:
            self._put_new(key, _labelled(manifest, previous=previous))
        except AlreadyExists:
            raise CommandError(RACE) from None
        self.records[number] = key

    def _put_new(self, key, planned):
        if self._bucket.store.can("put_create"):
            return self._bucket.put_if(key, planned, "")
        if self._bucket.store.exists(key, None, None, ""):
            raise AlreadyExists(key)
        return self._bucket.put_many({key: planned})[key]

    def _swap(self, planned, etag):
        key, store = self._manifest_key, self._bucket.store
        if not etag:
            return self._put_new(key, planned)
        if store.can("put_match"):
            return self._bucket.put_if(key, planned, etag)
        if self._bucket.read(key)[2] != etag:  # looking first is the best there is
            raise PreconditionFailed(key)
        return self._bucket.put_many({key: planned})[key]

    def _planned(self, body):
        """A manifest as the storage would store it, from how it is stored."""
        storage = self._bucket.storage
        store = OverlayStore(self._bucket.store, {}, Sources())
        overlay_of(storage, store)._save(storage.manifest_name, ContentFile(_unpacked(body)))
        return store.planned[self._manifest_key]

    # -- Going back --------------------------------------------------------------------------------------------------

    def roll_back(self, number=None):
        """Puts a kept release in place: the one before, or `number`. Returns its number."""
        try:
            _, labels, etag = self._bucket.read(self._manifest_key)
        except NotFound:
            raise CommandError("There is no manifest in the storage: nothing was published yet.") from None
        if number is None:
            number = int(labels.get("previous") or 0)
            if not number:
                raise CommandError("No release is known to be before the one in place.")
        try:
            body, record, _ = self._bucket.read(self.key_of(number))
        except NotFound:
            raise CommandError(f"Release {number} is not kept (see --releases).") from None
        labelled = _labelled(self._planned(body), release=number, previous=record.get("previous"))
        try:
            self._swap(labelled, etag)
        except PreconditionFailed:
            raise CommandError(RACE) from None
        return number

    # -- Tidying -----------------------------------------------------------------------------------------------------

    def surplus(self, keep, live):
        """Numbers of the releases that are not among the newest `keep`, nor in `live`."""
        newest = sorted(self.records, reverse=True)[:keep]
        return [number for number in self.records if number not in newest and number not in live]

    def live(self):
        """The number of the release in place and of the one before it, 0 where there is none."""
        if not self.manifest:
            return 0, 0
        labels = self._bucket.read(self._manifest_key)[1]
        return tuple(int(labels[name]) if labels.get(name, "").isdigit() else 0 for name in ("release", "previous"))

    def unneeded(self, dropped, wanted):
        """Keys of files that no kept release names, nor `wanted`: those of the dropped releases, and those whose name
        says that they are a version of a file of a release. Nothing else is touched."""
        numbers = sorted(self.records)
        bodies = self._bucket.read_many(self.records[number] for number in numbers)
        named = {number: _names(body) for number, body in zip(numbers, bodies) if body}
        if len(named) < len(numbers):
            raise CommandError(RACE)
        kept = set().union(*(named[number] for number in named if number not in dropped))
        known = kept.union(*named.values())
        wanted = {self._bucket.name_of(key) for key in wanted} | kept
        settled = datetime.now(timezone.utc) - _IN_THE_MAKING
        unneeded = []
        for key, stored in self._bucket.objects.items():
            name = self._bucket.name_of(key)
            if name in wanted or name.startswith(FOLDER) or key == self._manifest_key:
                continue
            version = _HASHED.fullmatch(name)
            is_version = version and version[1] + version[2] in known and _is_before(stored.modified, settled)
            if name in known or is_version:
                unneeded.append(key)
        return unneeded


def _names(body):
    try:
        paths = json.loads(_unpacked(body))["paths"]
        return {*paths, *paths.values()}
    except (ValueError, KeyError, AttributeError, TypeError):
        raise CommandError("A kept release cannot be read; nothing is pruned.") from None


def _is_before(moment, limit):
    return moment is not None and moment < limit


def _unpacked(body):
    return gzip.decompress(body) if body.startswith(_GZIP_MAGIC) else body


def _labelled(planned, **labels):
    attrs = dict(planned.attrs)
    attrs["user"] = {**attrs.get("user", {}), **{name: str(value) for name, value in labels.items() if value}}
    return planned._replace(attrs=attrs)
