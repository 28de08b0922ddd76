"""What `storages.check` says of settings, in few words."""

from __future__ import annotations

import pathlib

import django
import pytest
from storages.check.findings import ERROR
from storages.check.project import Project
from storages.check.write import block_of
from storages.management.commands.storages import Command

from helpers.commands import output_of

ERAS = pathlib.Path(__file__).resolve().parents[1] / "eras"
REMOVED = django.VERSION >= (5, 1)  # DEFAULT_FILE_STORAGE and STATICFILES_STORAGE
S3_SITE = {"default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": "media"}}}

new_django = pytest.mark.skipif(django.VERSION < (4, 2), reason="STORAGES is of Django 4.2")


def examine(backend="storages.backends.s3.S3Storage", options=None, **values):
    return Project({"STORAGES": {"default": {"BACKEND": backend, "OPTIONS": options or {}}}, **values})


def kinds(project):
    return {(finding.setting, finding.kind) for finding in project.all_findings()}


def text_of(project, setting, kind):
    return next(f.text for f in project.all_findings() if (f.setting, f.kind) == (setting, kind))


def written(project):
    """What the block that is written says, as Python understands it."""
    values = {}
    exec(block_of(project), values)
    return values["STORAGES"]


def errors_of(project):
    return [finding for finding in project.all_findings() if finding.kind is ERROR]


def manage(*arguments):
    return output_of(Command(), *arguments)
