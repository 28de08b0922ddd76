"""Doing what the journal says. Several processes may come to it at once, and none may undo what came later.

An entry is somebody's for a while (its owner's, since it was claimed). Of the entries of one name the last one counts.
Staged content of those before it is removed first: whoever was about to put that in place then finds nothing.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

logger = logging.getLogger("storages.journal")

#: For how long nobody else takes up an entry: far longer than it takes to put a few files in place.
LEASE = timedelta(minutes=10)

# Values of one query: SQLite's limit was 999 for long.
_AT_ONCE = 500


class LostError(Exception):
    """A file that was promised is neither staged nor in place."""


def entries(using):
    if not apps.is_installed("storages.journal"):
        raise ImproperlyConfigured(
            'TransactionalStorage keeps a journal: add "storages.journal" to INSTALLED_APPS, and migrate.'
        )
    from storages.journal.models import Entry

    return Entry.objects.using(using)


def entries_for(using, digests):
    digests = list(dict.fromkeys(digests))
    found = []
    for start in range(0, len(digests), _AT_ONCE):
        found += entries(using).filter(digest__in=digests[start : start + _AT_ONCE])
    return sorted(found, key=lambda entry: entry.pk)


def by_name(found):
    """Digest -> its entries, the last one last."""
    groups = {}
    for entry in found:
        groups.setdefault(entry.digest, []).append(entry)
    return groups


def is_free(entry, lease=LEASE):
    return entry.claimed <= timezone.now() - lease


def claim(using, found, owner, lease=LEASE):
    """Whether all of these are now the owner's."""
    wanted = entries(using).filter(pk__in=[entry.pk for entry in found], claimed__lte=timezone.now() - lease)
    return wanted.update(owner=owner, claimed=timezone.now()) == len(found)


def forget(using, found):
    keys = [entry.pk for entry in found]
    for start in range(0, len(keys), _AT_ONCE):
        entries(using).filter(pk__in=keys[start : start + _AT_ONCE]).delete()


def finish(using, staging, groups, known=None):
    """Does what groups of entries say, each of one name, and forgets those that are done; [(entry, error)] of others.

    `known`: what staging said of files staged by this process.
    """
    superseded = [entry for group in groups for entry in group[:-1]]
    staging.remove([entry.staged for entry in superseded if entry.staged])
    done, failed = list(superseded), []
    for entry, error in _do_all(staging, [group[-1] for group in groups], known or {}):
        if error is None:
            done.append(entry)
        else:
            failed.append((entry, error))
    staging.remove([entry.staged for entry in done if entry.staged and entry not in superseded])
    forget(using, done)
    return failed


def _do_all(staging, found, known):
    """(entry, error or None) of each. Whoever commits waits for them, so where they are requests, some go at a time."""

    def attempt(entry):
        try:
            _do(staging, entry, known.get(entry.staged))
        except Exception as error:
            return error
        return None

    if len(found) < 2 or staging.at_once < 2:
        return [(entry, attempt(entry)) for entry in found]
    with ThreadPoolExecutor(min(staging.at_once, len(found))) as pool:
        # Each in the context of the caller, whose requests these are.
        attempts = [pool.submit(copy_context().run, attempt, entry) for entry in found]
        return [(entry, made.result()) for entry, made in zip(found, attempts)]


def _do(staging, entry, known):
    if not entry.staged:
        return staging.storage.delete(entry.name)
    try:
        staging.promote(entry.staged, entry.name, known)
    except FileNotFoundError:
        if not staging.storage.exists(entry.name):  # else somebody else was faster
            raise LostError(f"{entry.name}: neither staged nor in place") from None
