"""gzip on the way in and out."""

import gzip
import io
import zlib

from storages.utils import to_bytes

_CHUNK = 256 * 1024
_GZIP_FORMAT = 16 + zlib.MAX_WBITS  # zlib's manual, deflateInit2


def gzip_compressor(level=9):
    """Makes one gzip member, without a time in its header."""
    return zlib.compressobj(level, zlib.DEFLATED, _GZIP_FORMAT)


class GzipCompressionWrapper(io.RawIOBase):
    """One gzip member of what `raw` holds, made as it is read.

    Always the same bytes for the same content (no time in the header), so that ETags can be compared.
    """

    def __init__(self, raw, level=9):
        super().__init__()
        self.raw = raw
        self._compressor = gzip_compressor(level)
        self._pending = b""
        self._finished = False

    def readable(self):
        return True

    def readinto(self, buffer):
        while not self._pending and not self._finished:
            self._compress_some()
        piece = self._pending[: len(buffer)]
        buffer[: len(piece)] = piece
        self._pending = self._pending[len(piece) :]
        return len(piece)

    def _compress_some(self):
        content = self.raw.read(_CHUNK)
        if content:
            self._pending = self._compressor.compress(to_bytes(content))
        else:
            self._finished = True
            self._pending = self._compressor.flush()


class CompressStorageMixin:
    def _compress_content(self, content):
        """A readable of the compressed content."""
        return GzipCompressionWrapper(content)


class CompressedFileMixin:
    def _decompress_file(self, mode, file, mtime=0.0):
        return gzip.GzipFile(mode=mode, fileobj=file, mtime=mtime)
