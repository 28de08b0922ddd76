"""URLs of the class on boto: boto 2.49's own, byte for byte, at a frozen clock."""

from __future__ import annotations

import time
import warnings

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from storages.backends.s3boto import (
    OrdinaryCallingFormat,
    ProtocolIndependentOrdinaryCallingFormat,
    S3BotoStorage,
    SubdomainCallingFormat,
    VHostCallingFormat,
)

KEYS = {
    "bucket_name": "test-bucket",
    "access_key": "AKIDEXAMPLE",
    "secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
}
NAME = "dir/a b+c~é.txt"
P = "dir/a%20b%2Bc~%C3%A9.txt"
SIGNED = "Signature=5B4wzMkGdgJQtM7quvVlMTE0JPU%3D&Expires=1709622428&AWSAccessKeyId=AKIDEXAMPLE"
OF_X = "Signature=cvUZYxgMqwRZplCpIpTNceQ7NkE%3D&Expires=1709622428&AWSAccessKeyId=AKIDEXAMPLE"
FRANKFURT = "s3.eu-central-1.amazonaws.com"
VERSION_4 = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20240305%2Feu-central-1%2Fs3%2Faws4_request"
    "&X-Amz-Date=20240305T060708Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host"
)


@pytest.fixture
def url(monkeypatch):
    """Of the name, at 2024-03-05 06:07:08."""

    def make(name="x", call=None, now=1709618828.0, **options):
        with monkeypatch.context() as patch, warnings.catch_warnings():
            patch.setattr(time, "time", lambda: now)
            warnings.simplefilter("ignore")
            return S3BotoStorage(**{**KEYS, **options}).url(name, **(call or {}))

    return make


# Boto on Python 3 prints ":443" behind the host of some, which 2.7 did not, and nothing wants.
@pytest.mark.parametrize(
    ("calling_format", "address"),
    [
        (SubdomainCallingFormat(), "https://test-bucket.s3.amazonaws.com/"),
        (OrdinaryCallingFormat(), "https://s3.amazonaws.com/test-bucket/"),
        (VHostCallingFormat(), "https://test-bucket/"),
        (ProtocolIndependentOrdinaryCallingFormat(), "//s3.amazonaws.com/test-bucket/"),
        ("boto.s3.connection.OrdinaryCallingFormat", "https://s3.amazonaws.com/test-bucket/"),
        (OrdinaryCallingFormat, "https://s3.amazonaws.com/test-bucket/"),
    ],
)
def test_calling_formats(url, calling_format, address):
    assert url(NAME, calling_format=calling_format) == f"{address}{P}?{SIGNED}"
    assert url(NAME, calling_format=calling_format, querystring_auth=False) == f"{address}{P}"


def test_calling_formats_of_boto_itself(url):
    """Its instances are known by the names of their classes, and those people derived from them by their bases'."""
    boto = type("VHostCallingFormat", (), {})
    assert url(calling_format=boto()) == f"https://test-bucket/x?{OF_X}"
    assert url(calling_format=type("Ours", (boto,), {})()) == f"https://test-bucket/x?{OF_X}"


def test_insecure_urls(url):
    assert url(secure_urls=False) == f"http://test-bucket.s3.amazonaws.com/x?{OF_X}"
    assert url(secure_urls=False, querystring_auth=False) == "http://test-bucket.s3.amazonaws.com/x"


DISPOSITION = {"response-content-disposition": 'attachment; filename="a b"'}


@pytest.mark.parametrize(
    ("call", "signature", "rest"),
    [
        (
            {"response_headers": DISPOSITION},
            "RJCsn2aCM0l60BK%2F77c6egydrO0%3D",
            "&response-content-disposition=attachment%3B%20filename%3D%22a%20b%22",
        ),
        (
            {"response_headers": {**DISPOSITION, "response-content-type": "text/plain; x=/é"}},
            "BE10sQt%2FJ5EVmMrIMa5PUM5asxQ%3D",
            "&response-content-disposition=attachment%3B%20filename%3D%22a%20b%22"
            "&response-content-type=text/plain%3B%20x%3D/%C3%A9",
        ),
        (
            {"headers": {"Content-Type": "text/plain", "Content-MD5": "abc", "x-amz-meta-b": " v /+ ", "Foo": "x"}},
            "hD4vrjQWDSoIhOQB0vj9%2F77AYUY%3D",
            "&x-amz-meta-b=%20v%20/%2B%20",
        ),
        (
            {
                "response_headers": {"response-content-type": "a/b", "response-content-disposition": "x"},
                "headers": {"x-amz-b": "1", "x-amz-a": "2"},
            },
            "UknarqKCoggX5FbcYgM221mmQDc%3D",
            "&response-content-type=a/b&response-content-disposition=x&x-amz-b=1&x-amz-a=2",
        ),
    ],
)
def test_headers(url, call, signature, rest):
    signed = f"Signature={signature}&Expires=1709622428&AWSAccessKeyId=AKIDEXAMPLE"
    assert url(call=call) == f"https://test-bucket.s3.amazonaws.com/x?{signed}{rest}"


def test_the_order_of_arguments(url):
    """url(name, headers, response_headers, expire)"""
    storage = S3BotoStorage(**KEYS, querystring_auth=False)
    address = "https://test-bucket.s3.amazonaws.com/x"
    assert storage.url("x", {"x-amz-meta-b": "v"}) == f"{address}?x-amz-meta-b=v"
    assert storage.url("x", None, {"response-content-type": "a/b c"}) == f"{address}?response-content-type=a/b%20c"
    assert "Expires=1709618888&" in url(call={"expire": 60})


@pytest.mark.parametrize(
    ("call", "query"),
    [
        (
            {"expire": 60},
            "Signature=VnQDW3SN5E26XegVb1%2Bn25NBX%2FY%3D&Expires=1709618888&AWSAccessKeyId=AKIDEXAMPLE"
            "&x-amz-security-token=T/K%2B%3D",
        ),
        (
            {"expire": 60, "response_headers": {"response-content-type": "a/b"}},
            "Signature=jUhxKXbdBtsdTqzMFDYxuThETE4%3D&Expires=1709618888&AWSAccessKeyId=AKIDEXAMPLE"
            "&response-content-type=a/b&x-amz-security-token=T/K%2B%3D",
        ),
    ],
)
def test_session_tokens(url, call, query):
    made = url(bucket_name="b", security_token="T/K+=", call=call)
    assert made.partition("?")[2] == query


def test_a_token_stays_out_of_unsigned_urls(url):
    assert url(security_token="T/K+=", querystring_auth=False) == "https://test-bucket.s3.amazonaws.com/x"


def test_long_expiries(url):
    """Version 2 knows no limit, and sites of the time had years."""
    assert "Signature=SLonhsYwLnO9qrZE1NCAGYoe2fA%3D&Expires=1700000000&" in url(now=1699996400.0)
    assert "&Expires=2024978828&" in url(querystring_expire=10 * 365 * 24 * 3600)


@pytest.mark.parametrize(
    ("calling_format", "address", "signature"),
    [
        (
            SubdomainCallingFormat(),
            f"https://test-bucket.{FRANKFURT}/a%20b",
            "126a708e516b04490072dbb35829e32a5dc9820dffbc9667179677c2760ce15c",
        ),
        (
            OrdinaryCallingFormat(),
            f"https://{FRANKFURT}/test-bucket/a%20b",
            "f169b69ab04a630dfa1e60f8caf6b75b8c774b1d9bbf0c28e7eb669ced8c6fb6",
        ),
        (
            # Boto kept the scheme here, which is not signed.
            ProtocolIndependentOrdinaryCallingFormat(),
            f"//{FRANKFURT}/test-bucket/a%20b",
            "f169b69ab04a630dfa1e60f8caf6b75b8c774b1d9bbf0c28e7eb669ced8c6fb6",
        ),
    ],
)
def test_version_4_where_the_host_tells(url, calling_format, address, signature):
    made = url("a b", host=FRANKFURT, calling_format=calling_format)
    assert made == f"{address}?{VERSION_4}&X-Amz-Signature={signature}"


def test_version_4_with_a_token(url):
    made = url("a b", host=FRANKFURT, security_token="T/K+=")
    signature = "a0cf1f335c5eb439a49c7ab85777827ef2080c49f6ea9ba95db115dc566469b9"
    assert made.endswith(f"{VERSION_4}&X-Amz-Security-Token=T%2FK%2B%3D&X-Amz-Signature={signature}")


def test_version_4_of_a_bucket_that_is_a_host(url):
    """Where boto failed: the name that is asked is the one that is signed, so another bucket has another signature."""
    made = url(bucket_name="media.example.org", host=FRANKFURT, calling_format=VHostCallingFormat())
    assert made.startswith(f"https://media.example.org/x?{VERSION_4}&X-Amz-Signature=")
    assert made[-64:] != url(host=FRANKFURT, calling_format=VHostCallingFormat())[-64:]


@pytest.mark.parametrize(
    ("host", "version"),
    [
        # As boto's S3Connection(host=...) chose.
        ("s3-eu-west-1.amazonaws.com", 2),
        ("s3.us-west-2.amazonaws.com", 2),
        ("s3-external-1.amazonaws.com", 2),
        ("s3.sa-east-1.amazonaws.com", 2),
        ("s3.us-gov-west-1.amazonaws.com", 2),
        ("s3.eu-west-3.amazonaws.com", 4),
        ("s3.us-east-2.amazonaws.com", 4),
        ("s3.cn-north-1.amazonaws.com.cn", 4),
        ("objects.example.com", 2),
        ("minio.eu-central.example.com", 4),
        # Boto did not know these, and they refuse version 2.
        ("account.r2.cloudflarestorage.com", 4),
        ("s3.us-west-004.backblazeb2.com", 4),
    ],
)
def test_who_gets_which_version(url, host, version):
    made = url(host=host)
    assert ("X-Amz-Signature=" in made) == (version == 4) and ("AWSAccessKeyId=" in made) == (version == 2)
    assert made.startswith(f"https://test-bucket.{host}/x?")


def test_version_4_on_demand(url, monkeypatch):
    assert "X-Amz-Signature=" in url(use_sigv4=True)
    with override_settings(S3_USE_SIGV4=True):
        assert "X-Amz-Signature=" in url()
    monkeypatch.setenv("S3_USE_SIGV4", "yes")
    assert "X-Amz-Signature=" in url()
    with override_settings(S3_USE_SIGV4=False):
        assert "AWSAccessKeyId=" in url()


@pytest.mark.parametrize(
    "options",
    [
        {"host": FRANKFURT, "use_sigv4": False},
        {"host": FRANKFURT, "signature_version": "s3"},
        {"region_name": "eu-north-1", "signature_version": "s3"},
        {"region_name": "eu-north-1", "use_sigv4": False},
        {"origin": "eu-central-1", "use_sigv4": False},
        {"host": "account.r2.cloudflarestorage.com", "use_sigv4": False},
    ],
)
def test_version_2_where_it_is_refused(url, options):
    with pytest.raises(ImproperlyConfigured, match=r"^S3_USE_SIGV4.*SigV4 only"):
        url(**options)


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({"host": "localhost", "port": 9000, "use_ssl": False}, "http://test-bucket.localhost:9000/x"),
        (
            {"host": "localhost", "port": 9000, "use_ssl": False, "calling_format": OrdinaryCallingFormat()},
            "http://localhost:9000/test-bucket/x",
        ),
        ({"host": "127.0.0.1", "port": "9000"}, "https://127.0.0.1:9000/test-bucket/x"),
        ({"host": "s3-eu-west-1.amazonaws.com"}, "https://test-bucket.s3-eu-west-1.amazonaws.com/x"),
        ({"host": "objects.example.com"}, "https://test-bucket.objects.example.com/x"),
        ({"port": 443}, "https://test-bucket.s3.amazonaws.com/x"),
        ({"use_ssl": False}, "http://test-bucket.s3.amazonaws.com/x"),
        ({"origin": "EU"}, "https://test-bucket.s3.amazonaws.com/x"),
    ],
)
def test_hosts_and_ports(url, options, address):
    assert url(**options) == f"{address}?{OF_X}"


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({}, "https://cdn.example.com/a%20b~%C3%A9.txt"),
        ({"secure_urls": False}, "http://cdn.example.com/a%20b~%C3%A9.txt"),
        ({"secure_urls": False, "url_protocol": ""}, "//cdn.example.com/a%20b~%C3%A9.txt"),
        ({"url_protocol": "http:"}, "https://cdn.example.com/a%20b~%C3%A9.txt"),
        ({"location": "media"}, "https://cdn.example.com/media/a%20b~%C3%A9.txt"),
    ],
)
def test_custom_domains(url, options, address):
    call = {"response_headers": {"response-content-type": "x"}, "expire": 60}
    assert url("a b~é.txt", call=call, custom_domain="cdn.example.com", **options) == address
