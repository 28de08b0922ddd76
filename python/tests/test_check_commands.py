"""Moving over: `storages.check` by module, by command and as system checks, and the policy it writes."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import pytest
from django.core.management import CommandError
from django.test import override_settings
from helpers.checking import ERAS, REMOVED, S3_SITE, manage, new_django
from storages import checks
from storages.backends import s3
from storages.check.findings import DANGEROUS
from storages.check.migrations import secrets_in
from storages.check.policy import policy_for

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
        direct = models.FileField(storage=s3.S3Storage(access_key="hidden", secret_key="hidden"))
        called = models.FileField(storage=lambda: s3.S3Storage(access_key="hidden", secret_key="hidden"))
        plain = models.FileField()

        class Meta:
            app_label = "contenttypes"

    findings = list(_of_fields(Vault))
    assert {(finding.setting, finding.kind) for finding in findings} == {("contenttypes.Vault.direct", DANGEROUS)}
    assert "secret_key" in findings[-1].text and not any("hidden" in finding.text for finding in findings)


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


@new_django
def test_the_policy_of_a_storage_within_another_one():
    storage = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": "inner", "location": "docs"}}
    site = {"default": {"BACKEND": "storages.transactional.TransactionalStorage", "OPTIONS": {"storage": storage}}}
    with override_settings(STORAGES=site):
        document = json.loads(manage("policy", "default"))
        said = manage("check")
    resources = [resource for statement in document["Statement"] for resource in statement["Resource"]]
    assert resources == ["arn:aws:s3:::inner", "arn:aws:s3:::inner/docs/*"]
    assert said.startswith(
        "default: storages.transactional.TransactionalStorage, with its files in storages.backends.s3.S3Storage\n"
    )


@new_django
def test_the_policy_of_a_storage_in_front_of_a_named_one():
    files = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": "inner"}}
    front = {"BACKEND": "storages.transactional.TransactionalStorage", "OPTIONS": {"storage": "files"}}
    with override_settings(STORAGES={"default": front, "files": files}):
        assert manage("policy", "default") == manage("policy", "files") == manage("policy")


@new_django
def test_no_policy_of_a_storage_that_is_refused():
    site = {"default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"no_such": 1}}}
    with override_settings(STORAGES=site), pytest.raises(CommandError, match="Invalid setting 'no_such'"):
        manage("policy")
