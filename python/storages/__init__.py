"""The drop-in for django-storages: the same import paths, settings and behaviour, on the engine of `orlop`."""

__version__ = "1.14.6"  # the release of django-storages it stands in for
