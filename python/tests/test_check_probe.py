"""Moving over: what `storages.check` finds out by asking the bucket."""

from __future__ import annotations

import re
import time
from email.utils import formatdate

import pytest
from django.test import override_settings
from helpers.checking import manage, new_django
from storages.backends import s3
from storages.check import probe as probing
from storages.check.__main__ import run
from storages.check.probe import probe


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


@new_django
def test_storages_that_cannot_be_probed_keep_none_from_it(own_place):
    backend = "storages.backends.s3.S3Storage"
    site = {
        "refused": {"BACKEND": backend, "OPTIONS": {"bucket_name": "b", "no_such": 1}},
        "nameless": {"BACKEND": backend},
        "default": {"BACKEND": backend, "OPTIONS": own_place.options},
    }
    lines = []
    with override_settings(STORAGES=site):
        failed = run({"STORAGES": site}, {"write": False, "probe": True, "origin": ""}, lines.append)
    text = "\n".join(lines)
    assert failed == 1
    assert re.search(r"refused:\n  FAIL  options +.*Invalid setting 'no_such'", text)
    assert re.search(r"nameless:\n  FAIL  options +Set AWS_STORAGE_BUCKET_NAME", text)
    assert re.search(r"default:\n  ok    reach", text)


@new_django
def test_the_storage_within_another_one(own_place):
    within = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": own_place.options}
    site = {"default": {"BACKEND": "storages.transactional.TransactionalStorage", "OPTIONS": {"storage": within}}}
    with override_settings(STORAGES=site):
        assert "s3:PutObject               allowed" in manage("check", "--probe")


@pytest.mark.parametrize(
    ("dialect", "said"), [(None, "taken for generic"), ("minio", "taken for minio"), ("orlop", "")]
)
def test_a_server_that_is_another_than_the_storage_thinks(own_place, dialect, said):
    text = answers(own_place.storage(dialect=dialect))["dialect"].text
    assert ("AWS_S3_DIALECT = 'orlop'" in text) == bool(said) and said in text
