"""Finishes what committed transactions left to do when a process ended, and removes what was staged for none."""

import time
import uuid
from collections import defaultdict

from storages.gc.listing import files_of
from storages.journal.finishing import LostError, by_name, claim, entries, entries_for, finish, forget, is_free
from storages.journal.wrappers import all_wrappers

_AT_ONCE = 500


class Repair:
    """lease, older_than: timedeltas: how long a process may be busy with an entry, and a transaction with a file."""

    def __init__(self, lease, older_than, say, dry_run=False, forget_lost=False):
        self.lease = lease
        self.older_than = older_than
        self.say = say
        self.dry_run = dry_run
        self.forget_lost = forget_lost
        self.finished = self.discarded = self.waiting = self.failed = 0

    def run(self):
        by_database = defaultdict(dict)
        wrappers = all_wrappers()
        for wrapper in wrappers:
            by_database[wrapper.using].setdefault(str(wrapper.place), wrapper)
        for using, by_place in by_database.items():
            self._finish_all(using, by_place)
        for wrapper in wrappers:
            self._discard_abandoned(wrapper)
        return self

    # -- What was committed ------------------------------------------------------------------------------------------

    def _finish_all(self, using, by_place):
        owner = uuid.uuid4().hex
        last = 0
        seen = set()
        while True:
            page = list(entries(using).filter(pk__gt=last).order_by("pk")[:_AT_ONCE])
            if not page:
                return
            last = page[-1].pk
            digests = [entry.digest for entry in page if entry.digest not in seen]
            seen.update(digests)
            found = by_name(entries_for(using, digests)).values()
            self._finish(using, by_place, [group for group in found if self._is_to_do(using, group, owner)])

    def _is_to_do(self, using, group, owner):
        if not all(is_free(entry, self.lease) for entry in group):
            self.waiting += 1
            return False
        if self.dry_run:
            self.finished += 1
            self.say(f"would {group[-1]}")
            return False
        return claim(using, group, owner, self.lease)

    def _finish(self, using, by_place, groups):
        in_places = defaultdict(list)
        for group in groups:
            in_places[group[-1].place].append(group)
        for place, some in in_places.items():
            if place not in by_place:
                self.failed += len(some)
                self.say(f"{place}: {len(some)} files wait for a TransactionalStorage that is not configured here")
                continue
            failed = finish(using, by_place[place].staging, some)
            for entry, error in failed:
                self.say(f"could not {entry}: {error}")
            if self.forget_lost:
                forget(using, [entry for entry, error in failed if isinstance(error, LostError)])
            self.failed += len(failed)
            self.finished += len(some) - len(failed)

    # -- What was not ------------------------------------------------------------------------------------------------

    def _discard_abandoned(self, wrapper):
        oldest = time.time() - self.older_than.total_seconds()
        batch = []
        for stored in files_of(wrapper.place, wrapper.folder):
            if stored.modified <= oldest:
                batch.append(wrapper.place.name_of(stored.key))
            if len(batch) >= _AT_ONCE:
                self._discard(wrapper, batch)
                batch = []
        self._discard(wrapper, batch)

    def _discard(self, wrapper, names):
        # Asked after the listing: what was committed meanwhile is in the journal, or no longer staged.
        promised = set(entries(wrapper.using).values_list("staged", flat=True)) if names else ()
        doomed = [name for name in names if name not in promised]
        self.discarded += len(doomed)
        if self.dry_run:
            for name in doomed:
                self.say(f"would remove {name}: staged, and never committed")
        elif doomed:
            wrapper.staging.remove(doomed)
