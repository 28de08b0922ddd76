"""The names beside the class on Amazon's S3.py, until release 1.1.9: today's class with the settings of then."""

from django.utils.deconstruct import deconstructible

from storages.backends.s3 import S3File, S3Storage
from storages.s3.preload import Preloading

__all__ = ["PreloadingS3Storage", "S3StorageFile"]


@deconstructible(path="storages.backends.s3.PreloadingS3Storage")
class PreloadingS3Storage(Preloading, S3Storage):
    """Asks once which files there are."""

    preload_metadata = True

    def _adopt_old_settings(self):
        from storages.s3.legacy import adopt_dropped_settings, warn_once

        warn_once("PreloadingS3Storage", "is deprecated; use storages.backends.s3.S3Storage")
        adopt_dropped_settings(self, "oldest")


PreloadingS3Storage.__module__ = "storages.backends.s3"  # for pickles

S3StorageFile = S3File
