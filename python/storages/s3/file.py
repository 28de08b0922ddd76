"""S3File: an object as Django's File."""

import io

from django.core.files.base import File
from django.utils.functional import cached_property
from orlop import AlreadyExists, NotFound
from orlop.files import BUFFER_SIZE, RawReader
from orlop.ledger import current

from storages.compress import CompressedFileMixin
from storages.s3.errors import explained, rephrase
from storages.s3.parameters import filter_download, to_attrs
from storages.utils import setting, to_bytes


def default_buffer_size():
    return setting("AWS_S3_FILE_BUFFER_SIZE", 5242880)


class S3File(CompressedFileMixin, File):
    """Opened for reading it is seekable and made one request; what is written appears when it is closed.

    Leaving its `with` block by an exception, or forgetting it, publishes nothing.
    """

    def __init__(self, name, mode, storage, buffer_size=None):
        if "r" in mode and "w" in mode:
            raise ValueError("Can't combine 'r' and 'w' in mode.")
        self._storage = storage
        self._key = name
        self.name = name[len(storage.location) :].lstrip("/")
        self._mode = mode
        self.mode = mode
        if buffer_size:
            self.buffer_size = buffer_size
        self._file = None
        self._closed = False
        self._source = None if self._writable else self._open_source()
        self._meta = self._source.meta if self._source else None
        self._reset()

    def _reset(self):
        self._writer = None
        self._read_directly = False
        self._is_dirty = False
        self._raw_bytes_written = 0

    def __getstate__(self):
        raise TypeError(f"cannot pickle the file {self.name!r}: pickle its name, and open it where it is needed")

    @cached_property
    def buffer_size(self):
        return default_buffer_size()

    @property
    def _writable(self):
        return "w" in self._mode or "x" in self._mode

    # -- Opening and closing -----------------------------------------------------------------------------------------

    def open(self, mode=None):
        if (self._file is not None or self._read_directly) and not self.closed:
            self.seek(0)
        elif mode and mode != self._mode:
            raise ValueError("Cannot reopen file with a new mode.")
        _ = self.file  # what was closed is opened anew by looking at it
        return self

    @property
    def closed(self):
        return self._closed

    @explained
    def close(self):
        if self._writable and not self._closed:
            self._publish()
        self._release()

    def abort(self):
        """Gives up what was written; nothing of it appears."""
        if self._writer is not None:
            self._writer.abort()
        self._release()

    def __exit__(self, kind, error, trace):
        if kind is not None and self._writable:
            self.abort()
        else:
            self.close()

    def _release(self):
        if self._file is not None:
            self._file.close()
        if self._source is not None:
            self._source.close()
        self._file = self._source = None
        self._reset()
        self._closed = True

    @property
    def file(self):
        if self._file is None:
            self._file = io.BytesIO() if self._writable else self._open_stream()
            self._closed = False
        return self._file

    @file.setter
    def file(self, value):
        self._file = value

    # -- Reading -----------------------------------------------------------------------------------------------------

    @explained
    def _open_source(self):
        provider, version = filter_download(self._storage.get_object_parameters(self.name))
        try:
            return self._storage._store.open(self._key, current(), provider, version)
        except NotFound as error:
            if error.service_code != "NoSuchBucket":
                rephrase(error, f"File does not exist: {self._key}")
            raise

    def _open_stream(self):
        source, self._source = self._source or self._open_source(), None
        self._meta = source.meta
        stream = io.BufferedReader(RawReader(source, self.name), BUFFER_SIZE)
        if self._is_compressed():
            return self._decompress_file(mode="rb", file=stream)
        return stream if "b" in self._mode else io.TextIOWrapper(stream, encoding="utf-8")

    def _is_compressed(self):
        return self._storage.gzip and self._meta.content_encoding == "gzip"

    def _is_plain(self):
        return "b" in self._mode and not self._is_compressed()

    @property
    def obj(self):
        """boto3's object, where boto3 is installed."""
        return self._storage.bucket.Object(self._key)

    @property
    def size(self):
        """Bytes as stored: those of a compressed object are its compressed ones."""
        if self._meta is None:
            return self._storage.size(self.name)
        return self._meta.size

    def read(self, *args, **kwargs):
        self._check_readable()
        if self._source is not None and not args and not kwargs and self._is_plain():
            self._read_directly = True
            return self._source.read(-1)  # all of it at once needs no buffer between
        return self.file.read(*args, **kwargs)

    def readline(self, *args, **kwargs):
        self._check_readable()
        return self.file.readline(*args, **kwargs)

    def readlines(self):
        """All lines, from the start of the file."""
        return list(self)

    def _check_readable(self):
        if "r" not in self._mode:
            raise AttributeError("File was not opened in read mode.")

    # -- Writing -----------------------------------------------------------------------------------------------------

    @explained
    def write(self, content):
        """Appends bytes, or text as UTF-8; returns the number of bytes."""
        if not self._writable:
            raise AttributeError("File was not opened in write mode.")
        content = to_bytes(content)
        self._is_dirty = True
        if self._buffered >= self.buffer_size:
            self._send_buffer()
        written = self.file.write(content)
        self._raw_bytes_written += written
        return written

    @property
    def _buffered(self):
        return self.file.getbuffer().nbytes

    def _attrs(self):
        return to_attrs(self._storage._get_write_parameters(self._key))

    @property
    def _exclusive(self):
        return "x" in self._mode or not self._storage.file_overwrite

    def _send_buffer(self):
        if self._writer is None:
            self._writer = self._storage._store.write(
                self._key, self._attrs(), self._creates("write_create"), current()
            )
        with self.file.getbuffer() as buffered:
            self._writer.write(buffered)
        self._file = io.BytesIO()

    def _creates(self, capability):
        """Whether the store itself is to refuse a name that is taken; one that cannot is asked now."""
        if not self._exclusive:
            return False
        if self._storage._store.can(capability):
            return True
        if self._storage.exists(self.name):
            raise AlreadyExists(f"File exists: {self._key}")
        return False

    def _publish(self):
        if self._writer is not None:
            self._send_buffer()
            self._writer.commit()
        elif self._is_dirty:
            with self.file.getbuffer() as buffered:
                self._storage._store.put(self._key, buffered, self._attrs(), self._creates("put_create"), current())
        else:
            self._create_empty()

    def _create_empty(self):
        """Of a file nothing was written to: an empty object where there is none; one that is there stays."""
        store = self._storage._store
        if not store.can("put_create"):
            if self._storage.exists(self.name):
                return
            store.put(self._key, b"", self._attrs(), False, current())
            return
        try:
            store.put(self._key, b"", self._attrs(), True, current())
        except AlreadyExists:
            if "x" in self._mode:
                raise
