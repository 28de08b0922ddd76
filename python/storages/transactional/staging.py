"""Where files wait for a commit: below one folder of the storage they are for, each under a name nobody guesses."""

import contextlib
import errno
import os
import posixpath

from django.core.files.base import ContentFile, File
from django.core.files.move import file_move_safe
from django.core.files.storage import FileSystemStorage
from django.utils.crypto import get_random_string
from orlop import NotFound
from orlop.ledger import current

from storages.s3.errors import explained
from storages.s3.parameters import ONLY_IN_PLACE, to_attrs

_TOKEN_LENGTH = 22  # of 62 characters: 130 bits


class Staging:
    """For any storage of Django's: content goes through this process once more when it is put in place."""

    at_once = 1  # that are put in place: how many threads may use the storage

    def __init__(self, storage, folder):
        self.storage = storage
        self.folder = folder

    def new_name(self, name):
        return posixpath.join(self.folder, get_random_string(_TOKEN_LENGTH), posixpath.basename(name))

    def put(self, name, content):
        """(name of the staged file, what promote() of this process may know of it)."""
        if not hasattr(content, "chunks"):
            content = File(content, name)
        return self.storage._save(self.new_name(name), content), None

    def promote(self, staged, name, known=None):
        """FileNotFoundError when it is not there, which is so when it was promoted before."""
        with self.storage.open(staged) as content:
            if self.storage.exists(name):
                self.storage.delete(name)
            saved = self.storage._save(name, content)
        if saved != name:
            self.storage.delete(saved)
            raise FileExistsError(f"{name} was put in place by somebody else")

    def remove(self, names):
        for name in names:
            self.storage.delete(name)

    def open_writer(self, name, mode):
        """(name of the staged file, a file to write it)."""
        staged = self.storage._save(self.new_name(name), ContentFile(b""))  # some open only what is there
        return staged, self.storage.open(staged, mode)


class FileSystemStaging(Staging):
    """Renames."""

    def promote(self, staged, name, known=None):
        target = self.storage.path(name)
        self._make_directories(os.path.dirname(target))
        source = self.storage.path(staged)
        try:
            os.replace(source, target)
        except OSError as error:
            if error.errno != errno.EXDEV:  # something else is mounted there
                raise
            file_move_safe(source, target, allow_overwrite=True)

    def remove(self, names):
        for name in names:
            path = self.storage.path(name)
            with contextlib.suppress(FileNotFoundError):
                os.remove(path)
            with contextlib.suppress(OSError):
                os.rmdir(os.path.dirname(path))

    def open_writer(self, name, mode):
        staged = self.new_name(name)
        self._make_directories(os.path.dirname(self.storage.path(staged)))
        return staged, self.storage.open(staged, mode)

    def _make_directories(self, path):
        mode = self.storage.directory_permissions_mode
        if mode is None:
            return os.makedirs(path, exist_ok=True)
        missing = []
        while not os.path.isdir(path):
            missing.append(path)
            path = os.path.dirname(path)
        for path in reversed(missing):
            with contextlib.suppress(FileExistsError):
                os.mkdir(path)
                os.chmod(path, mode)


# Of these a copy has none, or takes the source's.
_ONLY_OF_UPLOADS = "Checksum", "ContentMD5", "MpuObjectSize", "Tagging"
_WITH_CUSTOMERS_KEY = "SSECustomerKey"


class S3Staging(Staging):
    """Copies on the service."""

    at_once = 16

    @explained
    def put(self, name, content):
        storage = self.storage
        parameters = storage._get_write_parameters(storage._normalize_name(name), content)
        body = storage._body(content, parameters)
        staged = self.new_name(name)
        before = {option: value for option, value in parameters.items() if option not in ONLY_IN_PLACE}
        storage._upload(staged, body, before, False)
        return staged, parameters

    @explained
    def promote(self, staged, name, known=None):
        storage = self.storage
        key = storage._normalize_name(name)
        parameters = storage._base_parameters(key, None) if known is None else dict(known)
        if "ACL" not in parameters and storage.default_acl:
            parameters["ACL"] = storage.default_acl
        if _WITH_CUSTOMERS_KEY in parameters:
            return self._send_again(staged, name, key)
        source = storage._normalize_name(staged)
        attrs = self._attrs_in_place(source, parameters, known is not None)
        storage._store.copy(source, key, attrs, False, current())

    def _attrs_in_place(self, source, parameters, is_complete):
        """None to keep the source's, as long as that is all there is to say."""
        attrs = to_attrs({name: value for name, value in parameters.items() if not name.startswith(_ONLY_OF_UPLOADS)})
        if not attrs.get("provider"):
            return None
        return attrs if is_complete else {**attrs, **self._attrs_of(source)}

    def _attrs_of(self, source):
        meta = self.storage._store.stat(source, current(), None, "")
        names = "content_type", "content_encoding", "content_language", "content_disposition", "cache_control", "user"
        return {name: getattr(meta, name) for name in names if getattr(meta, name, None)}

    def _send_again(self, staged, name, key):
        # A copy would have to name the customer's key twice, in headers of its own; opening and sending both have it.
        storage = self.storage
        with storage.open(staged) as file:
            parameters = storage._get_write_parameters(key, file)
            body = storage._body(File(file, name), parameters)
            storage._upload(name, body, parameters, False)

    def open_writer(self, name, mode):
        staged = self.new_name(name)
        return staged, self.storage.open(staged, mode)

    @explained
    def remove(self, names):
        if names:
            for error in self.storage._store.remove(list(map(self.storage._normalize_name, names)), current()):
                if error and not isinstance(error, NotFound):
                    raise error


def staging_of(storage, folder):
    from storages.backends.s3 import S3Storage

    kind = type(storage)
    if isinstance(storage, S3Storage) and kind._save is S3Storage._save:
        return S3Staging(storage, folder)
    if isinstance(storage, FileSystemStorage) and kind._save is FileSystemStorage._save:
        return FileSystemStaging(storage, folder)
    return Staging(storage, folder)
