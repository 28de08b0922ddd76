"""S3's double on disk: files below a directory under exactly the rules of S3Storage, for the laptop."""

import os
from urllib.parse import quote

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestFilesMixin
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import cached_property
from orlop import native

from storages.backends.memory import limits_of, open_addresses
from storages.backends.s3 import S3Storage
from storages.doubles import DoubleStore
from storages.served import ServedMixin
from storages.utils import setting

__all__ = ["LocalManifestStaticStorage", "LocalStaticStorage", "LocalStorage"]

# Of addresses that only say which keys S3 takes.
_NO_BUCKET = "local"


class LocalStorage(ServedMixin, S3Storage):
    """S3Storage with its options, and a directory in place of S3: `root`, or `bucket_name` below it.

    Parts of unfinished uploads are kept beside it, in a directory whose name ends in ".uploads".
    """

    needs_view = True

    def get_default_settings(self):
        return {**super().get_default_settings(), "root": setting("STORAGES_LOCAL_ROOT")}

    @property
    def directory(self):
        root = self.root or settings.MEDIA_ROOT
        if not root:
            raise ImproperlyConfigured(
                "Set STORAGES_LOCAL_ROOT, the option root, or MEDIA_ROOT, to the directory that files are kept in."
            )
        return os.path.abspath(os.path.join(root, self.bucket_name or ""))

    @property
    def _place(self):
        return self.directory, self.location

    @cached_property
    def _store(self):
        directory, limits = self.directory, limits_of(self)
        addresses = open_addresses(self, self.bucket_name or _NO_BUCKET)
        os.makedirs(directory, exist_ok=True)  # an empty bucket is there
        objects, parts = (
            native.Store(f"file://{quote(path)}", {}, *limits) for path in (directory, f"{directory}.uploads")
        )
        return DoubleStore(objects, addresses, parts)

    def __repr__(self):
        return f"<{type(self).__name__} root={self.root!r} bucket={self.bucket_name!r} location={self.location!r}>"


class LocalStaticStorage(LocalStorage):
    querystring_auth = False


class LocalManifestStaticStorage(ManifestFilesMixin, LocalStaticStorage):
    """Static files under names that change with their content, on disk."""
