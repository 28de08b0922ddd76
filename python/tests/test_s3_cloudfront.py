"""Policies and cookies of CloudFront, and the host that URLs name instead of the one that is called."""

from __future__ import annotations

import base64
import datetime
import json
import subprocess
import urllib.request

import pytest
from django.http import HttpResponse
from storages.backends.s3 import S3Storage
from storages.cloudfront import CloudFrontSigner

UNTIL = datetime.datetime(2030, 1, 2, 3, 4, 5)
EPOCH = 1893553445


@pytest.fixture(scope="module")
def pem():
    return subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def signer(pem):
    return CloudFrontSigner("KEYID", pem)


def decoded(text):
    return base64.b64decode(text.translate(str.maketrans("-_~", "+=/")))


def assert_signs(pem, signature, policy, tmp_path):
    (tmp_path / "key").write_text(pem)
    (tmp_path / "signature").write_bytes(decoded(signature))
    command = ["openssl", "dgst", "-sha1", "-prverify", tmp_path / "key", "-signature", tmp_path / "signature"]
    subprocess.run(command, input=policy, check=True, capture_output=True)


def canned(resource):
    return b'{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%d}}}]}' % (
        resource.encode(),
        EPOCH,
    )


@pytest.mark.parametrize("resource", ["https://cdn.example.com/a.txt", "https://cdn.example.com/a.txt#x"])
def test_cookies_of_a_canned_policy(signer, pem, tmp_path, resource):
    cookies = signer.cookies(resource, UNTIL)
    assert list(cookies) == ["CloudFront-Expires", "CloudFront-Signature", "CloudFront-Key-Pair-Id"]
    assert (cookies["CloudFront-Expires"], cookies["CloudFront-Key-Pair-Id"]) == (str(EPOCH), "KEYID")
    assert_signs(pem, cookies["CloudFront-Signature"], canned(resource), tmp_path)


def test_cookies_of_a_wildcard_carry_a_policy(signer, pem, tmp_path):
    cookies = signer.cookies("https://cdn.example.com/private/*", UNTIL)
    assert list(cookies) == ["CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"]
    policy = decoded(cookies["CloudFront-Policy"])
    assert policy == canned("https://cdn.example.com/private/*")
    assert_signs(pem, cookies["CloudFront-Signature"], policy, tmp_path)


def test_cookies_of_a_policy_of_ones_own(signer, pem, tmp_path):
    since = UNTIL - datetime.timedelta(days=1)
    policy = signer.build_policy("https://cdn.example.com/*", UNTIL, since, "192.0.2.0/24")
    cookies = signer.cookies("https://cdn.example.com/*", policy=policy)
    assert json.loads(decoded(cookies["CloudFront-Policy"]))["Statement"][0]["Condition"] == {
        "DateLessThan": {"AWS:EpochTime": EPOCH},
        "IpAddress": {"AWS:SourceIp": "192.0.2.0/24"},
        "DateGreaterThan": {"AWS:EpochTime": EPOCH - 86400},
    }
    assert_signs(pem, cookies["CloudFront-Signature"], policy.encode(), tmp_path)


def test_cookies_are_set_on_a_response(signer):
    response = signer.set_cookies(HttpResponse(), "https://cdn.example.com/*", UNTIL, domain=".example.com", max_age=60)
    assert sorted(response.cookies) == ["CloudFront-Key-Pair-Id", "CloudFront-Policy", "CloudFront-Signature"]
    for cookie in response.cookies.values():
        assert (cookie["domain"], cookie["max-age"]) == (".example.com", 60)
        assert cookie["secure"] and cookie["httponly"] and cookie["samesite"] == "Lax"
        assert cookie.value == signer.cookies("https://cdn.example.com/*", UNTIL)[cookie.key]


@pytest.mark.parametrize("given", [{}, {"date_less_than": UNTIL, "policy": "{}"}])
def test_cookies_need_a_date_or_a_policy(signer, given):
    with pytest.raises(ValueError, match="either date_less_than or policy"):
        signer.cookies("https://cdn.example.com/*", **given)


def test_a_function_signs_as_the_key_does(signer):
    calling = CloudFrontSigner("KEYID", signer.rsa_signer)
    for resource in ("https://cdn.example.com/a.txt", "https://cdn.example.com/a.txt?x=%C3%A9"):
        assert calling.generate_presigned_url(resource, UNTIL) == signer.generate_presigned_url(resource, UNTIL)
        policy = signer.build_policy(resource, UNTIL)
        by_policy = calling.generate_presigned_url(resource, policy=policy)
        assert by_policy == signer.generate_presigned_url(resource, policy=policy)
    assert calling.cookies("https://x/*", UNTIL) == signer.cookies("https://x/*", UNTIL)


def test_a_signer_shows_nothing_of_its_key(signer):
    import copy
    import pickle

    assert repr(signer) == "<CloudFrontSigner KEYID>"
    assert copy.deepcopy(signer) is signer
    with pytest.raises(TypeError, match="private key"):
        pickle.dumps(signer)


# -- public_endpoint_url -----------------------------------------------------------------------------------------------


def test_urls_name_the_public_endpoint(own_place):
    inside = own_place.endpoint
    outside = inside.replace("127.0.0.1", "localhost")
    storage = own_place.storage(public_endpoint_url=outside)
    own_place.handle().save("a b.txt", b"content")
    url = storage.url("a b.txt", parameters={"ResponseContentType": "x/y"})
    assert url.startswith(f"{outside}/{own_place.bucket}/a%20b.txt?response-content-type=x%2Fy&X-Amz-")
    with urllib.request.urlopen(url) as answer:  # signed for the name it is called by
        assert (answer.read(), answer.headers["Content-Type"]) == (b"content", "x/y")
    assert storage.exists("a b.txt")
    unsigned = own_place.storage(public_endpoint_url=outside, querystring_auth=False).url("a b.txt")
    assert unsigned == f"{outside}/{own_place.bucket}/a%20b.txt"


def test_the_public_endpoint_stands_in_for_amazons():
    keys = {"access_key": "a", "secret_key": "b", "bucket_name": "media"}
    storage = S3Storage(public_endpoint_url="https://files.example.com", region_name="eu-central-1", **keys)
    assert storage.url("x").partition("?")[0] in (
        "https://media.files.example.com/x",
        "https://files.example.com/media/x",
    )


# -- Objects of the SDK ------------------------------------------------------------------------------------------------


def test_settings_of_boto3_objects_are_read(own_place):
    boto3 = pytest.importorskip("boto3.s3.transfer")
    config = pytest.importorskip("botocore.config")
    from botocore import UNSIGNED
    from storages.s3.options import attempts, engine_options

    storage = own_place.storage(
        transfer_config=boto3.TransferConfig(multipart_chunksize=6 << 20, max_concurrency=3),
        client_config=config.Config(
            s3={"addressing_style": "path"},
            signature_version="s3",
            connect_timeout=2,
            read_timeout=3.5,
            retries={"max_attempts": 1},
            proxies={"http": "proxy:3128"},
        ),
    )
    told = engine_options(storage)
    assert {name: told[name] for name in ("part_size", "concurrency", "addressing", "signature", "proxy")} == {
        "part_size": str(6 << 20),
        "concurrency": "3",
        "addressing": "path",
        "signature": "v2",
        "proxy": "proxy:3128",
    }
    assert (told["connect_timeout"], told["first_byte_timeout"]) == ("2000ms", "3500ms")
    assert attempts(storage.client_config) == 2
    unsigned = own_place.storage(client_config=config.Config(signature_version=UNSIGNED))
    assert engine_options(unsigned)["anonymous"] == "true"


def test_without_boto3_there_is_no_connection(own_place, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "boto3", None)
    storage = own_place.storage()
    for name in ("connection", "unsigned_connection", "bucket"):
        assert not hasattr(storage, name)
    with pytest.raises(AttributeError, match="boto3, which is not installed"):
        _ = storage.connection


def test_nothing_imports_boto3(own_place):
    import sys

    program = (
        "import sys\n"
        "from django.conf import settings; settings.configure()\n"
        "from storages.backends.s3 import S3Storage\n"
        "storage = S3Storage(**eval(sys.argv[1])); storage.exists('a'); storage.url('a')\n"
        "assert not {'boto3', 'botocore'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program, repr(own_place.options)], check=True)


def test_what_the_service_answers_is_a_client_error_too(own_place):
    import pickle

    exceptions = pytest.importorskip("botocore.exceptions")
    with pytest.raises(exceptions.ClientError) as caught:
        own_place.storage(secret_key="wrong").exists("a")
    error = caught.value
    assert isinstance(error, PermissionError)
    assert error.response["Error"]["Code"] == "403" and error.operation_name == "HeadObject"
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.status, again.response) == (str(error), 403, error.response)
    with pytest.raises(exceptions.ClientError) as caught:
        own_place.storage().get_modified_time("missing")
    assert isinstance(caught.value, FileNotFoundError)
