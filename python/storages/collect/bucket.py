"""What is in the bucket below a storage's location, by one listing, and the native calls that change it."""

from typing import NamedTuple

from django.core.management.base import CommandError
from orlop.ledger import current

from storages.s3.errors import explain
from storages.utils import clean_name

# Whom a failure of many is told about.
_SHOWN_FAILURES = 5
_DELETED_AT_ONCE = 1000


class Stored(NamedTuple):
    """An object as the listing shows it."""

    size: int
    etag: str  # without quotes
    modified: object


class Bucket:
    def __init__(self, storage, concurrency):
        self.storage = storage
        self.store = storage._store
        self.concurrency = concurrency
        base = storage._normalize_name(clean_name(""))
        self.prefix = f"{base.rstrip('/')}/" if base else ""
        self.objects = {}

    def list(self):
        token = ""
        while True:
            page = self.store.list(self.prefix, "", token, "", 0, current())
            for key, is_group, size, modified, etag in page.entries():
                if not key.startswith(self.prefix):
                    raise CommandError("The listing holds a key outside of the location that was asked for.")
                if not is_group:
                    self.objects[key] = Stored(size, bare(etag), modified)
            token = page.next
            if not token:
                return

    def name_of(self, key):
        return key[len(self.prefix) :]

    def requests_for(self, planned):
        """How many requests storing it takes."""
        transfer = self.storage.transfer_config
        if planned.size < transfer.multipart_threshold:
            return 1
        return 2 + -(-planned.size // max(transfer.multipart_chunksize, 5 << 20))

    def put_many(self, objects):
        """Stores {key: Planned}; {key: etag}. CommandError when anything was not stored."""
        items = [(key, planned.content, planned.attrs, None) for key, planned in objects.items()]
        outcomes = self.store.put_many(items, self.concurrency, current())
        failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        if failures:
            raise CommandError(_told(failures, "stored"))
        return {key: bare(meta.etag) for key, meta in zip(objects, outcomes)}

    def put_if(self, key, planned, etag):
        """Stores it if what is there has this etag, or with "" if nothing is there. Raises AlreadyExists,
        PreconditionFailed."""
        condition = f'"{etag}"' if etag else ""
        (outcome,) = self.store.put_many([(key, planned.content, planned.attrs, condition)], 1, current())
        if isinstance(outcome, Exception):
            raise outcome
        return bare(outcome.etag)

    def read(self, key):
        """(body, metadata, etag) of a small object."""
        file = self.store.open(key, current(), None, "")
        try:
            return file.read(-1), file.meta.user, bare(file.meta.etag)
        finally:
            file.close()

    def read_many(self, keys):
        """The bodies of small objects; None for one that is gone."""
        outcomes = self.store.get_many(list(keys), self.concurrency, current())
        return [None if isinstance(outcome, FileNotFoundError) else _value(outcome) for outcome in outcomes]

    def remove_many(self, keys):
        failures = [error for error in self.store.remove(list(keys), current()) if error]
        if failures:
            raise CommandError(_told(failures, "deleted"))

    @staticmethod
    def requests_to_remove(keys):
        return -(-len(keys) // _DELETED_AT_ONCE)


def bare(etag):
    return etag.removeprefix("W/").strip('"')


def _value(outcome):
    if isinstance(outcome, Exception):
        explain(outcome)
        raise outcome
    return outcome


def _told(failures, done):
    for error in failures[:_SHOWN_FAILURES]:
        if hasattr(error, "code"):
            explain(error)
    lines = [f"  {error}" for error in failures[:_SHOWN_FAILURES]]
    if len(failures) > _SHOWN_FAILURES:
        lines.append(f"  and {len(failures) - _SHOWN_FAILURES} more")
    files = "1 file" if len(failures) == 1 else f"{len(failures):,} files"
    return f"{files} could not be {done}; what is published stays as it was.\n" + "\n".join(lines)
