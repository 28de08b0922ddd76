"""Moving over: who wins where older settings stand beside today's, in the storages and in what is written."""

from __future__ import annotations

import re
import warnings

import pytest
from django.core.files.base import ContentFile
from django.test import override_settings
from django.utils.module_loading import import_string
from helpers.checking import examine, kinds, text_of, written
from storages.backends import s3
from storages.check import eras
from storages.check.__main__ import run
from storages.check.findings import DIFFERENT, ERROR, TRANSLATED, WITHOUT_EFFECT
from storages.check.legacy import findings_of
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


# -- What is told ------------------------------------------------------------------------------------------------------


def told(number, backend=BOTO, **site):
    site = {"AWS_STORAGE_BUCKET_NAME": "media", **site}
    return [finding.setting for finding in examine(backend, **site).all_findings() if finding.number == number]


@pytest.mark.parametrize(
    ("backend", "site", "differs"),
    [
        (BOTO, {}, True),
        (BOTO, {"AWS_S3_HOST": "objects.dreamhost.com"}, True),
        (BOTO, {"AWS_S3_HOST": "objects.dreamhost.com", "AWS_ORIGIN": "eu-central-1"}, True),
        (BOTO, {"AWS_S3_HOST": "objects.dreamhost.com", "S3_USE_SIGV4": True}, False),
        (BOTO, {"AWS_S3_HOST": "objects.dreamhost.com", "S3_USE_SIGV4": False}, False),  # 's3' is written
        (BOTO, {"AWS_S3_HOST": "objects.dreamhost.com", "AWS_QUERYSTRING_AUTH": False}, False),
        (BOTO, {"AWS_S3_HOST": "s3.eu-central-1.amazonaws.com"}, False),
        ("storages.backends.s3boto3.S3Boto3Storage", {"AWS_S3_ENDPOINT_URL": "https://minio.example.com"}, True),
        (
            "storages.backends.s3boto3.S3Boto3Storage",
            {"AWS_S3_ENDPOINT_URL": "https://nyc3.digitaloceanspaces.com", "AWS_S3_REGION_NAME": "nyc3"},
            False,
        ),
    ],
)
def test_urls_that_were_signed_with_version_2(backend, site, differs):
    assert bool(told(34, backend, **site)) == differs


@pytest.mark.parametrize(
    ("site", "settings"),
    [
        ({}, []),
        ({"AWS_S3_SECURE_URLS": True}, []),
        ({"AWS_S3_SECURE_URLS": False}, ["AWS_S3_SECURE_URLS"]),
        ({"AWS_S3_SECURE_URLS": False, "AWS_S3_USE_SSL": False}, []),
        ({"AWS_S3_SECURE_URLS": False, "AWS_S3_CUSTOM_DOMAIN": "cdn.example.com"}, []),
        ({"AWS_S3_CALLING_FORMAT": "ProtocolIndependentOrdinaryCallingFormat"}, ["AWS_S3_CALLING_FORMAT"]),
    ],
)
def test_urls_that_had_another_scheme(site, settings):
    assert told(43, **site) == settings
    before, after = before_and_after(AWS_QUERYSTRING_AUTH=False, **site)
    schemes = [storage.url("a.txt").partition("//")[0] for storage in (before, after)]
    assert (schemes[0] != schemes[1]) == bool(settings), schemes


def test_the_oldest_class_had_http():
    backend = "storages.backends.s3.S3Storage"
    assert told(43, backend, AWS_QUERYSTRING_ACTIVE=False) == ["default: url_protocol"]
    assert told(43, backend, AWS_QUERYSTRING_ACTIVE=False, AWS_S3_SECURE_URLS=True) == []


# -- What is written where something is wrong --------------------------------------------------------------------------


def write(backend=BOTO, **site):
    site = {"STORAGES": {"default": {"BACKEND": backend}}, "AWS_STORAGE_BUCKET_NAME": "media", **site}
    lines = []
    code = run(site, {"write": True, "probe": False, "origin": ""}, lines.append)
    return code, "\n".join(lines)


def test_what_can_be_corrected_is():
    code, text = write(AWS_LOCATION="/media", AWS_S3_CUSTOM_DOMAIN="https://cdn.example.com/")
    assert code == 0 and "Error" not in text
    assert '"location": "media"' in text and '"custom_domain": "cdn.example.com"' in text
    assert "# Remove: AWS_LOCATION, AWS_S3_CUSTOM_DOMAIN\n" in text
    with override_settings(AWS_LOCATION="/media", AWS_STORAGE_BUCKET_NAME="media"):
        values = {}
        exec(text, values)
        options = values["STORAGES"]["default"]["OPTIONS"]
        assert s3.S3Storage(**options).url("a.txt") == "https://cdn.example.com/media/a.txt"
    own = Project({"STORAGES": {"default": {"BACKEND": BOTO, "OPTIONS": {"location": "/own", "bucket_name": "b"}}}})
    assert written(own)["default"]["OPTIONS"]["location"] == "own"
    assert own.errors_left() == []


@pytest.mark.parametrize(
    ("site", "line", "without"),
    [
        ({"AWS_S3_HOST": "h.example.com", "AWS_S3_PORT": "abc"}, "AWS_S3_PORT: 'abc' is no port", ":abc"),
        ({"AWS_S3_ENDPOINT_URL": "h.example.com"}, "AWS_S3_ENDPOINT_URL: 'h.example.com' is no URL", "OPTIONS"),
        ({"AWS_S3_SIGNATURE_VERSION": "s5"}, "default: OPTIONS: AWS_S3_SIGNATURE_VERSION", "Remove"),
        ({"AWS_STORAGE_BUCKET_NAME": ""}, "default: bucket_name: there is none", "Remove"),
    ],
)
def test_what_cannot_be_corrected_is_an_error(site, line, without):
    code, text = write(**site)
    assert code == 1 and f"\n# Error: {line}" in text
    assert without not in text


def test_the_keys_of_what_is_encrypted_are_not_to_be_removed():
    code, text = write("storages.backends.s3.S3Storage", CRYPTO_KEYS_PRIVATE="/keys/private", AWS_BUCKET_PREFIX="a")
    assert code == 1 and "# Remove: AWS_BUCKET_PREFIX\n" in text
    assert re.search(r"# Error: CRYPTO_KEYS_PRIVATE: .*decrypt those objects first", text)


def test_an_import_that_cannot_work_is_an_error_of_what_is_written():
    site = {"STORAGES": {"default": {"BACKEND": BOTO}}, "AWS_STORAGE_BUCKET_NAME": "media"}
    lines = []
    assert run(site, {"write": True}, lines.append, findings_of(["boto3.s3.transfer"])) == 1
    assert "# Error: import boto3: is not installed" in lines[0]
    assert run(site, {"write": True}, lines.append, findings_of(["boto.s3.connection"])) == 0
    assert "# Remove: import boto" in lines[1] and "Error" not in lines[1]


@pytest.mark.parametrize("setting", ["AWS_ORIGIN", "AWS_S3_HOST", "AWS_S3_REGION_NAME", "AWS_S3_PORT", "AWS_HEADERS"])
def test_values_that_are_nothing_the_setting_can_be(setting):
    code, text = write(**{setting: ["x"]})
    assert code == 1 and "# Error: " in text
