from storages.backends.s3boto import S3BotoStorage

StaticRootS3BotoStorage = lambda: S3BotoStorage(location="static")  # noqa: E731
MediaRootS3BotoStorage = lambda: S3BotoStorage(location="media")  # noqa: E731
