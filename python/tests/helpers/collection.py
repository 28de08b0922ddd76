"""manage.py storages gc and repair as the tests run them."""

from __future__ import annotations

import io
import json

from django.core.files.base import ContentFile
from django.core.management import call_command
from django.core.management.base import CommandError
from storages.management.commands.storages import Command


def put(storage, *names):
    for name in names:
        storage.save(name, ContentFile(b"content"))


def run(*arguments, verb="gc"):
    """(exit status, output)"""
    out = io.StringIO()
    try:
        call_command(Command(), verb, *arguments, stdout=out, stderr=out)
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}"
    return 0, out.getvalue()


def findings(*arguments):
    """(kind, name) of all, and the totals."""
    out = io.StringIO()
    try:
        call_command(Command(), "gc", "--format", "json", "--older-than", "0", *arguments, stdout=out)
    except CommandError as error:
        assert "do not agree" in str(error)
    told = [json.loads(line) for line in out.getvalue().splitlines()]
    return [(one["kind"], one["key"], one["why"]) for one in told if one["kind"] != "total"], told[-1]


def names_of(found):
    return [(kind, key.rpartition("/")[2]) for kind, key, _ in found]
