"""Reads settings that import what is no longer installed: boto, Amazon's first S3.py, boto3.

While they are read, such imports give stand-ins that remember how they were called.
"""

import importlib
import importlib.abc
import importlib.util
import runpy
import sys
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from storages.check.findings import ERROR, Finding
from storages.s3.options import ClientConfig, TransferConfig

_PACKAGES = ("boto", "boto3", "botocore", "S3")


class _CallingFormat:
    PATH, SUBDOMAIN, VANITY = 1, 2, 3


_KNOWN = {
    ("S3", "CallingFormat"): _CallingFormat,
    ("boto3.s3.transfer", "TransferConfig"): TransferConfig,
    ("botocore.config", "Config"): ClientConfig,
    ("botocore.client", "Config"): ClientConfig,
}


class _StandIn(ModuleType):
    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        known = _KNOWN.get((self.__name__, name))
        # Of calling formats only the name matters.
        value = known or type(name, (), {"__init__": lambda self, *args, **kwargs: None})
        setattr(self, name, value)
        return value


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Last on the path of finders: what is installed comes first."""

    def __init__(self):
        self.used = []

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in _PACKAGES:
            return None
        self.used.append(name)
        return importlib.util.spec_from_loader(name, self, is_package=True)

    def create_module(self, spec):
        return _StandIn(spec.name)

    def exec_module(self, module):
        pass


@contextmanager
def stand_ins():
    """Inside the block what is missing can be imported; the value tells which modules were."""
    finder = _Finder()
    sys.meta_path.append(finder)
    try:
        yield finder.used
    finally:
        sys.meta_path.remove(finder)
        for name in finder.used:
            sys.modules.pop(name, None)
            parent, _, child = name.rpartition(".")
            if parent in sys.modules and child in vars(sys.modules[parent]):
                delattr(sys.modules[parent], child)


def read_settings(place):
    """The settings of a module, by its dotted name or its file."""
    if place.endswith(".py"):
        place = _module_of(Path(place).resolve())
    values = runpy.run_path(str(place)) if isinstance(place, Path) else vars(importlib.import_module(place))
    return {name: value for name, value in values.items() if name.isupper()}


def _module_of(path):
    """The dotted name of a file in a package, which may import from its neighbours; else the file."""
    if not (path.parent / "__init__.py").exists():
        return path
    names, directory = [path.stem], path.parent
    while (directory / "__init__.py").exists():
        names.insert(0, directory.name)
        directory = directory.parent
    sys.path.insert(0, str(directory))
    return ".".join(names)


_REPLACEMENTS = {
    "boto": "from storages.backends.s3boto import OrdinaryCallingFormat, or whichever it is",
    "boto3": "from storages.s3.options import TransferConfig",
    "botocore": "from storages.s3.options import ClientConfig",
}


def findings_of(used):
    """What is to be said of imports that only work while they are looked at."""
    for package in dict.fromkeys(name.partition(".")[0] for name in used):
        instead = f"write {_REPLACEMENTS[package]}" if package in _REPLACEMENTS else "remove the import"
        yield Finding(
            ERROR, f"import {package}", f"is not installed, so that these settings cannot be read; {instead}", 40
        )
