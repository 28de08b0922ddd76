"""Django's collectstatic, in bulk where the storage is one of ours."""

import os
from argparse import ArgumentTypeError

from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.management.commands.collectstatic import Command as DjangoCommand
from django.core.management.base import CommandError
from django.utils.functional import LazyObject, empty
from orlop import OrlopError
from orlop.ledger import requests

from storages.collect.bucket import Bucket
from storages.collect.progress import size_text
from storages.collect.releases import Releases
from storages.collect.session import Session, can_be_bulk, keeps_manifest, manifest_key
from storages.s3.errors import explain

_RELEASES = 5
_CONCURRENCY = 64


class Command(DjangoCommand):
    help = (
        "Collect static files in a single location. To a storage of this package they go in bulk: one listing, "
        "what changed and nothing else, the manifest last."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        bulk = parser.add_argument_group("in bulk")
        bulk.add_argument("--plain", action="store_true", help="Do it as Django does, file by file.")
        bulk.add_argument("--plan", action="store_true", help="Print what would change, and change nothing.")
        bulk.add_argument(
            "--rollback",
            nargs="?",
            type=_count,
            const=0,
            metavar="RELEASE",
            help="Put the manifest of the release before in place again, or of the release with this number.",
        )
        bulk.add_argument(
            "--releases",
            type=_count,
            default=_RELEASES,
            metavar="N",
            help=f"Keep the newest N releases (default {_RELEASES}).",
        )
        bulk.add_argument("--prune", action="store_true", help="Delete files that no kept release names.")
        bulk.add_argument(
            "--concurrency",
            type=_count,
            default=_CONCURRENCY,
            metavar="N",
            help=f"Requests at a time (default {_CONCURRENCY}).",
        )

    def set_options(self, **options):
        super().set_options(**options)
        self.plain = options["plain"]
        self.plan = options["plan"]
        self.rollback = options["rollback"]
        self.keep = options["releases"]
        self.prune = options["prune"]
        self.concurrency = options["concurrency"]

    def handle(self, **options):
        self.set_options(**options)
        try:
            self._check_options()
            if self.rollback is not None:
                return self._roll_back()
            if self.plan:
                return self._print_plan()
            return super().handle(**options)
        except OrlopError as error:
            explain(error)
            raise CommandError(str(error)) from error

    @property
    def _target(self):
        """The storage itself, out of Django's lazy object."""
        storage = self.storage
        if isinstance(storage, LazyObject):
            if storage._wrapped is empty:
                storage._setup()
            storage = storage._wrapped
        return storage

    @property
    def in_bulk(self):
        return not self.plain and can_be_bulk(self._target)

    def _check_options(self):
        if self.symlink and not self.local:
            raise CommandError("--link makes links in a directory of this machine; the files go to a bucket.")
        if self.in_bulk:
            if (self.prune or self.rollback is not None) and not keeps_manifest(self._target):
                raise CommandError(
                    "Releases are kept with a manifest in the same storage: set the staticfiles storage to one like "
                    "S3ManifestStaticStorage."
                )
            return
        asked = [name for name in ("plan", "prune") if getattr(self, name)] + ["rollback"] * (self.rollback is not None)
        if asked:
            why = "without --plain" if self.plain else "for a staticfiles storage of this package"
            raise CommandError(f"--{asked[0]} works {why}.")

    # -- In bulk -----------------------------------------------------------------------------------------------------

    def collect(self):
        if not self.in_bulk:
            return super().collect()
        session, found_files, plan = self._prepare()
        modified = [path for path, (key, _) in found_files.items() if key in plan.upload]
        unmodified = [path for path, (key, _) in found_files.items() if key in plan.unchanged]
        for path in unmodified:
            self.log(f"Skipping '{path}' (not modified)", level=2)
        for path in modified:
            source = found_files[path][1]
            if self.dry_run:
                self.log(f"Pretending to copy '{source}'", level=1)
            else:
                self.log(f"Copying '{source}'", level=2)
        if self.dry_run:
            doomed = [*plan.delete, *session.tidying(plan, self.keep, self.prune)[1]]
        else:
            pruned = session.publish(plan, self.keep, self.prune, self.stdout, quiet=self.verbosity < 1)
            doomed = [*plan.delete, *pruned]
        done = "Pretending to delete" if self.dry_run else "Deleted"
        for key in doomed:
            self.log(f"{done} '{session.bucket.name_of(key)}'", level=1)
        return {"modified": modified, "unmodified": unmodified, "post_processed": self.post_processed_files}

    def _prepare(self):
        """(session, {path: (key, path of the source)} of the files found, plan)"""
        session = Session(self._target, self.concurrency, self.clear)
        found_files, found = {}, {}
        for path, prefixed_path, storage in self._found():
            found_files[prefixed_path] = (storage, path)
            found[prefixed_path] = session.add(prefixed_path, path, storage), _source_of(path, storage)
        processed = self._post_process(session, found_files)
        plan = session.plan()
        for path, version in processed:
            if session.key_of(version) in plan.upload:
                self.log(f"Post-processed '{path}' as '{version}'", level=2)
                self.post_processed_files.append(path)
        return session, found, plan

    def _found(self):
        """(path, path with the storage's prefix, storage) of each file; the first of a name wins."""
        seen = set()
        for finder in get_finders():
            for path, storage in finder.list(self.ignore_patterns):
                prefix = getattr(storage, "prefix", None)
                prefixed_path = os.path.join(prefix, path) if prefix else path
                if prefixed_path in seen:
                    self.log(
                        f"Found another file with the destination path '{prefixed_path}'. It will be ignored since "
                        "only the first encountered file is collected. If this is not what you want, make sure every "
                        "static file has a unique path.",
                        level=1,
                    )
                    continue
                seen.add(prefixed_path)
                yield path, prefixed_path, storage

    def _post_process(self, session, found_files):
        if not (self.post_process and hasattr(self._target, "post_process")):
            return []
        processed_files = []
        for path, version, processed in session.post_process(found_files):
            if isinstance(processed, Exception):
                self.stderr.write(f"Post-processing '{path}' failed!")
                self.stderr.write()
                raise processed
            if processed:
                processed_files.append((path, version))
        return processed_files

    # -- Looking and going back --------------------------------------------------------------------------------------

    def _print_plan(self):
        with requests() as ledger:
            session, _, plan = self._prepare()
            surplus, unneeded = session.tidying(plan, self.keep, self.prune)
        bucket = session.bucket
        delete = [*plan.delete, *unneeded]
        for mark, objects in (("+", plan.add), ("~", plan.update)):
            for key, planned in sorted(objects.items()):
                self.stdout.write(f"{mark} {bucket.name_of(key)}  {size_text(planned.size)}")
        for key in sorted(delete):
            self.stdout.write(f"- {bucket.name_of(key)}  {size_text(bucket.objects[key].size)}")
        for label, objects in (("add", plan.add), ("update", plan.update)):
            count = sum(map(bucket.requests_for, objects.values()))
            self._tell(label, objects, sum(planned.size for planned in objects.values()), count)
        self._tell("delete", delete, sum(bucket.objects[key].size for key in delete), bucket.requests_to_remove(delete))
        self._tell("unchanged", plan.unchanged, sum(planned.size for planned in plan.unchanged.values()), 0)
        if plan.manifest:
            self.stdout.write("publish    a new release")
        for number in surplus:
            self.stdout.write(f"forget     release {number}")
        self.stdout.write(f"look       {_counted(ledger.count, 'request')}")

    def _tell(self, label, objects, size, count):
        files = _counted(len(objects), "file")
        cost = f"  {_counted(count, 'request')}" if count else ""
        self.stdout.write(f"{label:<10} {files:<13} {size_text(size):>9}{cost}")

    def _roll_back(self):
        bucket = Bucket(self._target, self.concurrency)
        number = Releases(bucket, manifest_key(self._target)).roll_back(self.rollback or None)
        return f"Release {number} is in place again. Processes that run keep their manifest until they are restarted."


def _source_of(path, storage):
    """As it is told to the user: a finder's files may be nowhere on this machine."""
    try:
        return storage.path(path)
    except NotImplementedError:
        return path


def _counted(count, noun):
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _count(text):
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise ArgumentTypeError(f"{text!r} is not a number from 1")
    return number
