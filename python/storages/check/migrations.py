"""Secrets in migrations: a storage given to a field directly is written down with its arguments."""

import ast
import importlib.util
from pathlib import Path

from storages.check.findings import DANGEROUS, SECRETS, Finding

_INSTEAD = "give the field a callable (storage=make_storage), which is written by its name only"


def findings_of(app_configs):
    """Of the migrations there are, and of those the models would get."""
    for config in app_configs:
        yield from _of_directory(config.label, Path(config.path))
        for model in config.get_models():
            yield from _of_fields(model)


def findings_in(apps):
    """Of the migrations of INSTALLED_APPS, without loading these."""
    for app in apps:
        package = app.partition(".apps.")[0]
        try:
            spec = importlib.util.find_spec(package)
        except (ImportError, ValueError):
            continue
        for directory in (spec and spec.submodule_search_locations) or ():
            yield from _of_directory(package.rpartition(".")[2], Path(directory))


def _of_directory(label, directory):
    for path in sorted(directory.glob("migrations/[0-9]*.py")):
        for option in secrets_in(path):
            yield Finding(DANGEROUS, f"{label}.{path.stem}", f"holds {option}: change that key, and {_INSTEAD}", 15)


def secrets_in(path):
    """The names of the options in calls of storages whose values are literally there."""
    try:
        tree = ast.parse(path.read_text())
    except (OSError, SyntaxError, UnicodeDecodeError):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or "Storage" not in ast.dump(node.func):
            continue
        for keyword in node.keywords:
            if keyword.arg in SECRETS and isinstance(keyword.value, ast.Constant) and keyword.value.value:
                yield keyword.arg


def _of_fields(model):
    """What the next migration would hold."""
    for field in model._meta.local_fields:
        storage = getattr(field, "storage", None)
        if hasattr(field, "_storage_callable") or not hasattr(type(storage), "deconstruct"):
            continue
        arguments = storage.deconstruct()[2]
        for option in sorted(SECRETS.intersection(arguments)):
            if arguments[option]:
                text = f"the next migration of this field would hold {option}; {_INSTEAD}"
                yield Finding(DANGEROUS, f"{model._meta.label}.{field.name}", text, 15)
