"""Moving over: who wins where older settings stand beside today's, in the storages and in what is written."""

from __future__ import annotations

import warnings

import pytest
from django.core.files.base import ContentFile
from django.test import override_settings
from django.utils.module_loading import import_string
from helpers.checking import examine, kinds, text_of, written
from storages.backends import s3
from storages.check import eras
from storages.check.findings import DIFFERENT, ERROR, TRANSLATED, WITHOUT_EFFECT
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


# -- What the class on boto did, and today's does with what is written -------------------------------------------------


def before_and_after(**site):
    """The storage on boto's settings, and today's with what is written for it."""
    site = {"AWS_STORAGE_BUCKET_NAME": "media", **site}
    options = written(examine(BOTO, **site))["default"].get("OPTIONS", {})
    still = {name: value for name, value in site.items() if name in eras.CURRENT}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with override_settings(**site):
            before = import_string(BOTO)()
        with override_settings(**still):
            return before, s3.S3Storage(**options)


def test_the_type_of_a_file_is_not_that_of_the_headers():
    headers = {"Content-Type": "application/x-all", "Cache-Control": "max-age=60"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for storage in before_and_after(AWS_HEADERS=headers):
            assert storage._get_write_parameters("a.html", ContentFile(b"x")) == {
                "ContentType": "text/html",
                "CacheControl": "max-age=60",
            }
    found = examine(BOTO, AWS_HEADERS=headers)
    assert "application/x-all" in text_of(found, "AWS_HEADERS", DIFFERENT)
    with override_settings(AWS_HEADERS=headers, AWS_BUCKET_PREFIX="pdfs"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert s3.S3Storage()._get_write_parameters("a.html")["ContentType"] == "text/html"


@pytest.mark.parametrize(
    ("site", "options"),
    [
        (
            {"AWS_S3_HOST": "s3-eu-west-1.amazonaws.com", "AWS_S3_PORT": 443, "AWS_ORIGIN": "EU"},
            {"region_name": "eu-west-1", "endpoint_url": None, "addressing_style": None},
        ),
        (
            {"AWS_S3_HOST": "s3-eu-west-1.amazonaws.com", "AWS_S3_PORT": "80", "AWS_S3_USE_SSL": False},
            {"region_name": "eu-west-1", "endpoint_url": None},
        ),
        (
            {"AWS_S3_HOST": "s3-eu-west-1.amazonaws.com", "AWS_S3_PORT": 8443},
            {"region_name": "eu-west-1", "endpoint_url": "https://s3-eu-west-1.amazonaws.com:8443"},
        ),
        (
            {"AWS_S3_HOST": "objects.dreamhost.com", "AWS_S3_PORT": 443, "AWS_ORIGIN": "EU"},
            {
                "region_name": "eu-west-1",
                "endpoint_url": "https://objects.dreamhost.com",
                "addressing_style": "virtual",
            },
        ),
        (
            {"AWS_S3_HOST": "objects.dreamhost.com", "AWS_S3_CALLING_FORMAT": "OrdinaryCallingFormat"},
            {"endpoint_url": "https://objects.dreamhost.com", "addressing_style": "path"},
        ),
    ],
)
def test_where_a_host_leads(site, options):
    for storage in before_and_after(AWS_QUERYSTRING_AUTH=False, **site):
        assert {name: getattr(storage, name) for name in options} == options
    before, after = before_and_after(AWS_QUERYSTRING_AUTH=False, **site)
    if after.endpoint_url:
        assert before.url("a.txt") == after.url("a.txt")


def test_lists_of_acls():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with override_settings(AWS_AUTO_CREATE_BUCKET=True, AWS_BUCKET_ACL="log-delivery-write"):
            assert s3.S3Storage(bucket_name="logs")._bucket_acl == "log-delivery-write"
            assert import_string(BOTO)(bucket_name="logs")._bucket_acl == "log-delivery-write"
    found = examine(AWS_DEFAULT_ACL="log-delivery-write")  # a list for buckets only
    assert "bucket-owner-read" in text_of(found, "AWS_DEFAULT_ACL", ERROR)
