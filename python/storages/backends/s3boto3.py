"""The names of storages.backends.s3 before release 1.14."""

from storages.backends.s3 import S3File as S3Boto3StorageFile
from storages.backends.s3 import S3ManifestStaticStorage, S3StaticStorage
from storages.backends.s3 import S3Storage as S3Boto3Storage

__all__ = ["S3Boto3Storage", "S3Boto3StorageFile", "S3ManifestStaticStorage", "S3StaticStorage"]
