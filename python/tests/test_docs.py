"""Every snippet of docs/django.md runs, in order, against an S3 server."""

import re
from pathlib import Path

from storages.backends.s3 import S3Storage

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "django.md").read_text()


def test_snippets_of_the_manual(own_place, monkeypatch):
    from django.core.files import storage as django_storage

    first, *others = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    namespace = {}
    exec(first, namespace)
    for options in namespace["STORAGES"].values():
        module, _, name = options["BACKEND"].rpartition(".")
        kind = getattr(__import__(module, fromlist=[name]), name)
        kind(**{**own_place.options, **options["OPTIONS"], "bucket_name": own_place.bucket})
    monkeypatch.setattr(django_storage, "default_storage", own_place.storage())
    for snippet in others:
        exec(snippet, namespace)


def test_every_option_is_told():
    told = set(re.findall(r"`(\w+)`", PAGE))
    assert set(S3Storage().get_default_settings()) <= told
