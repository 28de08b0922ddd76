"""The verbs gc and repair of `manage.py storages`."""

import json
import re
import time
from argparse import ArgumentTypeError
from contextlib import contextmanager
from datetime import timedelta

from django.core.management.base import CommandError
from orlop import OrlopError

from storages.collect.progress import size_text
from storages.gc.listing import age_text, date_text
from storages.gc.removal import Removal
from storages.gc.roots import roots
from storages.gc.sources import named_column
from storages.gc.sweep import MISSING, ORPHAN, WAITING, Sweep
from storages.journal.finishing import LEASE
from storages.journal.repair import Repair
from storages.s3.errors import explain

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+)([smhd]?)")
_DAY = timedelta(days=1)
_SECONDS_BETWEEN_LINES = 5
_SHOWN_FOLDERS = 10


def duration(text):
    match = _DURATION.fullmatch(text)
    if not match or (not match[2] and match[1] != "0"):
        raise ArgumentTypeError("write 90s, 30m, 24h or 7d")
    return timedelta(seconds=int(match[1]) * _UNITS.get(match[2], 0))


def add_repair_arguments(parser):
    parser.add_argument(
        "--older-than",
        type=duration,
        default=_DAY,
        metavar="AGE",
        help="leave alone what was staged later than that; longer than any transaction takes (default 24h)",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done")
    parser.add_argument(
        "--forget-lost", action="store_true", help="give up, and say so, on files that are neither staged nor in place"
    )


def add_gc_arguments(parser):
    parser.add_argument("--delete", action="store_true", help="delete the orphans; without it they are only listed")
    parser.add_argument(
        "--older-than", type=duration, default=_DAY, metavar="AGE", help="leave younger files alone (default 24h)"
    )
    parser.add_argument(
        "--storage", action="append", default=[], metavar="ALIAS", help="of STORAGES; all that have FileFields"
    )
    parser.add_argument("--prefix", default="", help="look only at names that begin like this")
    parser.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="PATTERN",
        help='names that need no row: "thumbnails/", "*.webp"',
    )
    parser.add_argument(
        "--also", action="append", default=[], metavar="APP.MODEL.FIELD", help="a text field that holds names of files"
    )
    parser.add_argument("--most", action="store_true", help="delete even if that is more than half of all files")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json: an object a line")


@contextmanager
def _explained():
    try:
        yield
    except OrlopError as error:
        explain(error)
        raise CommandError(str(error)) from error


def repair(options, stdout):
    """`manage.py storages repair`."""
    lease = min(LEASE, options["older_than"])
    with _explained():
        work = Repair(lease, options["older_than"], stdout.write, options["dry_run"], options["forget_lost"]).run()
    stdout.write(_told(work))
    if work.failed:
        raise CommandError("see above", returncode=1)


def _told(work):
    told = f"{work.finished} finished, {work.discarded} staged files removed"
    return f"{told}, {work.waiting} busy" if work.waiting else told


class Collection:
    """`manage.py storages gc`."""

    def __init__(self, options, stdout, stderr):
        self._options = options
        self._out = stdout
        self._err = stderr
        self._is_json = options["format"] == "json"
        self._quiet = options["verbosity"] < 1
        self._told = time.monotonic()
        self._left = 0

    def run(self):
        with _explained():
            self._repair()
            for root in self._roots():
                self._collect(root)
        if self._left:
            raise CommandError("rows and files do not agree; see above", returncode=1)

    def _roots(self):
        found = roots(self._options["storage"])
        for text in self._options["also"]:
            for root in found:
                root.columns += named_column(text, root.places)
        return found

    def _repair(self):
        deletes = self._options["delete"]
        older_than = self._options["older_than"]
        work = Repair(min(LEASE, older_than), older_than, self._say_line, dry_run=not deletes).run()
        if work.finished or work.discarded or work.failed:
            self._say_line(f"journal: {_told(work)}" if deletes else f"journal: would do: {_told(work)}")
        self._left += work.failed
        if not deletes:
            self._left += work.finished + work.discarded

    def _collect(self, root):
        for place in root.places:
            why = root.foreign.get(place.prefix)
            if why:
                self._say_line(f"{place}: left alone: {why}; give one of the storages a location of its own")
                return
        sweep = Sweep(
            root,
            self._options["older_than"].total_seconds(),
            self._options["keep"],
            self._options["prefix"],
            lambda count: self._tick(f"{root}: {count:,} files listed"),
        )
        try:
            for finding in sweep.find():
                self._say(root, finding)
            removal = self._delete(root, sweep) if self._options["delete"] else None
            self._summarise(root, sweep.totals, removal)
        finally:
            sweep.close()

    def _delete(self, root, sweep):
        """None if that is refused."""
        totals = sweep.totals
        if totals.found[ORPHAN] * 2 > totals.files and not self._options["most"]:
            self._say_line(
                f"{root}: {totals.found[ORPHAN]:,} of {totals.files:,} files are orphans. Is this the database of "
                "these files? Nothing was deleted; with --most it is."
            )
            return None
        removal = Removal(root)
        removal.run(sweep.orphans, lambda count: self._tick(f"{root}: {count:,} files deleted"))
        return removal

    # -- Telling -----------------------------------------------------------------------------------------------------

    def _say_line(self, line):
        """What is no finding: it must not stand between objects of JSON."""
        (self._err if self._is_json else self._out).write(line)

    def _tick(self, line):
        if not self._quiet and time.monotonic() - self._told >= _SECONDS_BETWEEN_LINES:
            self._told = time.monotonic()
            self._err.write(line)

    def _say(self, root, finding):
        if self._is_json:
            told = {"kind": finding.kind, "key": finding.key, "why": finding.why}
            if finding.kind == ORPHAN:
                told |= {"size": finding.size, "modified": date_text(finding.modified)}
            return self._out.write(json.dumps({"root": root.name, **told}))
        what = ""
        if finding.kind == ORPHAN:
            what = f" ({size_text(finding.size)}, {age_text(time.time() - finding.modified)} old)"
        self._out.write(f"{finding.kind:<8} {finding.key}{what}: {finding.why}")

    def _summarise(self, root, totals, removal):
        deleted = removal.deleted if removal else 0
        self._left += totals.found[MISSING] + totals.found[WAITING]
        if removal is None:
            self._left += totals.found[ORPHAN]
        if self._is_json:
            counts = {"files": totals.files, "rows": totals.rows, "orphans": totals.found[ORPHAN], "size": totals.size}
            counts |= {"missing": totals.found[MISSING], "waiting": totals.found[WAITING], "young": totals.young}
            counts |= {"kept": totals.kept, "staged": totals.staged, "deleted": deleted}
            return self._out.write(json.dumps({"root": root.name, "kind": "total", **counts}))
        self._out.write(f"{root}: {totals.files:,} files, {totals.rows:,} names in rows")
        for count, text in (
            (totals.found[ORPHAN], f"orphans, {size_text(totals.size)}"),
            (totals.found[MISSING], "missing"),
            (totals.found[WAITING], "waiting for a repair"),
            (totals.young, f"without a row, but younger than {age_text(self._options['older_than'].total_seconds())}"),
            (totals.kept, "kept without a row"),
            (totals.staged, "staged"),
            (deleted, "deleted"),
            (removal.spared if removal else 0, "named or written meanwhile, and left alone"),
        ):
            if count:
                self._out.write(f"  {count:,} {text}")
        if len(totals.folders) > 1:
            largest = sorted(totals.folders.items(), key=lambda item: -item[1][1])[:_SHOWN_FOLDERS]
            for folder, (count, size) in largest:
                self._out.write(f"    {folder} {count:,} orphans, {size_text(size)}")
