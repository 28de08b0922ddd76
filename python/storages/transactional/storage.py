"""A storage in front of another one whose files follow the transaction of a database."""

import time

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.core.files import File
from django.core.files.storage import Storage
from django.core.files.utils import validate_file_name
from django.db import connections, transaction
from django.utils.deconstruct import deconstructible
from django.utils.functional import cached_property
from django.utils.module_loading import import_string

from storages.aio import AsyncFile
from storages.journal.finishing import entries, entries_for
from storages.places import Place, unwrapped
from storages.transactional import ending
from storages.transactional.staging import staging_of
from storages.utils import clean_name

# How long, in seconds, nobody takes a staged file for one that was left.
_SURELY_KEPT = 600


class _Taken(Storage):
    """Django's way to another name, of one that is not to be had."""

    def __init__(self, storage, name):
        self.get_alternative_name = storage.get_alternative_name
        self._name = name

    def exists(self, name):
        return name == self._name


def _by_thread(name):
    async def call(self, *args, **options):
        return await sync_to_async(getattr(self, name))(*args, **options)

    call.__name__ = f"a{name}"
    return call


@deconstructible(path="storages.transactional.TransactionalStorage")
class TransactionalStorage(Storage):
    """What is saved inside atomic() is in place when that commits; what is deleted is gone then.

    storage: the one the files are kept in: its alias in STORAGES, or a dict like those there. using: the database.
    staging: the folder where files wait.
    """

    wraps_storage = True

    def __init__(self, storage, using="default", staging=".pending"):
        self._given = storage
        self.using = using
        self.folder = staging.strip("/")
        if not self.folder or clean_name(self.folder) != self.folder or ".." in self.folder:
            raise ImproperlyConfigured(f"TransactionalStorage: staging is the name of a folder, not {staging!r}")
        if isinstance(storage, dict) and ("BACKEND" not in storage or storage.keys() - {"BACKEND", "OPTIONS"}):
            raise ImproperlyConfigured("TransactionalStorage: storage has a BACKEND, and may have OPTIONS")

    def __repr__(self):
        return f"<{type(self).__name__} of {self.inner!r}>"

    def __getstate__(self):
        return {name: value for name, value in self.__dict__.items() if name not in ("inner", "place", "staging")}

    @cached_property
    def inner(self):
        if isinstance(self._given, dict):
            inner = import_string(self._given["BACKEND"])(**self._given.get("OPTIONS", {}))
        elif isinstance(self._given, str):
            from django.core.files.storage import storages

            inner = storages[self._given]
        else:
            inner = self._given
        if inner is self or isinstance(inner, TransactionalStorage):
            raise ImproperlyConfigured("TransactionalStorage: storage is itself a TransactionalStorage")
        return unwrapped(inner)

    def __getattr__(self, name):
        # Whatever else the storage has: bucket_name, base_url, methods of its own.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.inner, name)

    @cached_property
    def place(self):
        return Place(self.inner)

    @cached_property
    def staging(self):
        return staging_of(self.inner, self.folder)

    # -- Names -------------------------------------------------------------------------------------------------------

    def get_valid_name(self, name):
        return self.inner.get_valid_name(name)

    def generate_filename(self, filename):
        return self.inner.generate_filename(filename)

    def get_alternative_name(self, file_root, file_ext):
        return self.inner.get_alternative_name(file_root, file_ext)

    def get_available_name(self, name, max_length=None):
        """In a transaction, where files are not overwritten: a name nobody else has, found without asking.

        Two transactions cannot see each other's, so that a name which is free may be promised twice.
        """
        if not self._is_in_transaction() or self._overwrites() or self._has_own_naming():
            return self.inner.get_available_name(name, max_length=max_length)
        name = clean_name(name)
        return _Taken(self.inner, name).get_available_name(name, max_length=max_length)

    def _overwrites(self):
        return getattr(self.inner, "file_overwrite", getattr(self.inner, "_allow_overwrite", False))

    def _has_own_naming(self):
        from storages.backends.s3 import S3Storage

        naming = type(self.inner).get_available_name
        return naming not in (Storage.get_available_name, S3Storage.get_available_name)

    # -- Writing -----------------------------------------------------------------------------------------------------

    def stage(self, content, name=None):
        """Sends the content ahead: the file that is returned is for save(), or a FileField, inside a transaction.

        So that no transaction is open while it is sent. One that is not used is removed by `manage.py storages gc`.
        """
        name = clean_name(name or content.name)
        validate_file_name(name, allow_relative_path=True)
        staged, _ = self.staging.put(name, content)
        return StagedFile(self, staged, name)

    def save(self, name, content, max_length=None):
        if name is None:
            name = content.name
        if not self._is_in_transaction():
            return self._save_now(name, content, max_length)
        validate_file_name(name, allow_relative_path=True)
        name = clean_name(self.get_available_name(name, max_length=max_length))
        validate_file_name(name, allow_relative_path=True)
        staged, known = self._staged(name, content)
        try:
            self._note(name, staged, known)
        except Exception:
            self.staging.remove([staged])
            raise
        return name

    def _save_now(self, name, content, max_length):
        if isinstance(content, StagedFile) or self._entry_of(name):
            with transaction.atomic(using=self.using):
                return self.save(name, content, max_length=max_length)
        saved = self.inner.save(name, content, max_length=max_length)
        promised = self._entry_of(saved)
        if promised is None:
            return saved
        # Whoever promised a file of this name puts it in place yet, and whoever promised a deletion may delete ours.
        with transaction.atomic(using=self.using), self.inner.open(saved) as again:
            if not promised.staged:
                self._note(saved, "")
            return self.save(name, again, max_length=max_length)

    def _staged(self, name, content):
        if isinstance(content, StagedFile):
            if content.may_be_gone():
                raise FileNotFoundError(f"{name}: {content.why_gone()}")
            if content.is_for(self):
                return content.use(), None
        return self.staging.put(name, content)

    def _note(self, name, staged, known=None):
        digest = self.place.digest_of(name)
        if self._overwrites():
            ending.keep_in_order(connections[self.using], digest)
        ending.begin(self.using).note(self, digest, name, staged, known)

    def delete(self, name):
        if not name:
            raise ValueError("The name must be given to delete a file.")
        if self._is_in_transaction():
            self._note(clean_name(name), "")
        elif self._entry_of(name):
            with transaction.atomic(using=self.using):
                self._note(clean_name(name), "")
        else:
            self.inner.delete(name)

    def verify_upload(self, receipt, *, user=None, max_length=None):
        from storages.uploads.verify import verify_upload

        return verify_upload(self, receipt, user=user, max_length=max_length)

    def may_be_put_in_place(self, name):
        """Of a file that is there with or without a commit: whether no promise of another transaction undoes that.

        Where files are overwritten, what this transaction promised of the name is no longer.
        """
        if self._overwrites() and self._own_entry_of(name) is not None:
            owner = ending.current(self.using).owner
            entries(self.using).filter(digest=self.place.digest_of(clean_name(name)), owner=owner).delete()
        return self._entry_of(name) is None

    def _open_to_write(self, name, mode):
        if not self._is_in_transaction() and not self._entry_of(name):
            return self.inner.open(name, mode)
        if mode not in ("w", "wb"):
            raise ValueError(f"{name}: in a transaction a file is opened with 'r', 'rb', 'w' or 'wb', not {mode!r}")
        name = clean_name(name)
        return _StagedWriter(self, name, *self.staging.open_writer(name, mode))

    # -- Reading -----------------------------------------------------------------------------------------------------

    def open(self, name, mode="rb"):
        if set(mode) & set("wxa+"):
            return self._open_to_write(name, mode)
        return self._find(name, lambda where: self.inner.open(where, mode))

    def exists(self, name):
        if not name:
            return self.inner.exists(name)
        entry = self._own_entry_of(name)
        if entry is None:
            if self.inner.exists(name):
                return True
            entry = self._entry_of(name)
        return entry is not None and bool(entry.staged)

    def size(self, name):
        return self._find(name, self.inner.size)

    def get_modified_time(self, name):
        return self._find(name, self.inner.get_modified_time)

    def get_created_time(self, name):
        return self._find(name, self.inner.get_created_time)

    def get_accessed_time(self, name):
        return self._find(name, self.inner.get_accessed_time)

    def listdir(self, path):
        """Without what is not in place."""
        directories, files = self.inner.listdir(path)
        parent = clean_name(path).strip("/") if path else ""
        parent = "" if parent == "." else parent
        shown = [one for one in directories if f"{parent}/{one}".lstrip("/") != self.folder]
        return shown, files

    def path(self, name):
        entry = self._own_entry_of(name)
        return self.inner.path(entry.staged if entry is not None and entry.staged else name)

    def url(self, name, *args, **options):
        """The address it has when the transaction is committed."""
        return self.inner.url(name, *args, **options)

    def _find(self, name, ask):
        """Asks for the file where it is: staged by this transaction, in place, or not there yet after a commit."""
        entry = self._own_entry_of(name)
        if entry is not None:
            if not entry.staged:
                raise FileNotFoundError(f"File does not exist: {name}")
            return ask(entry.staged)
        try:
            return ask(name)
        except FileNotFoundError:
            entry = self._entry_of(name)
            if entry is None or not entry.staged:
                raise
        try:
            return ask(entry.staged)
        except FileNotFoundError:
            return ask(name)  # put in place a moment ago

    # -- Transactions ------------------------------------------------------------------------------------------------

    def _is_in_transaction(self):
        return connections[self.using].in_atomic_block

    def _entry_of(self, name):
        """The last one of the journal."""
        found = entries_for(self.using, [self.place.digest_of(clean_name(name))])
        return found[-1] if found else None

    def _own_entry_of(self, name):
        """The last one, if this transaction did something to the file. (What it did may be undone by a savepoint.)"""
        own = ending.current(self.using)
        if own is None or self.place.digest_of(clean_name(name)) not in own.digests:
            return None
        return self._entry_of(name)

    # A transaction belongs to a thread: the one where synchronous code of this task runs.
    async def aopen(self, name, mode="rb"):
        """A file to be awaited, as the storage's own aopen() gives."""
        return AsyncFile(await sync_to_async(self.open)(name, mode), sync_to_async)

    asave = _by_thread("save")
    adelete = _by_thread("delete")
    aexists = _by_thread("exists")
    asize = _by_thread("size")
    aget_modified_time = _by_thread("get_modified_time")
    alistdir = _by_thread("listdir")
    aurl = _by_thread("url")


class StagedFile(File):
    """Content that is in the storage already and has no name yet."""

    def __init__(self, storage, staged, name):
        self.name = name
        self.mode = "rb"
        self._storage = storage
        self._staged = staged
        self._file = None
        self._is_used = False
        self._since = time.time()

    @property
    def file(self):
        if self._file is None:
            self._file = self._storage.inner.open(self._staged)
        return self._file

    @cached_property
    def size(self):
        return self._storage.inner.size(self._staged)

    def is_for(self, storage):
        return not self._is_used and str(self._storage.place) == str(storage.place)

    def may_be_gone(self):
        """Asks for one that was used, or has waited so long that `manage.py storages repair` may have removed it."""
        kept = not self._is_used and time.time() - self._since <= _SURELY_KEPT
        return not kept and not self._storage.inner.exists(self._staged)

    def why_gone(self):
        if self._is_used:
            return (
                "what was staged for it was used by a transaction that has ended; stage() the content again before "
                "each attempt"
            )
        return "what was staged for it is there no longer; send it again"

    def use(self):
        self._is_used = True
        return self._staged

    def discard(self):
        """Of one that is not going to be used."""
        if not self._is_used:
            self._storage.staging.remove([self.use()])

    def close(self):
        if self._file is not None:
            self._file.close()


class _StagedWriter(File):
    """A file that is opened to be written, in a transaction."""

    def __init__(self, storage, name, staged, file):
        super().__init__(file, name)
        self._storage = storage
        self._staged = staged
        self._is_done = False

    def close(self):
        self.file.close()
        if not self._is_done:
            self._is_done = True
            with transaction.atomic(using=self._storage.using, savepoint=False):
                self._storage._note(self.name, self._staged)

    def __exit__(self, kind, error, trace):
        if kind is None:
            return self.close()
        self._is_done = True
        self.file.__exit__(kind, error, trace)
        self._storage.staging.remove([self._staged])
