"""AWS_PRELOAD_METADATA: one listing answers what is asked of files, as long as the storage lives."""

from datetime import datetime
from typing import NamedTuple, Optional

from django.conf import settings
from django.utils import timezone
from orlop.ledger import current

from storages.base import twinned
from storages.s3.errors import explained
from storages.utils import clean_name


class Entry(NamedTuple):
    """What a listing tells of a file; of one that was written since, nothing."""

    name: str
    size: Optional[int] = None
    last_modified: Optional[datetime] = None
    etag: str = ""


class Preloading:
    """Goes before a class of S3's that has preload_metadata.

    Files others add or remove meanwhile go unnoticed: that is what was asked for.
    """

    _entries = None

    @property
    def _answers_itself(self):
        return bool(self.preload_metadata)

    @property
    def entries(self):
        """Key -> Entry; empty without preload_metadata."""
        if self.preload_metadata and not self._entries:
            self._entries = self._list_everything()
        return self._entries or {}

    @explained
    def _list_everything(self):
        entries, token = {}, ""
        prefix = f"{self.location.rstrip('/')}/" if self.location else ""
        while True:
            page = self._store.list(prefix, "", token, "", 0, current())
            entries.update((key, Entry(key, size, at, etag)) for key, _, size, at, etag in page.entries())
            token = page.next
            if not token:
                return entries

    def _entry(self, name):
        return self.entries.get(self._normalize_name(clean_name(name)))

    @twinned
    def exists(self, name):
        if clean_name(name) and self.entries:
            return self._entry(name) is not None
        return super().exists(name)

    @twinned
    def size(self, name):
        if not self.entries:
            return super().size(name)
        entry = self._entry(name)
        if entry is None:
            return 0
        return super().size(name) if entry.size is None else entry.size

    @twinned
    def get_modified_time(self, name):
        entry = self._entry(name)
        if entry is None or entry.last_modified is None:
            return super().get_modified_time(name)
        return entry.last_modified if settings.USE_TZ else timezone.make_naive(entry.last_modified)

    @twinned
    def _save(self, name, content):
        name = super()._save(name, content)
        self._remember(self._normalize_name(clean_name(name)))
        return name

    def _remember(self, key):
        if self._entries is not None:
            self._entries[key] = Entry(key)

    @twinned
    def delete(self, name):
        super().delete(name)
        if self._entries is not None:
            self._entries.pop(self._normalize_name(clean_name(name)), None)

    def __getstate__(self):
        state = super().__getstate__()
        state.pop("_entries", None)
        return state
