"""Models whose files are kept where a test says."""

from __future__ import annotations

from storages.backends.s3 import S3Storage


def the_storage():
    """What a field is declared with; the fixture `files_at` gives it another."""
    return S3Storage(bucket_name="put in by the fixture")
