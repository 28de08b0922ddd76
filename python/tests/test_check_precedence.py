"""Moving over: who wins where older settings stand beside today's, in the storages and in what is written."""

from __future__ import annotations

import warnings

import pytest
from django.test import override_settings
from django.utils.module_loading import import_string
from helpers.checking import examine, kinds, text_of, written
from storages.backends import s3
from storages.check import eras
from storages.check.findings import TRANSLATED, WITHOUT_EFFECT
from storages.check.project import Project

BOTO = "storages.backends.s3boto.S3BotoStorage"


@pytest.mark.parametrize(
    ("old", "today", "moved"),
    [
        ({"AWS_S3_HOST": "objects.example.com"}, {"AWS_S3_ENDPOINT_URL": "https://new.example.com"}, {}),
        ({"AWS_S3_PORT": 8443}, {"AWS_S3_ENDPOINT_URL": "https://new.example.com"}, {}),
        ({"AWS_S3_HOST": "s3-eu-west-1.amazonaws.com"}, {"AWS_S3_REGION_NAME": "us-west-2"}, {}),
        ({"AWS_ORIGIN": "EU"}, {"AWS_S3_REGION_NAME": "us-west-2"}, {}),
        ({"AWS_S3_CALLING_FORMAT": "OrdinaryCallingFormat"}, {"AWS_S3_ADDRESSING_STYLE": "virtual"}, {}),
        ({"AWS_S3_CALLING_FORMAT": "VHostCallingFormat"}, {"AWS_S3_ADDRESSING_STYLE": "path"}, {}),
        ({"AWS_S3_PROXY_HOST": "old.example.com"}, {"AWS_S3_PROXIES": {"https": "new.example.com:1"}}, {}),
        ({"S3_USE_SIGV4": False}, {"AWS_S3_SIGNATURE_VERSION": "s3v4"}, {}),
        (
            {"AWS_HEADERS": {"Cache-Control": "old", "Content-Language": "de"}, "AWS_S3_ENCRYPTION": True},
            {"AWS_S3_OBJECT_PARAMETERS": {"CacheControl": "new"}},
            {
                "object_parameters": {
                    "ContentLanguage": "de",
                    "ServerSideEncryption": "AES256",
                    "CacheControl": "new",
                }
            },
        ),
    ],
)
def test_todays_setting_wins_in_what_is_written(old, today, moved):
    """As it does in the class on boto: the options that are written would beat it."""
    site = {"AWS_STORAGE_BUCKET_NAME": "media", **old, **today}
    found = examine(BOTO, **site)
    assert written(found)["default"].get("OPTIONS", {}) == moved
    for setting in old:
        assert any(name == setting and kind in (WITHOUT_EFFECT, TRANSLATED) for name, kind in kinds(found))
    if not moved:
        (setting,), (winner,) = old, today
        assert winner in text_of(found, setting, WITHOUT_EFFECT)
    options = ["endpoint_url", "region_name", "addressing_style", "proxies", "signature_version"]
    with override_settings(**site), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = import_string(BOTO)()
        after = s3.S3Storage(**written(found)["default"].get("OPTIONS", {}))
        assert before._get_write_parameters("a.txt") == after._get_write_parameters("a.txt")
        for option in options:
            if any(eras.CURRENT[setting] == option for setting in today):
                assert getattr(before, option) == getattr(after, option)
        if "AWS_S3_ADDRESSING_STYLE" in today:
            assert before.client_config.s3 == after.client_config.s3


def test_an_option_of_one_storage_wins_there():
    values = {"AWS_HEADERS": {"Cache-Control": "old", "Content-Language": "de"}, "AWS_S3_HOST": "objects.example.com"}
    storages = {
        "default": {"BACKEND": BOTO, "OPTIONS": {"object_parameters": {"CacheControl": "own"}}},
        "other": {"BACKEND": BOTO, "OPTIONS": {"endpoint_url": "https://new.example.com"}},
        "headed": {"BACKEND": BOTO, "OPTIONS": {"headers": {"Expires": "Thu, 15 Apr 2010 20:00:00 GMT"}}},
        "today": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": "b"}},
    }
    entries = {alias: spec.get("OPTIONS") for alias, spec in written(Project({"STORAGES": storages, **values})).items()}
    assert entries["default"]["object_parameters"] == {"ContentLanguage": "de", "CacheControl": "own"}
    assert entries["other"]["endpoint_url"] == "https://new.example.com"
    assert entries["other"]["object_parameters"] == {"CacheControl": "old", "ContentLanguage": "de"}
    assert entries["headed"]["object_parameters"] == {"Expires": "Thu, 15 Apr 2010 20:00:00 GMT"}
    assert entries["today"] == {"bucket_name": "b"}  # whose class never read them
