"""Moving over: what `storages.check` says of settings of every era, and what it writes."""

from __future__ import annotations

import ast
import pathlib
import re
import sys
import urllib.request

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.test import override_settings
from django.utils.module_loading import import_string
from helpers.checking import ERAS, REMOVED, errors_of, examine, kinds, text_of, written
from storages import checks
from storages.backends import s3
from storages.check import eras
from storages.check.findings import (
    DANGEROUS,
    DIFFERENT,
    ERROR,
    RECOGNISED,
    TRANSLATED,
    WITHOUT_EFFECT,
    has_password,
    shown,
)
from storages.check.legacy import findings_of, read_settings, stand_ins
from storages.check.project import Project, storage_of
from storages.check.write import block_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
BOTO = "storages.backends.s3boto.S3BotoStorage"


@pytest.fixture
def project(monkeypatch):
    def load(era):
        monkeypatch.syspath_prepend(str(ERAS))
        with stand_ins() as imports:
            found = Project(read_settings(str(ERAS / f"{era}_site.py")))
            found.imports = list(findings_of(imports))
        sys.modules.pop("s3utils", None)
        return found

    return load


# -- The tables --------------------------------------------------------------------------------------------------------


def test_todays_settings_are_all_known():
    plain = s3.S3Storage().get_default_settings()
    assert set(eras.CURRENT.values()) - {None} == set(plain)
    for setting, option in eras.CURRENT.items():
        if option:
            with override_settings(**{setting: "seen"}):
                assert s3.S3Storage.get_default_settings(None)[option] == "seen"


def test_dropped_settings_are_all_handled():
    from storages.check.translate import Translation

    for setting in eras.DROPPED:
        for era in ("boto3", "boto", "oldest", "today"):
            assert Translation({setting: ""}, era).findings
    assert set(eras.ATTRIBUTES.values()) <= eras.DROPPED | set(eras.CURRENT)


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("s3.amazonaws.com", ""),
        ("s3-eu-west-1.amazonaws.com", "eu-west-1"),
        ("s3.eu-central-1.amazonaws.com", "eu-central-1"),
        ("s3.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("s3-us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("minio.example.com", None),
        ("s3.eu-central-1.amazonaws.com.example.com", None),
    ],
)
def test_regions_of_hosts(host, region):
    assert eras.region_of_host(host) == region


def test_every_finding_is_in_the_manual():
    numbers = set()
    for path in (ROOT / "python" / "storages" / "check").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node, "func", None) and (getattr(node.func, "attr", "") or getattr(node.func, "id", ""))
            if isinstance(node, ast.Call) and name in ("Finding", "_find", "differs"):
                inner = [
                    constant.value
                    for argument in node.args
                    for constant in ast.walk(argument)
                    if isinstance(constant, ast.Constant)
                ]
                numbers |= {value for value in inner if type(value) is int}
    page = (ROOT / "docs" / "django" / "moving-over.md").read_text()
    assert {int(number) for number in re.findall(r"^\| [EWI](\d{3}) ", page, re.MULTILINE)} == numbers - {0}


# -- Each era ----------------------------------------------------------------------------------------------------------


def test_the_oldest_class_seed_004(project):
    found = project("oldest")
    assert {
        ("AWS_ACCESS_KEY_ID", RECOGNISED),
        ("AWS_CALLING_FORMAT", TRANSLATED),
        ("AWS_HEADERS", TRANSLATED),
        ("AWS_BUCKET_PREFIX", TRANSLATED),
        ("AWS_QUERYSTRING_ACTIVE", TRANSLATED),
        ("AWS_PRELOAD_METADATA", WITHOUT_EFFECT),
        ("default: default_acl", DANGEROUS),
        ("default: file_overwrite", DANGEROUS),
        ("default: querystring_expire", DIFFERENT),
    } <= kinds(found)
    assert [finding.setting for finding in found.imports] == ["import S3"]
    assert written(found)["default"]["OPTIONS"] == {
        "addressing_style": "virtual",
        "object_parameters": {"Expires": "Thu, 15 Apr 2010 20:00:00 GMT", "CacheControl": "max-age=86400"},
        "location": "pdfs",
        "querystring_auth": True,
    }


def test_the_class_on_boto_seeds_000_to_002(project):
    found = project("boto")
    assert {
        ("AWS_HEADERS", TRANSLATED),
        ("AWS_S3_ENCRYPTION", TRANSLATED),
        ("AWS_S3_HOST", TRANSLATED),
        ("AWS_S3_PROXY_HOST", TRANSLATED),
        ("AWS_S3_CALLING_FORMAT", TRANSLATED),
        ("AWS_S3_SECURE_URLS", TRANSLATED),
        ("AWS_ORIGIN", WITHOUT_EFFECT),
        ("S3_USE_SIGV4", WITHOUT_EFFECT),
        ("AWS_AUTO_CREATE_BUCKET", WITHOUT_EFFECT),
        ("default: default_acl", DANGEROUS),
        ("default: url", DIFFERENT),
    } <= kinds(found)
    expected = {
        "object_parameters": {
            "Expires": "Thu, 15 Apr 2010 20:00:00 GMT",
            "CacheControl": "max-age=86400",
            "Metadata": {"origin": "site"},
            "ServerSideEncryption": "AES256",
            "StorageClass": "REDUCED_REDUNDANCY",
        },
        "region_name": "eu-central-1",
        "addressing_style": "path",
        "proxies": {"http": "proxy.example.com:3128", "https": "proxy.example.com:3128"},
        "url_protocol": "http:",
    }
    for alias in ("default", "staticfiles"):
        assert written(found)[alias] == {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": expected}


def test_the_tutorial_seed_003(project):
    found = project("tutorial")
    assert ("default: default_acl", DANGEROUS) in kinds(found)
    assert written(found) == {
        "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"location": "media"}},
        "staticfiles": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"location": "static"}},
    }


def test_the_class_on_boto3_seed_001(project):
    found = project("boto3")
    assert {
        ("AWS_S3_VERIFY", DANGEROUS),
        ("default: default_acl", DANGEROUS),
        ("AWS_S3_ENCRYPTION", TRANSLATED),
        ("AWS_BUCKET_ACL", WITHOUT_EFFECT),
        ("AWS_HEADERS", WITHOUT_EFFECT),
        ("AWS_S3_MAX_MEMORY_SIZE", WITHOUT_EFFECT),
        ("AWS_S3_FILE_OVERWRITE", RECOGNISED),
        ("default: signature_version", DIFFERENT),
    } <= kinds(found)
    assert "only the class on boto read it" in text_of(found, "AWS_HEADERS", WITHOUT_EFFECT)
    options = written(found)["default"]["OPTIONS"]
    assert options == {"object_parameters": {"CacheControl": "max-age=86400", "ServerSideEncryption": "AES256"}}


def test_todays(project, monkeypatch):
    found = project("today")
    assert ("staticfiles: default_acl", DANGEROUS) in kinds(found)
    assert "AWS_S3_REGION_NAME" in text_of(found, "AWS_S3_REGION", WITHOUT_EFFECT)
    assert not errors_of(found)
    assert "hidden" not in block_of(found)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id from outside")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret from outside")
    storages = written(found)
    keys = {"access_key": "id from outside", "secret_key": "secret from outside"}
    assert storages["default"]["OPTIONS"] == {"location": "media", **keys}
    assert storages["staticfiles"]["BACKEND"] == "storages.backends.s3.S3ManifestStaticStorage"
    assert storages["local"] == {"BACKEND": "django.core.files.storage.FileSystemStorage"}


@pytest.mark.skipif(not REMOVED, reason="this Django still reads them")
def test_settings_django_no_longer_reads_are_errors(project):
    assert ("DEFAULT_FILE_STORAGE", ERROR) in kinds(project("boto3"))


@pytest.mark.parametrize("era", ["oldest", "boto", "tutorial", "boto3", "today"])
def test_what_is_written_works(project, own_place, monkeypatch, era):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", own_place.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", own_place.secret)
    found = project(era)
    site = {name: value for name, value in found.values.items() if eras.CURRENT.get(name)}
    spec = written(found)["default"]
    parameters = spec.get("OPTIONS", {}).get("object_parameters", {})
    here = {**own_place.options, "proxies": None, "verify": None, "addressing_style": "path"}
    if parameters:  # the development server has neither classes nor encryption
        theirs = ("StorageClass", "ServerSideEncryption")
        here["object_parameters"] = {name: value for name, value in parameters.items() if name not in theirs}
    with override_settings(**site):
        kind = getattr(s3, spec["BACKEND"].rpartition(".")[2])
        storage = kind(**{**spec.get("OPTIONS", {}), **here})
        name = storage.save("resume.css", ContentFile(b"a {}" * 1000))
        assert storage.open(name).read() == b"a {}" * 1000
        assert urllib.request.urlopen(storage.url(name)).status == 200
        stored = storage._stat(name)
    assert (stored.cache_control, stored.expires) == (parameters.get("CacheControl", ""), parameters.get("Expires", ""))


# -- Single settings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "setting", "kind", "words"),
    [
        ({"AWS_DEFAULT_ACL": "public-read-write"}, "AWS_DEFAULT_ACL", DANGEROUS, "overwrite"),
        ({"AWS_DEFAULT_ACL": "public"}, "AWS_DEFAULT_ACL", ERROR, "public-read"),
        ({"AWS_S3_USE_SSL": False}, "AWS_S3_USE_SSL", DANGEROUS, "unencrypted"),
        ({"AWS_S3_ENDPOINT_URL": "http://s3.example.com"}, "AWS_S3_ENDPOINT_URL", DANGEROUS, "https"),
        ({"AWS_S3_ENDPOINT_URL": "s3.example.com"}, "AWS_S3_ENDPOINT_URL", ERROR, "scheme://"),
        ({"AWS_LOCATION": "/media"}, "AWS_LOCATION", ERROR, "'media'"),
        ({"AWS_S3_CUSTOM_DOMAIN": "https://cdn.example.com/"}, "AWS_S3_CUSTOM_DOMAIN", ERROR, "'cdn.example.com'"),
        ({"AWS_QUERYSTRING_EXPIRE": 604801}, "AWS_QUERYSTRING_EXPIRE", ERROR, "seven days"),
        ({"AWS_S3_OBJECT_PARAMETERS": {"Cache-Control": "x"}}, "AWS_S3_OBJECT_PARAMETERS", ERROR, "CacheControl"),
        ({"AWS_S3_SIGNATURE_VERSION": "s3"}, "AWS_S3_SIGNATURE_VERSION", DIFFERENT, "SigV2"),
        ({"AWS_S3_USE_THREADS": False}, "AWS_S3_USE_THREADS", TRANSLATED, "transfer_config"),
        ({"AWS_BUCKET_NAME": "media"}, "AWS_BUCKET_NAME", WITHOUT_EFFECT, "AWS_STORAGE_BUCKET_NAME"),
        ({"AWS_QUERYSTRING_AUHT": False}, "AWS_QUERYSTRING_AUHT", WITHOUT_EFFECT, "AWS_QUERYSTRING_AUTH"),
        ({"AWS_CLOUDFRONT_KEY_ID": "K"}, "default: OPTIONS", ERROR, "AWS_CLOUDFRONT_KEY"),
        (
            {"AWS_S3_SESSION_PROFILE": "p", "AWS_S3_ACCESS_KEY_ID": "k"},
            "default: OPTIONS",
            ERROR,
            "AWS_S3_SESSION_PROFILE",
        ),
    ],
)
def test_a_setting(values, setting, kind, words):
    assert words in text_of(examine(**values), setting, kind)


@pytest.mark.parametrize(
    ("values", "setting"),
    [
        ({"AWS_S3_ADDRESSING_STYLE": "sideways"}, "AWS_S3_ADDRESSING_STYLE"),
        ({"AWS_S3_DIALECT": "klingon"}, "AWS_S3_DIALECT"),
        ({"AWS_STORAGE_BUCKET_NAME": "no bucket"}, "AWS_STORAGE_BUCKET_NAME"),
    ],
)
def test_what_the_engine_refuses(values, setting):
    found = examine(**{"AWS_STORAGE_BUCKET_NAME": "media", **values})
    assert setting in text_of(found, "default: OPTIONS", ERROR)


def test_a_storage_without_a_bucket():
    assert ("default: bucket_name", ERROR) in kinds(examine())
    assert ("default: bucket_name", ERROR) not in kinds(examine(options={"bucket_name": "media"}))


def test_settings_of_other_services_are_left_alone():
    found = examine(AWS_SES_REGION_NAME="eu-west-1", AWS_SES_ACCESS_KEY_ID="key", AWS_SNS_TOPIC="x", AWS_REGIONS=())
    assert not [setting for setting, kind in kinds(found) if setting.startswith("AWS_")]


def test_the_settings_that_are_looked_at():
    with override_settings(AWS_LOCATION="x", EMAIL_HOST_PASSWORD="hidden", GZIP_CONTENT_TYPES=[], S3_USE_SIGV4=True):
        values = checks.set_values()
    assert {"AWS_LOCATION", "GZIP_CONTENT_TYPES", "S3_USE_SIGV4"} <= set(values)
    assert "EMAIL_HOST_PASSWORD" not in values


def test_http_to_this_machine_is_no_danger():
    for url in ("http://localhost:9000", "http://127.0.0.1:9000", "http://minio:9000"):
        assert ("AWS_S3_ENDPOINT_URL", DANGEROUS) not in kinds(examine(AWS_S3_ENDPOINT_URL=url))


def test_options_of_older_classes():
    found = examine("storages.backends.s3boto3.S3Boto3Storage", {"acl": "private", "bucket": "b", "encryption": True})
    assert {("default: acl", TRANSLATED), ("default: bucket", TRANSLATED)} <= kinds(found)
    assert written(found)["default"]["OPTIONS"] == {
        "default_acl": "private",
        "bucket_name": "b",
        "object_parameters": {"ServerSideEncryption": "AES256"},
    }


def test_an_unknown_option_is_an_error():
    assert "did you mean 'location'" in text_of(examine(options={"AWS_LOCATION": "x"}), "default: OPTIONS", ERROR)


def test_encryption_in_the_client_is_refused():
    values = {"DEFAULT_FILE_STORAGE": "storages.backends.s3.S3Storage", "CRYPTO_KEYS_PRIVATE": "/keys/private"}
    assert ("CRYPTO_KEYS_PRIVATE", ERROR) in kinds(Project(values))


def test_an_address_whose_host_was_the_bucket():
    from types import SimpleNamespace

    vhost = type("VHostCallingFormat", (SimpleNamespace,), {})()
    values = {"AWS_STORAGE_BUCKET_NAME": "media.example.com", "AWS_S3_CALLING_FORMAT": vhost}
    found = examine("storages.backends.s3boto.S3BotoStorage", AWS_QUERYSTRING_AUTH=False, **values)
    assert written(found)["default"]["OPTIONS"] == {"custom_domain": "media.example.com"}
    found = examine("storages.backends.s3boto.S3BotoStorage", **values)
    assert "OPTIONS" not in written(found)["default"]
    assert ("AWS_S3_CALLING_FORMAT", DIFFERENT) in kinds(found)


def test_storages_that_are_not_s3s():
    found = examine("django.core.files.storage.FileSystemStorage", AWS_HEADERS={"a": "b"})
    assert found.all_findings() == []
    assert ("default: BACKEND", ERROR) in kinds(examine("storages.backends.sftpstorage.NoSuchStorage"))
    assert "ModuleNotFoundError" in text_of(examine("nowhere.Storage"), "default: BACKEND", ERROR)


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Makes a module of the project."""

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)

    monkeypatch.syspath_prepend(str(tmp_path))
    return write


def test_a_class_of_the_project_stays(module):
    module(
        "their_storages",
        "from storages.backends.s3 import S3Storage\n\n\nclass Media(S3Storage):\n    location = 'media'\n",
    )
    found = examine("their_storages.Media", {"bucket_name": "b"})
    assert written(found)["default"] == {"BACKEND": "their_storages.Media", "OPTIONS": {"bucket_name": "b"}}
    assert not errors_of(found)


def test_attributes_of_a_class_of_the_project(module):
    module(
        "public_storages",
        "from storages.backends.s3boto3 import S3Boto3Storage\n\n\n"
        "class Public(S3Boto3Storage):\n    bucket_name = 'b'\n    default_acl = 'public-read'\n\n\n"
        "class Plain(S3Boto3Storage):\n    bucket_name = 'b'\n    reduced_redundancy = True\n",
    )
    found = examine("public_storages.Public")
    assert ("default: default_acl", DANGEROUS) in kinds(found)
    assert "everybody may read" in text_of(found, "default: default_acl", DANGEROUS)
    assert {setting for setting, kind in kinds(found) if kind is TRANSLATED} == set()
    assert not errors_of(found)
    assert written(found)["default"] == {"BACKEND": "public_storages.Public"}
    found = examine("public_storages.Plain", AWS_AUTO_CREATE_BUCKET=True)
    assert "was 'public-read'" in text_of(found, "default: default_acl", DANGEROUS)
    parameters = {"StorageClass": "REDUCED_REDUNDANCY"}
    assert written(found)["default"]["OPTIONS"] == {"object_parameters": parameters}


def test_a_function_that_makes_something_else(module):
    module("other_storages", "class Other:\n    pass\n\n\ndef make():\n    return Other()\n")
    for name in ("Other", "make"):
        assert examine(f"other_storages.{name}").all_findings() == []


def test_a_class_of_the_project_that_fails(module):
    module(
        "failing_storages",
        "from storages.backends.s3 import S3Storage\n\n\nclass Media(S3Storage):\n"
        "    def __init__(self, **options):\n        raise KeyError('BUCKET')\n",
    )
    assert text_of(examine("failing_storages.Media"), "default: OPTIONS", ERROR) == "KeyError: 'BUCKET'"


def test_the_protocol_that_was_made_secure():
    boto = "storages.backends.s3boto.S3BotoStorage"
    for secure, protocol in (({}, "https:"), ({"AWS_S3_SECURE_URLS": True}, "https:")):
        found = examine(boto, AWS_S3_URL_PROTOCOL="http:", **secure)
        assert written(found)["default"]["OPTIONS"] == {"url_protocol": protocol}
    for given, protocol in (({"AWS_S3_URL_PROTOCOL": ""}, ""), ({}, "http:")):
        found = examine(boto, AWS_S3_SECURE_URLS=False, **given)
        assert written(found)["default"]["OPTIONS"] == {"url_protocol": protocol}
    found = examine("storages.backends.s3.S3Storage", AWS_S3_URL_PROTOCOL="http:")
    assert "OPTIONS" not in written(found)["default"]


def test_no_secret_is_shown():
    from storages.check.report import lines_of

    secrets = {
        "AWS_SECRET_ACCESS_KEY": "hidden1",
        "AWS_HEADERS": {"x-amz-server-side-encryption-customer-key": "hidden2", "Cache-Control": "x"},
        "AWS_S3_PROXY_HOST": "http://user:hidden3@proxy",
    }
    found = examine("storages.backends.s3boto.S3BotoStorage", {"secret_key": "hidden4"}, **secrets)
    text = "\n".join([*lines_of(found), block_of(found)])
    assert "hidden" not in text
    assert 'os.environ["AWS_SSE_CUSTOMER_KEY"]' in text


def test_objects_stay_as_they_are():
    from storages.s3.options import TransferConfig

    options = {"transfer_config": TransferConfig(), "proxies": {"https": "http://user:hidden@proxy"}, "gzip": True}
    found = examine("storages.backends.s3boto3.S3Boto3Storage", options)
    text = block_of(found)
    assert text.startswith("# What stands as ... is to stay as you have it.\n")
    assert written(found)["default"]["OPTIONS"] == {"transfer_config": ..., "proxies": {"https": ...}, "gzip": True}
    assert "hidden" not in text


def test_the_storage_of_a_place_is_the_one_django_makes():
    found = examine(options={"location": "x"}, AWS_STORAGE_BUCKET_NAME="b")
    storage = storage_of(found.places[0])
    assert (storage.bucket_name, storage.location) == ("b", "x")
    assert settings.USE_TZ is True


def test_a_storage_within_another_one():
    within = {"BACKEND": "storages.backends.s3boto.S3BotoStorage", "OPTIONS": {"bucket": "b", "encryption": True}}
    found = examine("storages.transactional.TransactionalStorage", {"storage": within, "staging": "wait"})
    assert ("default: encryption", TRANSLATED) in kinds(found)
    assert written(found)["default"] == {
        "BACKEND": "storages.transactional.TransactionalStorage",
        "OPTIONS": {
            "storage": {
                "BACKEND": "storages.backends.s3.S3Storage",
                "OPTIONS": {"bucket_name": "b", "object_parameters": {"ServerSideEncryption": "AES256"}},
            },
            "staging": "wait",
        },
    }
    twice = {"BACKEND": "storages.transactional.TransactionalStorage", "OPTIONS": {"storage": within}}
    found = examine("storages.transactional.TransactionalStorage", {"storage": twice})
    assert written(found)["default"]["OPTIONS"]["storage"]["OPTIONS"]["storage"]["OPTIONS"]["bucket_name"] == "b"
    alias = examine("storages.transactional.TransactionalStorage", {"storage": "media"})
    assert written(alias)["default"]["OPTIONS"] == {"storage": "media"}


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("user:hidden@proxy", "...@proxy"),
        ("http://user:hidden@proxy:3128", "http://...@proxy:3128"),
        ("http://user:hid/den@proxy", "http://...@proxy"),
        ("http://user:hid@den@proxy", "http://...@proxy"),
        ("user:hid'den@proxy", "...@proxy"),
        ("http://hidden@proxy", "http://...@proxy"),
        ("proxy:3128", "proxy:3128"),
        ("https://cdn.example.com/npm/x@1.2", "https://cdn.example.com/npm/x@1.2"),
        ("mailto:site@example.com", "mailto:site@example.com"),
    ],
)
def test_passwords_are_masked(value, masked):
    assert shown(value) == repr(masked)
    assert masked in shown([value])
    assert has_password(value) == (value != masked)


def test_no_password_of_a_host_or_a_proxy_is_shown(monkeypatch):
    from storages.check.report import lines_of

    site = {"AWS_S3_PROXY_HOST": "user:hidden1@proxy", "AWS_S3_PROXY_PORT": 3128, "AWS_S3_HOST": "user:hidden2@h"}
    headers = {"x-amz-server-side-encryption-customer-key": object(), "Expires": "me:hidden3@soon"}
    found = examine(BOTO, AWS_HEADERS=headers, AWS_S3_CUSTOM_DOMAIN="https://user:hidden4@cdn/", **site)
    text = "\n".join([*lines_of(found), block_of(found)])
    assert "hidden" not in text
    monkeypatch.setenv("AWS_S3_PROXY", "user:hidden1@proxy:3128")
    proxies = {"http": "user:hidden1@proxy:3128", "https": "user:hidden1@proxy:3128"}
    assert written(found)["default"]["OPTIONS"]["proxies"] == proxies
    assert "# AWS_S3_PROXY in the environment is the proxy with its password" in text
    for kind in (s3.S3Storage, import_string(BOTO)):
        with pytest.raises(ImproperlyConfigured) as refused:
            kind(bucket_name="b", endpoint_url="https://user:hid/den@h")
        assert "den" not in str(refused.value)
