"""The parts of storages.backends.s3."""
