"""Collecting static files, and what is then in the bucket."""

from __future__ import annotations

import json
import sys
import types

from django.test import override_settings
from storages.backends import s3
from storages.management.commands.collectstatic import Command

from helpers.commands import output_of
from helpers.static_files import found_in

FOLDER = ".collectstatic/"


def site(place, source, static="S3StaticStorage", **options):
    """Settings of a site whose static files are found in `source` and collected at `place`."""
    kind = static if callable(static) else getattr(s3, static)
    # A callable, as OPTIONS get lost when settings are overridden in Django 4.2.
    sys.modules["s3utils"] = types.SimpleNamespace(static=lambda: kind(**{**place.options, **options}))
    backends = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "s3utils.static"},
    }
    return override_settings(**found_in(source), STORAGES=backends)


def collect(**options):
    return output_of(Command(), interactive=False, **options)


def contents(place, with_own=False):
    """What is in the bucket: {key: (body, type, encoding, cache control)}."""
    handle = place.handle()
    names = [entry.name for entry in handle.list() if with_own or FOLDER not in entry.name]
    facts = handle.stat_many(names)
    return {
        name: (body, meta.content_type, meta.content_encoding, meta.cache_control)
        for name, body, meta in zip(names, handle.get_many(names), facts)
    }


def manifest_of(place):
    return json.loads(place.handle().read_bytes("staticfiles.json"))


RUN = """
import sys, types
from django.conf import settings

def static():
    from storages.backends import s3

    return s3.{static}(**{options!r})

sys.modules["s3utils"] = types.SimpleNamespace(static=static)

settings.configure(
    INSTALLED_APPS=["django.contrib.staticfiles", "storages"],
    STATIC_URL="static/",
    STORAGES={{"staticfiles": {{"BACKEND": "s3utils.static"}}}},
    **{found!r},
)
import django

django.setup()
from django.core.management import execute_from_command_line

execute_from_command_line(["manage.py", "collectstatic", "--no-input", "--verbosity=0", *{arguments!r}])
"""


def in_a_process(source, static, options, *arguments):
    """A program that collects the files of `source`, with the django-storages its interpreter finds."""
    return RUN.format(found=found_in(source), static=static, options=options, arguments=arguments)
