"""Contents to save, and a look at what became of them."""

from __future__ import annotations

import io
import tempfile

from django.core.files.base import File
from django.core.files.uploadedfile import TemporaryUploadedFile

PART = 5 << 20


class NonSeekable(File):
    """What comes from a pipe."""

    def __init__(self, data, name="pipe"):
        super().__init__(io.BytesIO(data) if isinstance(data, bytes) else io.StringIO(data), name)

    def seekable(self):
        return False

    def seek(self, *_):
        raise AssertionError("asked to seek")

    tell = seek


def temporary_upload(data):
    file = TemporaryUploadedFile("upload.bin", "application/x-upload", 0, None)
    file.write(data)
    return file


def on_disk(data, mode="rb", encoding=None):
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(data)
    return File(open(file.name, mode, encoding=encoding))


def content_of(storage, name):
    with storage.open(name) as file:
        return file.read()


def described(storage, name):
    meta = storage._store.stat(name, None, None, "")
    return meta.content_type, meta.content_encoding
