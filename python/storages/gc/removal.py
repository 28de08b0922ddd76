"""Deleting orphans, each batch after the databases were asked once more."""

import os
from itertools import islice

from django.core.files.storage import FileSystemStorage
from django.core.management.base import CommandError
from orlop.ledger import current

from storages.gc.listing import Stored, ask
from storages.journal.finishing import entries_for
from storages.journal.wrappers import all_wrappers
from storages.s3.errors import explain

_AT_ONCE = 1000  # a request of DeleteObjects
_CONCURRENCY = 64


class Removal:
    def __init__(self, root):
        self._root = root
        self._wrappers = [one for one in all_wrappers() if one.place.root == root.name]
        self.deleted = self.size = self.spared = 0

    def run(self, orphans, done=lambda count: None):
        orphans = map(Stored._make, orphans)
        while batch := list(islice(orphans, _AT_ONCE)):
            doomed = self._unchanged(self._unnamed(batch))
            self.spared += len(batch) - len(doomed)
            self._remove(doomed)
            self.deleted += len(doomed)
            self.size += sum(stored.size for stored in doomed)
            done(self.deleted)

    def _unnamed(self, batch):
        """Without those that a row, or a transaction that is committed and not done, has named meanwhile."""
        named = set()
        for column in self._root.columns:
            place = column.place
            names = {place.name_of(one.key): one.key for one in batch if one.key.startswith(place.prefix)}
            named.update(names[name] for name in column.still_named(list(names)))
        for wrapper in self._wrappers:
            place = wrapper.place
            digests = {
                place.digest_of(place.name_of(one.key)): one.key for one in batch if one.key.startswith(place.prefix)
            }
            named.update(digests[entry.digest] for entry in entries_for(wrapper.using, list(digests)))
        return [one for one in batch if one.key not in named]

    def _unchanged(self, batch):
        """Without those that were written again since they were listed: their rows may be about to come."""
        kept = []
        for place, some in self._by_place(batch):
            kept += [one for one, now in zip(some, _as_now(place, some)) if now is not None and not _differ(one, now)]
        return kept

    def _remove(self, batch):
        for place, some in self._by_place(batch):
            errors = [error for error in _remove_from(place, [one.key for one in some]) if error]
            if errors:
                raise CommandError(f"{len(errors)} of {len(some)} files could not be deleted: {errors[0]}")

    def _by_place(self, batch):
        for place in self._root.places:
            some = [one for one in batch if one.key.startswith(place.prefix)]
            if some:
                yield place, some


def _differ(one, other):
    # HEAD tells whole seconds.
    return one.size != other.size or int(one.modified) != int(other.modified)


def _is_s3(place):
    from storages.backends.s3 import S3Storage

    return isinstance(place.storage, S3Storage)


def _as_now(place, batch):
    if _is_s3(place):
        if not place.storage.file_overwrite:
            return batch  # nothing writes again to a name that is taken
        outcomes = place.storage._store.stat_many([one.key for one in batch], _CONCURRENCY, current())
        return [
            None if isinstance(meta, Exception) else Stored(one.key, meta.size, meta.modified.timestamp())
            for one, meta in zip(batch, outcomes)
        ]
    if isinstance(place.storage, FileSystemStorage):
        return [_stat(one) for one in batch]
    return [ask(place.storage, one.key) for one in batch]


def _stat(one):
    try:
        status = os.stat(one.key)
    except FileNotFoundError:
        return None
    return Stored(one.key, status.st_size, status.st_mtime)


def _remove_from(place, keys):
    if not _is_s3(place):
        for key in keys:
            place.storage.delete(place.name_of(key))
        return []
    errors = place.storage._store.remove(keys, current())
    for error in filter(None, errors):
        explain(error)
    return errors
