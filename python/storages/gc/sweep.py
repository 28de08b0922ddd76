"""Comparing what rows name with what is there: both sorted, and read once beside each other."""

import time
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import chain, groupby
from typing import NamedTuple

from storages.gc.listing import files_of
from storages.gc.sorting import Sorted, Spool
from storages.gc.sources import Rows
from storages.journal.finishing import entries_for
from storages.journal.wrappers import all_wrappers
from storages.uploads.tickets import PENDING as UPLOADS

ORPHAN, MISSING, WAITING = "orphan", "missing", "waiting"

_FOLDERS = 1000  # that are counted one by one
_AT_ONCE = 500


class Finding(NamedTuple):
    kind: str
    key: str
    why: str
    size: int = 0
    modified: float = 0.0


@dataclass
class Totals:
    files: int = 0
    rows: int = 0
    young: int = 0
    kept: int = 0
    staged: int = 0
    found: Counter = field(default_factory=Counter)  # kind -> how many
    size: int = 0  # of orphans
    folders: dict = field(default_factory=dict)  # of orphans: folder -> (how many, size)

    def add_orphan(self, folder, size):
        if folder not in self.folders and len(self.folders) >= _FOLDERS:
            folder = "(others)"
        count, total = self.folders.get(folder, (0, 0))
        self.folders[folder] = count + 1, total + size
        self.size += size


class Sweep:
    """One Root. older_than: seconds. keep: patterns of keys that need no row. prefix: of the names to look at."""

    def __init__(self, root, older_than, keep=(), prefix="", tick=lambda count: None):
        self.root = root
        self.totals = Totals()
        self.orphans = Spool()
        self._older_than = older_than
        self._keep = [pattern for pattern in keep if not pattern.endswith("/")]
        self._keep_folders = tuple(f"{place.prefix}{one}" for one in keep if one.endswith("/") for place in root.places)
        self._prefixes = tuple(place.prefix + prefix for place in root.places)
        self._folder = prefix.rpartition("/")[0]
        self._tick = tick
        self._defaults = {column.place.key_of(column.default) for column in root.columns if column.default}
        self._wrappers = [one for one in all_wrappers() if one.place.root == root.name]

    def find(self):
        """Finding by Finding; orphans are also kept in `orphans`."""
        self._now = time.time()
        # Rows first: a file is stored before its row, so that one whose row was read is in the listing.
        rows = Rows(self.root.columns)
        named = Sorted(row for row in rows if row[0].startswith(self._prefixes))
        self.totals.rows = rows.count
        stored = Sorted(self._listed())
        try:
            missing = []
            yield from self._compare(stored, named, missing)
            yield from self._still_missing(missing)
        finally:
            named.close()
            stored.close()

    def close(self):
        self.orphans.close()

    def _listed(self):
        listings = (files_of(place, self._folder) for place in self.root.places)
        for stored in chain.from_iterable(listings):
            if stored.key.startswith(self._prefixes):
                self.totals.files += 1
                self._tick(self.totals.files)
                yield tuple(stored)

    def _compare(self, stored, named, missing):
        files = iter(stored)
        file = next(files, None)
        for key, rows in groupby(named, key=lambda row: row[0]):
            while file is not None and file[0] < key:
                yield from self._without_row(*file)
                file = next(files, None)
            if file is not None and file[0] == key:
                file = next(files, None)
                continue
            missing += [row for row in rows if not self.root.columns[row[1]].is_elsewhere][:1]
            if len(missing) >= _AT_ONCE:
                yield from self._still_missing(missing)
                missing.clear()
        while file is not None:
            yield from self._without_row(*file)
            file = next(files, None)

    # -- Files without a row -----------------------------------------------------------------------------------------

    def _without_row(self, key, size, modified):
        if self.root.is_staged(key):
            self.totals.staged += 1
        elif self._is_kept(key):
            self.totals.kept += 1
        elif self._now - modified < self._older_than:
            self.totals.young += 1
        else:
            self.orphans.add((key, size, modified))
            self.totals.found[ORPHAN] += 1
            self.totals.add_orphan(key.rpartition("/")[0] + "/", size)
            yield Finding(ORPHAN, key, self._why(key), size, modified)

    def _is_kept(self, key):
        if key in self._defaults or key.startswith(self._keep_folders) or self.root.why_foreign(key):
            return True
        return any(fnmatchcase(place.name_of(key), one) for place in self.root.places for one in self._keep)

    def _why(self, key):
        if any(place.name_of(key).startswith(f"{UPLOADS}/") for place in self.root.places):
            return "a direct upload that nobody has claimed"
        owners = [one for one in self.root.columns if one.folder and key.startswith(one.place.prefix + one.folder)]
        if owners:
            return f"no row of {_either(owners)} names it"
        anywhere = [one for one in self.root.columns if not one.folder]
        if anywhere:
            return f"no row names it; {_either(anywhere)} may have"
        return "no row names it, and no upload_to begins like this"

    # -- Rows without a file -----------------------------------------------------------------------------------------

    def _still_missing(self, rows):
        """Those of the rows that are still there: a row and its file may have gone since it was read."""
        rows = sorted(rows, key=lambda row: row[1])
        for number, some in groupby(rows, key=lambda row: row[1]):
            column = self.root.columns[number]
            some = {column.place.name_of(key): (key, pk) for key, _, pk in some}
            there = column.still_named(list(some))
            for name, (key, pk) in some.items():
                if name in there or column.place.key_of(name) != key:
                    yield self._missing(column, key, pk, name)

    def _missing(self, column, key, pk, name):
        kind, why = MISSING, f"{column} of row {pk} names it"
        for wrapper in self._wrappers:
            found = entries_for(wrapper.using, [wrapper.place.digest_of(wrapper.place.name_of(key))])
            if found and found[-1].staged:
                kind, why = WAITING, f"{why}; it is staged, and put in place by `manage.py storages repair`"
        self.totals.found[kind] += 1
        return Finding(kind, key, why)


def _either(columns):
    names = list(dict.fromkeys(map(str, columns)))
    return ", ".join(names[:3]) + (" or others" if len(names) > 3 else "")
