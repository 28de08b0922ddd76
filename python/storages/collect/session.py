"""One run of collectstatic on a storage of ours, from the files that were found to the release in place."""

import contextlib
import itertools

from django.contrib.staticfiles.storage import ManifestFilesMixin
from django.core.files.base import ContentFile
from django.core.management.base import CommandError

from storages.collect.bucket import Bucket
from storages.collect.overlay import OverlayStore, Sources, has_changed, overlay_of
from storages.collect.plan import ETAGS, difference, is_same, save_etags
from storages.collect.progress import Progress
from storages.collect.releases import FOLDER, Releases
from storages.utils import clean_name

# Uploads between two looks at the clock: enough to keep all connections busy.
_BATCH = 1024


def can_be_bulk(storage):
    """Whether `storage` keeps its files by a handle of the engine."""
    return hasattr(type(storage), "_store")


def keeps_manifest(storage):
    """Whether `storage` has a manifest and keeps it itself, as releases demand."""
    return isinstance(storage, ManifestFilesMixin) and getattr(storage, "manifest_storage", storage) is storage


def manifest_key(storage):
    return storage._normalize_name(clean_name(storage.manifest_name))


def _overrides(storage, *methods):
    """Whether a subclass of ours has methods of its own in place of these."""
    kind = type(storage)
    ours = next(base for base in kind.__mro__ if "_store" in vars(base))
    return any(getattr(kind, method) is not getattr(ours, method) for method in methods)


class Session:
    def __init__(self, storage, concurrency, clear=False):
        self.storage = storage
        self.clear = clear
        self.bucket = Bucket(storage, concurrency)
        self.bucket.list()
        self._sources = Sources()
        visible = {} if clear else self.bucket.objects
        self._store = OverlayStore(storage._store, visible, self._sources)
        self.overlay = overlay_of(storage, self._store)
        # What save() adds is to look for a name that is free, and here all are.
        self._save = self.overlay.save if _overrides(storage, "save", "get_available_name") else self.overlay._save
        self._manifests = None
        self.releases = None
        self._manifest_key = None
        if isinstance(storage, ManifestFilesMixin):
            self._prepare_manifest()
        self._versions = {}
        self._publishes = False

    def _prepare_manifest(self):
        if keeps_manifest(self.storage):
            self._manifest_key = manifest_key(self.storage)
            self.releases = Releases(self.bucket, self._manifest_key)
            self.overlay.manifest_storage = self.overlay
        else:
            self.overlay.manifest_storage = self._manifests = _HeldBack(self.storage.manifest_storage)

    # -- What shall be there -----------------------------------------------------------------------------------------

    def add(self, prefixed_path, path, source_storage):
        """A file that was found. Returns its key."""
        with contextlib.suppress(NotImplementedError):  # a finder's files may be nowhere on this machine
            self._sources.add(source_storage.path(path))
        planned = self._store.planned
        count = len(planned)
        with source_storage.open(path) as file:
            name = self._save(prefixed_path, file)
        return next(reversed(planned)) if len(planned) == count + 1 else self.key_of(name)

    def post_process(self, found_files):
        """As the storage's post_process(): (path, path of the version, processed) for each file."""
        plain = dict(self._store.planned)
        yield from self.overlay.post_process(found_files, dry_run=False)
        self._versions = {key: planned for key, planned in self._store.planned.items() if plain.get(key) is not planned}

    def key_of(self, name):
        return self.storage._normalize_name(clean_name(name))

    def plan(self):
        desired = dict(self._store.planned)
        manifest = desired.pop(self._manifest_key, None)
        plan = difference(desired, self.bucket, everything=self.clear)
        if manifest:
            stored = self.releases.manifest
            if stored and is_same(manifest, stored, plan.etags.get(self.bucket.name_of(self._manifest_key))):
                plan.unchanged[self._manifest_key] = manifest
            else:
                plan.manifest = manifest
        self._publishes = manifest is not None
        if self.clear:
            plan.delete = [key for key in self.bucket.objects if key not in desired and not self._is_kept(key)]
        return plan

    def _is_kept(self, key):
        """What a run replaces and tidies by itself."""
        name = self.bucket.name_of(key)
        return name == ETAGS or (self._publishes and (key == self._manifest_key or name.startswith(FOLDER)))

    def tidying(self, plan, keep, prune, claimed=None):
        """(numbers of releases to forget, keys of files to delete) once the plan is carried out, with the release that
        was `claimed` on the way, or, before that, one to come."""
        if not (self.releases and self._publishes):
            return [], []
        coming = 1 if plan.manifest and not claimed else 0
        if self.clear:
            current = () if coming else (claimed or self.releases.live())[:1]
            return self.releases.surplus(0, current), []
        if not prune and len(self.releases.records) + coming <= keep:
            return [], []
        live = claimed or self.releases.live()
        surplus = self.releases.surplus(keep - coming, live[:1] if coming else live)
        return surplus, self.releases.unneeded(surplus, {**plan.upload, **plan.unchanged}) if prune else []

    # -- Making it so ------------------------------------------------------------------------------------------------

    def publish(self, plan, keep, prune, out, quiet):
        """Carries out the plan; returns the keys that pruning deleted. Until the manifest is replaced, everything that
        was in place works as before."""
        progress = Progress(out, "Uploading", len(plan.upload), plan.size, quiet)
        # Versions first: until the manifest names them, nobody asks for them.
        versions = {key: planned for key, planned in plan.upload.items() if key in self._versions}
        others = {key: planned for key, planned in plan.upload.items() if key not in self._versions}
        try:
            sent = self._send(versions, progress)
            claimed = self.releases.claim(plan.manifest) if plan.manifest else None
            sent.update(self._send(others, progress))
        finally:
            progress.close()
        if claimed:
            sent[self._manifest_key] = plan.manifest, self.releases.publish(plan.manifest, claimed)
        if self._manifests:
            self._manifests.release()
        save_etags(self.bucket, plan, sent)
        self._take_over()
        return self._tidy(plan, keep, prune, claimed)

    def _send(self, objects, progress):
        sent = {}
        items = iter(objects.items())
        while batch := dict(itertools.islice(items, _BATCH)):
            for key, etag in self.bucket.put_many(batch).items():
                sent[key] = batch[key], etag
            for planned in batch.values():
                if has_changed(planned):
                    raise CommandError(f"{planned.content} changed while it was collected; run collectstatic again.")
            progress.advance(len(batch), sum(planned.size for planned in batch.values()))
        return sent

    def _take_over(self):
        """The site's storage, in this process, knows what was published."""
        for name in ("hashed_files", "manifest_hash"):
            if name in self.overlay.__dict__:
                setattr(self.storage, name, getattr(self.overlay, name))

    def _tidy(self, plan, keep, prune, claimed):
        surplus, unneeded = self.tidying(plan, keep, prune, claimed)
        # A release is forgotten before its files are deleted: what can be rolled back to is whole.
        self._remove([self.releases.records.pop(number) for number in surplus])
        self._remove([*plan.delete, *unneeded])
        return unneeded

    def _remove(self, keys):
        if keys:
            self.bucket.remove_many(keys)


class _HeldBack:
    """Another storage that keeps the manifest: reads of it, and what is written waits."""

    def __init__(self, storage):
        self._storage = storage
        self._held = None

    def exists(self, name):
        return False

    def open(self, name):
        return self._storage.open(name)

    def _save(self, name, content):
        self._held = name, content.read()
        return name

    def release(self):
        if self._held is None:
            return
        name, body = self._held
        if self._storage.exists(name):
            with self._storage.open(name) as file:
                if file.read() == body:
                    return
            self._storage.delete(name)
        self._storage._save(name, ContentFile(body))
