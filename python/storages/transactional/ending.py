"""The end of a transaction: what it staged is put in place or removed.

Django tells of a commit and not of a roll-back, and of neither when an earlier hook fails. So it is the journal that is
asked, when the connection is back in autocommit: an entry that is there was committed, one that is not was rolled back,
with the transaction or with a savepoint of it.
"""

import time
import uuid
from weakref import WeakKeyDictionary

from django.db import connections, transaction
from django.utils import timezone

from storages.journal.finishing import LEASE, by_name, claim, entries, entries_for, finish, logger

# How long a commit waits for somebody else who is putting the same name in place.
_PATIENCE = 2.0
_PAUSE = 0.05

_open = WeakKeyDictionary()  # connection -> Transaction; connections belong to threads


class _Noted:
    """An operation on a file, as this process knows it."""

    def __init__(self, storage, entry, known):
        self.staging = storage.staging
        self.entry = entry
        self.identity = entry.pk, entry.digest, entry.staged
        self.known = known


class Transaction:
    """What the transaction of a connection did to files so far."""

    def __init__(self, connection):
        self.connection = connection
        self.session = connection.connection  # as long as it is the same, it does one thing after the other
        self.owner = uuid.uuid4().hex
        self.digests = set()
        self._noted = []
        self._is_ending = False

    def note(self, storage, digest, name, staged, known):
        using = self.connection.alias
        entry = entries(using).create(
            digest=digest, place=str(storage.place), name=name, staged=staged, owner=self.owner
        )
        self.digests.add(digest)
        self._noted.append(_Noted(storage, entry, known))
        transaction.on_commit(self.settle, using=using)

    def settle(self):
        """Puts in place what was committed and removes what was rolled back, if that can be told. Raises nothing."""
        if self._is_ending or not self._noted:
            return
        noted, self._noted = self._noted, []
        if self.connection.connection is not self.session:
            # Nobody knows whether a commit that is not answered is still going on.
            logger.warning(
                "The database was lost in a transaction with files; `manage.py storages repair` sees to them."
            )
            return
        self._is_ending = True
        try:
            self._settle(noted)
        except Exception:
            logger.exception("Files of a transaction were not settled; `manage.py storages repair` sees to them.")
        finally:
            self._is_ending = False

    def _settle(self, noted):
        found = entries_for(self.connection.alias, [one.entry.digest for one in noted])
        # By more than its key, which the database gives again after a roll-back.
        alive = {(entry.pk, entry.digest, entry.staged) for entry in found}
        for staging, group in _by_staging([one for one in noted if one.identity not in alive]):
            staging.remove([one.entry.staged for one in group if one.entry.staged])
        for staging, group in _by_staging([one for one in noted if one.identity in alive]):
            self._put_in_place(staging, group, found)

    def _put_in_place(self, staging, committed, found):
        using = self.connection.alias
        self._claim_again(committed)
        last = {one.entry.digest: one.entry.pk for one in committed}
        groups = []
        for digest, group in by_name(found).items():
            if digest in last:
                groups += self._groups_to_finish(digest, last[digest], group)
        for entry, error in finish(using, staging, groups, {one.entry.staged: one.known for one in committed}):
            logger.error("%s; `manage.py storages repair` tries again: %s", entry, error, exc_info=error)

    def _claim_again(self, committed):
        # A long transaction's entries may be anybody's by the time it commits.
        if min(one.entry.claimed for one in committed) < timezone.now() - LEASE / 2:
            mine = entries(self.connection.alias).filter(owner=self.owner)
            for one in committed:
                mine.filter(pk=one.entry.pk).update(claimed=timezone.now())

    def _groups_to_finish(self, digest, last, group):
        """The entries of a name up to our last one, once nobody else is at them; none if somebody stays."""
        using = self.connection.alias
        deadline = time.monotonic() + _PATIENCE
        while True:
            group = [entry for entry in group if entry.pk <= last]
            others = [entry for entry in group if entry.owner != self.owner]
            if not others or claim(using, others, self.owner):
                return [group]
            if time.monotonic() > deadline:
                break
            time.sleep(_PAUSE)
            group = entries_for(using, [digest])
        entries(using).filter(pk=last).update(claimed=timezone.now() - 2 * LEASE)
        logger.warning("Another process is at %s; `manage.py storages repair` finishes it.", group[-1].name)
        return []


def _by_staging(noted):
    groups = {}
    for one in noted:
        groups.setdefault(one.staging, []).append(one)
    return groups.items()


def keep_in_order(connection, digest):
    """Until this transaction ends, others that do something to the same file wait.

    Of the entries of a name the last one counts: it has to be the last one committed, too. SQLite has one writer at a
    time anyhow. https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
    """
    if connection.vendor == "postgresql":
        number = int.from_bytes(bytes.fromhex(digest)[:8], "big", signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def current(using):
    """The transaction of this thread that has done something to files, if there is one."""
    connection = connections[using]
    found = _open.get(connection)
    return found if found is not None and connection.in_atomic_block else None


def begin(using):
    connection = connections[using]
    found = _open.get(connection)
    if found is None or found.session is not connection.connection:
        found = _open[connection] = Transaction(connection)
        _watch(connection, found)
    return found


def _watch(connection, watched):
    """Calls settle() when the connection has returned to autocommit, whatever became of the transaction."""
    inherited = connection.__dict__.get("set_autocommit")
    before = connection.set_autocommit

    def set_autocommit(autocommit, *args, **options):
        try:
            return before(autocommit, *args, **options)
        finally:
            if autocommit and not watched._is_ending:
                _unwatch()
                watched.settle()

    def _unwatch():
        if connection.__dict__.get("set_autocommit") is not set_autocommit:
            return
        del connection.set_autocommit
        if inherited is not None:
            connection.set_autocommit = inherited
        if _open.get(connection) is watched:
            del _open[connection]

    connection.set_autocommit = set_autocommit
