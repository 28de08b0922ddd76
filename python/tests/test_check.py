"""Moving over: what `storages.check` says of settings of every era, what it writes, and what it finds out by asking."""

from __future__ import annotations

import ast
import importlib.util
import io
import json
import pathlib
import re
import subprocess
import sys
import time
import urllib.request
from email.utils import formatdate

import django
import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.test import override_settings
from storages import checks
from storages.backends import s3
from storages.check import eras
from storages.check import probe as probing
from storages.check.findings import DANGEROUS, DIFFERENT, ERROR, RECOGNISED, TRANSLATED, WITHOUT_EFFECT
from storages.check.legacy import findings_of, read_settings, stand_ins
from storages.check.migrations import secrets_in
from storages.check.policy import policy_for
from storages.check.probe import probe
from storages.check.project import Project, storage_of
from storages.check.write import block_of
from storages.management.commands.storages import Command

ROOT = pathlib.Path(__file__).resolve().parents[2]
ERAS = pathlib.Path(__file__).parent / "eras"
REMOVED = django.VERSION >= (5, 1)  # DEFAULT_FILE_STORAGE and STATICFILES_STORAGE


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


def kinds(project):
    return {(finding.setting, finding.kind) for finding in project.all_findings()}


def text_of(project, setting, kind):
    return next(f.text for f in project.all_findings() if (f.setting, f.kind) == (setting, kind))


def written(project):
    """What the block that is written says, as Python understands it."""
    values = {}
    exec(block_of(project), values)
    return values["STORAGES"]


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
    assert not [finding for finding in found.all_findings() if finding.kind is ERROR]
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


def examine(backend="storages.backends.s3.S3Storage", options=None, **values):
    return Project({"STORAGES": {"default": {"BACKEND": backend, "OPTIONS": options or {}}}, **values})


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


def test_a_class_of_the_project_stays(tmp_path, monkeypatch):
    (tmp_path / "their_storages.py").write_text(
        "from storages.backends.s3 import S3Storage\n\n\nclass Media(S3Storage):\n    location = 'media'\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = examine("their_storages.Media", {"bucket_name": "b"})
    assert written(found)["default"] == {"BACKEND": "their_storages.Media", "OPTIONS": {"bucket_name": "b"}}
    assert not [finding for finding in found.all_findings() if finding.kind is ERROR]


def test_attributes_of_a_class_of_the_project(tmp_path, monkeypatch):
    (tmp_path / "public_storages.py").write_text(
        "from storages.backends.s3boto3 import S3Boto3Storage\n\n\n"
        "class Public(S3Boto3Storage):\n    bucket_name = 'b'\n    default_acl = 'public-read'\n\n\n"
        "class Plain(S3Boto3Storage):\n    bucket_name = 'b'\n    reduced_redundancy = True\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = examine("public_storages.Public")
    assert ("default: default_acl", DANGEROUS) in kinds(found)
    assert "everybody may read" in text_of(found, "default: default_acl", DANGEROUS)
    assert {setting for setting, kind in kinds(found) if kind is TRANSLATED} == set()
    assert not [finding for finding in found.all_findings() if finding.kind is ERROR]
    assert written(found)["default"] == {"BACKEND": "public_storages.Public"}
    found = examine("public_storages.Plain", AWS_AUTO_CREATE_BUCKET=True)
    assert "was 'public-read'" in text_of(found, "default: default_acl", DANGEROUS)
    parameters = {"StorageClass": "REDUCED_REDUNDANCY"}
    assert written(found)["default"]["OPTIONS"] == {"object_parameters": parameters}


def test_a_function_that_makes_something_else(tmp_path, monkeypatch):
    (tmp_path / "other_storages.py").write_text("class Other:\n    pass\n\n\ndef make():\n    return Other()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("Other", "make"):
        assert examine(f"other_storages.{name}").all_findings() == []


def test_a_class_of_the_project_that_fails(tmp_path, monkeypatch):
    (tmp_path / "failing_storages.py").write_text(
        "from storages.backends.s3 import S3Storage\n\n\nclass Media(S3Storage):\n"
        "    def __init__(self, **options):\n        raise KeyError('BUCKET')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
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


def test_no_secret_is_shown(project):
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


# -- Where it is called from -------------------------------------------------------------------------------------------


def run_module(*arguments):
    command = [sys.executable, "-m", "storages.check", *map(str, arguments)]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)


def test_the_module():
    done = run_module(ERAS / "boto3_site.py")
    assert done.returncode == int(REMOVED)
    assert "dangerous       AWS_S3_VERIFY " in done.stdout
    assert run_module(ERAS / "today_site.py").returncode == 0
    if importlib.util.find_spec("boto") is None:
        assert "import boto " in run_module(ERAS / "boto_site.py").stdout
    assert run_module("--write", ERAS / "boto_site.py").stdout.startswith("STORAGES = {")
    failed = run_module("no.such.module")
    assert (failed.returncode, "ModuleNotFoundError" in failed.stdout) == (2, True)


def manage(*arguments):
    out = io.StringIO()
    call_command(Command(), *arguments, stdout=out)
    return out.getvalue()


S3_SITE = {"default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": "media"}}}
new_django = pytest.mark.skipif(django.VERSION < (4, 2), reason="STORAGES is of Django 4.2")


@new_django
def test_the_command():
    with override_settings(STORAGES=S3_SITE, AWS_S3_VERIFY=False):
        assert "dangerous       AWS_S3_VERIFY " in manage("check")
        assert manage("check", "--write").startswith("STORAGES = {")
    with override_settings(STORAGES=S3_SITE, AWS_LOCATION="/x"), pytest.raises(CommandError):
        manage("check")


@new_django
def test_system_checks():
    from django.core.checks.registry import registry

    assert {checks.check_settings} <= registry.registered_checks
    assert {checks.check_deployment} <= registry.deployment_checks
    wrong = {"AWS_LOCATION": "/x", "AWS_S3_VERIFY": False, "AWS_S3_SIGNATURE_VERSION": "s3"}
    with override_settings(STORAGES=S3_SITE, **wrong):
        assert [message.id for message in checks.check_settings(None)] == ["storages.E023", "storages.W013"]
        assert "storages.I034" in [message.id for message in checks.check_deployment(None)]
    with override_settings(STORAGES=S3_SITE):
        assert checks.check_settings(None) == []


def test_secrets_in_migrations(tmp_path):
    migration = tmp_path / "0001_initial.py"
    migration.write_text(
        "field = models.FileField(storage=storages.backends.s3.S3Storage(secret_key='hidden', location='x'))\n"
        "other = models.FileField(storage=storages.backends.s3.S3Storage(access_key=os.environ['KEY']))\n"
        "third = login(secret_key='not a storage')\n"
    )
    assert list(secrets_in(migration)) == ["secret_key"]
    migration.write_text("this is no Python")
    assert list(secrets_in(migration)) == []


def test_secrets_in_migrations_of_a_project(tmp_path):
    (tmp_path / "shop" / "migrations").mkdir(parents=True)
    (tmp_path / "shop" / "__init__.py").touch()
    migration = tmp_path / "shop" / "migrations" / "0001_initial.py"
    migration.write_text("field = models.FileField(storage=S3Storage(secret_key='hidden'))\n")
    (tmp_path / "their_settings.py").write_text("INSTALLED_APPS = ['shop', 'not.there', 'shop.apps.ShopConfig']\n")
    text = run_module(tmp_path / "their_settings.py").stdout
    assert "dangerous       shop.0001_initial  holds secret_key: change that key" in text
    assert "hidden" not in text


def test_a_secret_of_a_field():
    from django.db import models
    from storages.check.migrations import _of_fields

    class Vault(models.Model):
        direct = models.FileField(storage=s3.S3Storage(secret_key="hidden"))
        called = models.FileField(storage=lambda: s3.S3Storage(secret_key="hidden"))
        plain = models.FileField()

        class Meta:
            app_label = "contenttypes"

    (finding,) = _of_fields(Vault)
    assert (finding.setting, finding.kind) == ("contenttypes.Vault.direct", DANGEROUS)
    assert "hidden" not in finding.text


def test_settings_in_a_package(tmp_path):
    package = tmp_path / "their_site" / "settings"
    package.mkdir(parents=True)
    for directory in (package.parent, package):
        (directory / "__init__.py").touch()
    (package / "base.py").write_text("AWS_S3_VERIFY = False\n")
    (package / "production.py").write_text(
        "from .base import *\n\nSTORAGES = {'default': {'BACKEND': 'storages.backends.s3.S3Storage'}}\n"
    )
    assert "dangerous       AWS_S3_VERIFY" in run_module(package / "production.py").stdout


def test_a_class_that_reads_the_settings(tmp_path):
    (tmp_path / "their_storages.py").write_text(
        "from django.conf import settings\nfrom storages.backends.s3 import S3Storage\n\n\n"
        "class Media(S3Storage):\n    location = settings.MEDIA_LOCATION\n"
    )
    settings_file = tmp_path / "their_settings.py"
    settings_file.write_text(
        "MEDIA_LOCATION = 'media'\n"
        "STORAGES = {'default': {'BACKEND': 'their_storages.Media', 'OPTIONS': {'bucket_name': 'b'}}}\n"
    )
    done = run_module(settings_file)
    assert (done.returncode, "cannot be used" in done.stdout) == (0, False), done.stdout


def test_objects_stay_as_they_are():
    from storages.s3.options import TransferConfig

    options = {"transfer_config": TransferConfig(), "proxies": {"https": "http://user:hidden@proxy"}, "gzip": True}
    found = examine("storages.backends.s3boto3.S3Boto3Storage", options)
    text = block_of(found)
    assert text.startswith("# What stands as ... is to stay as you have it.\n")
    assert written(found)["default"]["OPTIONS"] == {"transfer_config": ..., "proxies": {"https": ...}, "gzip": True}
    assert "hidden" not in text


# -- The policy --------------------------------------------------------------------------------------------------------


def actions(document):
    return {action for statement in document["Statement"] for action in statement["Action"]}


@new_django
def test_the_policy_of_seed_001():
    with override_settings(STORAGES=S3_SITE, AWS_DEFAULT_ACL="public-read"):
        document = json.loads(manage("policy"))
    assert document["Version"] == "2012-10-17"
    # s3:GetObjectAcl of the seed is not needed: nothing here asks for it.
    assert {"s3:PutObject", "s3:GetObject", "s3:ListBucket", "s3:DeleteObject", "s3:PutObjectAcl"} <= actions(document)
    resources = [resource for statement in document["Statement"] for resource in statement["Resource"]]
    assert resources == ["arn:aws:s3:::media", "arn:aws:s3:::media/*"]
    with override_settings(STORAGES=S3_SITE):
        assert "s3:PutObjectAcl" not in actions(json.loads(manage("policy", "default")))
        with pytest.raises(CommandError, match="no S3 storage is called other"):
            manage("policy", "other")


def test_a_policy_is_about_the_location_and_the_parameters():
    storage = s3.S3Storage(
        bucket_name="b",
        location="media",
        region_name="cn-north-1",
        object_parameters={"Tagging": "a=b", "SSEKMSKeyId": "arn:aws-cn:kms:cn-north-1:1:key/k"},
    )
    document = policy_for([storage, storage])
    assert [statement["Resource"] for statement in document["Statement"]] == [
        ["arn:aws-cn:s3:::b"],
        ["arn:aws-cn:s3:::b/media/*"],
        ["arn:aws-cn:kms:cn-north-1:1:key/k"],
    ]
    assert {"s3:PutObjectTagging", "kms:Decrypt"} <= actions(document)


# -- Asking the bucket -------------------------------------------------------------------------------------------------


def answers(storage, **options):
    return {answer.subject: answer for answer in probe(storage, **options)}


def test_a_bucket_that_works(place):
    storage = place.storage(location="probed", default_acl="private")
    found = answers(storage, origin="https://site.example.com")
    for subject in (
        "reach s3:ListBucket s3:PutObject s3:PutObjectAcl s3:GetObject s3:AbortMultipartUpload s3:DeleteObject clock"
    ).split():
        assert found[subject].state == "ok", found[subject]
    assert storage.listdir("") == ([], [])


@pytest.mark.parametrize(("seconds", "state"), [(0, "ok"), (-60, "ok"), (3600, "FAIL"), (-3600, "FAIL")])
def test_clocks(seconds, state):
    (answer,) = probing._clock({"Date": formatdate(time.time() + seconds, usegmt=True)})
    assert answer.state == state
    assert abs(seconds) < 2 or ("behind" if seconds > 0 else "ahead of") in answer.text


@pytest.mark.parametrize(
    ("here", "there", "state"),
    [
        ("eu-west-1", "eu-west-1", "ok"),
        (None, "us-east-1", "ok"),
        (None, "eu-west-1", "note"),
        ("eu-west-1", "us-east-1", "FAIL"),
        ("eu-west-1", None, "note"),
    ],
)
def test_regions(here, there, state):
    headers = {"x-amz-bucket-region": there} if there else {}
    (answer,) = probing._region(s3.S3Storage(bucket_name="b", region_name=here), headers)
    assert answer.state == state


def test_cors_is_told(own_place):
    found = answers(own_place.storage(), origin="https://site.example.com")
    assert (found["CORS GET"].state, found["CORS PUT"].state) == ("ok", "ok")
    assert answers(own_place.storage())["CORS"].state == "note"


@pytest.mark.parametrize(
    ("fault", "permission"),
    [
        ("PutObject 403", "s3:PutObject"),
        ("DeleteObject* 403", "s3:DeleteObject"),
        ("GetObject 403", "s3:GetObject"),
        ("CreateMultipartUpload 403", "s3:AbortMultipartUpload"),
        ("GET /*/ 403", "s3:ListBucket"),
    ],
)
def test_a_permission_that_is_missing(own_server, own_place, fault, permission):
    if "DeleteObject" in fault:
        fault = "DeleteObject 403\nDeleteObjects 403"
    if permission == "s3:ListBucket":
        fault = "ListObjectsV2 403\nListObjects 403"
    own_server.set_faults(fault)
    found = answers(own_place.storage())
    denied = {subject for subject, answer in found.items() if answer.state == "FAIL"}
    assert permission in denied
    assert denied <= {permission, "reach", "create only if absent"}


def test_a_bucket_that_is_not_there(own_place):
    assert "no bucket" in answers(own_place.storage(bucket_name="nowhere"))["reach"].text


def test_nobody_there(closed_port):
    storage = s3.S3Storage(
        bucket_name="b", endpoint_url=f"http://127.0.0.1:{closed_port}", access_key="a", secret_key="hidden"
    )
    found = answers(storage)
    assert (list(found), found["reach"].state) == (["reach"], "FAIL")
    assert "hidden" not in str(found)


@new_django
def test_probing_by_command(own_place):
    site = {"default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": own_place.options}}
    with override_settings(STORAGES=site):
        assert "s3:PutObject               allowed" in manage("check", "--probe")


def test_the_storage_of_a_place_is_the_one_django_makes():
    found = examine(options={"location": "x"}, AWS_STORAGE_BUCKET_NAME="b")
    storage = storage_of(found, found.places[0])
    assert (storage.bucket_name, storage.location) == ("b", "x")
    assert settings.USE_TZ is True
