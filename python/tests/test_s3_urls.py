"""url(): reference section 2.2.7, traps T8-T14, appendix A.3. No request is made."""

from __future__ import annotations

import base64
import subprocess
import time
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import orlop
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from storages.backends.s3 import S3ManifestStaticStorage, S3StaticStorage, S3Storage
from storages.cloudfront import CloudFrontSigner
from storages.s3.options import ClientConfig

KEYS = {"access_key": "AKIDEXAMPLE", "secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
NAME = "dir/a b+c~é.txt"
PATH = "dir/a%20b%2Bc~%C3%A9.txt"
TOKEN = "TOK/EN+=="


@pytest.fixture(autouse=True)
def frozen_clock(monkeypatch):
    """2024-03-05T06:07:08Z"""
    monkeypatch.setattr(time, "time", lambda: 1709618828.0)


@pytest.fixture(autouse=True)
def no_requests():
    with orlop.requests(max=0):
        yield


def storage(kind=S3Storage, **options):
    return kind(**{"bucket_name": "test-bucket", **KEYS, **options})


def v4(host, region, signature, path=PATH, token="", expires=3600):
    token = f"&X-Amz-Security-Token={token}" if token else ""
    return (
        f"{host}/{path}?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        f"&X-Amz-Credential=AKIDEXAMPLE%2F20240305%2F{region}%2Fs3%2Faws4_request&X-Amz-Date=20240305T060708Z"
        f"&X-Amz-Expires={expires}&X-Amz-SignedHeaders=host{token}&X-Amz-Signature={signature}"
    )


# botocore 1.43.11's, asked for each.
@pytest.mark.parametrize(
    ("region", "client", "host"),
    [
        ("eu-central-1", {}, "test-bucket.s3.amazonaws.com"),
        ("cn-north-1", {}, "test-bucket.s3.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", {}, "test-bucket.s3.us-gov-west-1.amazonaws.com"),
        ("us-iso-east-1", {}, "test-bucket.s3.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", {}, "test-bucket.s3.us-isob-east-1.sc2s.sgov.gov"),
        ("eu-isoe-west-1", {}, "test-bucket.s3.eu-isoe-west-1.cloud.adc-e.uk"),
        ("us-isof-south-1", {}, "test-bucket.s3.us-isof-south-1.csp.hci.ic.gov"),
        ("eusc-de-east-1", {}, "test-bucket.s3.eusc-de-east-1.amazonaws.eu"),
        ("cn-north-1", {"s3": {"addressing_style": "path"}}, "s3.cn-north-1.amazonaws.com.cn"),
        ("us-east-1", {"use_dualstack_endpoint": True}, "test-bucket.s3.dualstack.us-east-1.amazonaws.com"),
        (
            "cn-north-1",
            {"s3": {"use_dualstack_endpoint": True}},
            "test-bucket.s3.dualstack.cn-north-1.amazonaws.com.cn",
        ),
        ("us-east-1", {"use_fips_endpoint": True}, "test-bucket.s3-fips.us-east-1.amazonaws.com"),
        (
            "eu-central-1",
            {"use_fips_endpoint": True, "use_dualstack_endpoint": True},
            "test-bucket.s3-fips.dualstack.eu-central-1.amazonaws.com",
        ),
        ("eu-central-1", {"s3": {"use_accelerate_endpoint": True}}, "test-bucket.s3-accelerate.amazonaws.com"),
        (
            "us-gov-west-1",
            {"s3": {"use_accelerate_endpoint": True, "addressing_style": "path"}, "use_dualstack_endpoint": True},
            "test-bucket.s3-accelerate.dualstack.amazonaws.com",
        ),
    ],
)
def test_hosts_of_partitions_and_kinds(region, client, host):
    url = storage(region_name=region, client_config=ClientConfig(**client)).url(NAME)
    assert urlsplit(url).netloc == host
    assert f"%2F{region}%2Fs3%2F" in url


@pytest.mark.parametrize(
    ("region", "client", "word"),
    [
        ("cn-north-1", {"s3": {"use_accelerate_endpoint": True}}, "accelerate"),
        ("cn-north-1", {"use_fips_endpoint": True}, "fips"),
        ("us-east-1", {"use_fips_endpoint": True, "s3": {"use_accelerate_endpoint": True}}, "accelerate"),
    ],
)
def test_hosts_that_are_not_there(region, client, word):
    with pytest.raises(ImproperlyConfigured, match=word):
        storage(region_name=region, client_config=ClientConfig(**client)).url(NAME)


GLOBAL = "https://test-bucket.s3.amazonaws.com"
US_EAST_1 = "44ba659633335248e9518f076b199284a2fb649aa55c416192525e8d172813e5"
EU_CENTRAL_1 = "5f2e7abc2d62ccdddd087d34d970f17a36929f23390eab6af7c02ced8a3a7ee5"


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({"signature_version": "s3v4"}, v4(GLOBAL, "us-east-1", US_EAST_1)),
        ({}, v4(GLOBAL, "us-east-1", US_EAST_1)),  # SigV4 in every region, unlike T8
        ({"region_name": "us-east-1"}, v4(GLOBAL, "us-east-1", US_EAST_1)),
        (
            {"region_name": "us-east-2"},
            v4(GLOBAL, "us-east-2", "5e46d57fa9695ab091d5d51e027e826183a2e81c130aa8420aa7c5466f7d9d0c"),
        ),
        ({"region_name": "eu-central-1"}, v4(GLOBAL, "eu-central-1", EU_CENTRAL_1)),
        ({"region_name": "eu-central-1", "signature_version": "s3v4"}, v4(GLOBAL, "eu-central-1", EU_CENTRAL_1)),
        (
            {"region_name": "eu-central-1", "use_ssl": False},
            v4(GLOBAL.replace("https", "http"), "eu-central-1", EU_CENTRAL_1),
        ),
        (
            {"region_name": "eu-central-1", "security_token": TOKEN},
            v4(
                GLOBAL,
                "eu-central-1",
                "c46f7d2f215db556e82c7868291493a710a437b6ddd49fcaaeab8caf9e39e24d",
                token="TOK%2FEN%2B%3D%3D",
            ),
        ),
        (
            {"region_name": "eu-central-1", "signature_version": "s3v4", "addressing_style": "path"},
            v4(
                "https://s3.eu-central-1.amazonaws.com/test-bucket",
                "eu-central-1",
                "da9c3b22204a73dd9de3689d632144155e7034196caba7ce4c54d29c226b9886",
            ),
        ),
        (
            {"region_name": "us-west-2", "signature_version": "s3v4", "addressing_style": "virtual"},
            v4(
                "https://test-bucket.s3.us-west-2.amazonaws.com",
                "us-west-2",
                "0c9b42282f63eab82733c7e52c1ada31f498a1a9e7d397bcf792123e624f031b",
            ),
        ),
        (
            {"region_name": "eu-central-1", "location": "media"},
            v4(
                GLOBAL,
                "eu-central-1",
                "3cdf8332c0f4abc3ddaad5fd1dd017a4f8375fb26f664747d387acee335f5a82",
                path="media/" + PATH,
            ),
        ),
        (
            {"endpoint_url": "http://localhost:9000", "region_name": "us-east-1", "signature_version": "s3v4"},
            v4(
                "http://localhost:9000/test-bucket",
                "us-east-1",
                "a4652d6076ae094be5628420673473d812a19f0fb1b36e046ea218d1c7b721b4",
            ),
        ),
        (
            {"endpoint_url": "http://localhost:9000", "region_name": "us-east-1", "addressing_style": "virtual"},
            v4(
                "http://test-bucket.localhost:9000",
                "us-east-1",
                "0690e76c5019e6760b9761a6039c550d9c581100517a2f896474f1439440037b",
            ),
        ),
        (
            {"endpoint_url": "https://acc.r2.cloudflarestorage.com", "region_name": "auto"},
            v4(
                "https://acc.r2.cloudflarestorage.com/test-bucket",
                "auto",
                "c0e0705b62edf5585ac5b8679b7a7c6b632d47b7760890ccb2c26286c5343b37",
            ),
        ),
        (
            {"bucket_name": "a.b.c", "region_name": "us-east-1"},
            v4(
                "https://s3.amazonaws.com/a.b.c",
                "us-east-1",
                "d2e70bed7fa9e9099b9d23e7df922d7dab89bd798421166dc5e8ad3839ffc312",
            ),
        ),
        (
            {"bucket_name": "UpperB", "region_name": "us-east-1"},
            v4(
                "https://s3.amazonaws.com/UpperB",
                "us-east-1",
                "4634af268fbe44216c77ab7b649ca3ecf850ad1aa5e1febe7ad4b801fe58eb54",
            ),
        ),
    ],
)
def test_v4_urls_t9(options, url):
    assert storage(**options).url(NAME) == url


V2 = "AWSAccessKeyId=AKIDEXAMPLE&Signature=5B4wzMkGdgJQtM7quvVlMTE0JPU%3D&Expires=1709622428"


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, f"{GLOBAL}/{PATH}?{V2}"),
        ({"region_name": "us-west-2"}, f"{GLOBAL}/{PATH}?{V2}"),
        ({"endpoint_url": "http://localhost:9000"}, f"http://localhost:9000/test-bucket/{PATH}?{V2}"),
        (
            {"region_name": "us-west-2", "security_token": TOKEN},
            f"{GLOBAL}/{PATH}?AWSAccessKeyId=AKIDEXAMPLE&Signature=SRUBdHtDD%2BNB89mWetmcMlnM2QI%3D"
            "&x-amz-security-token=TOK%2FEN%2B%3D%3D&Expires=1709622428",
        ),
    ],
)
def test_v2_urls_when_asked_for_t8(options, url):
    assert storage(signature_version="s3", **options).url(NAME) == url


EU = {"region_name": "eu-central-1", "signature_version": "s3v4"}


@pytest.mark.parametrize(
    ("arguments", "expires", "signature"),
    [
        ({"expire": 60}, 60, "99c64fb8a844d6a5982f54d0a5c4dc480d5b188e36ed32bc57b37a06f18caba9"),
        ({"expire": 0}, 0, "9b3a980cb98f15a60d3c3e494be711af860a8e38bfcc41b8faec3feed5dd440a"),
        ({"http_method": "HEAD"}, 3600, "53ad32f228447bed1ec85739ec7f8a51acd3900f524008802402529a5632172e"),
        ({"http_method": "PUT"}, 3600, "5ee830dc66742c86282679dc5b3a9ae8a27aac68b6ed635953eaa1b2d4c36c1f"),
    ],
)
def test_expire_and_method(arguments, expires, signature):
    assert storage(**EU).url("f.txt", **arguments) == v4(GLOBAL, "eu-central-1", signature, "f.txt", expires=expires)


def test_the_expiry_of_the_settings():
    assert "X-Amz-Expires=42&" in storage(querystring_expire=42).url("f.txt")


def test_response_overrides_come_first_t10():
    parameters = {
        "ResponseContentDisposition": 'attachment; filename="x y.txt"',
        "ResponseContentType": "text/plain",
        "VersionId": "v1",
    }
    url = storage(**EU).url("f.txt", parameters=parameters)
    overrides = (
        "response-content-disposition=attachment%3B%20filename%3D%22x%20y.txt%22&response-content-type=text%2Fplain"
        "&versionId=v1"
    )
    assert url.startswith(f"{GLOBAL}/f.txt?{overrides}&X-Amz-Algorithm=")
    assert url.endswith("=4b067bf51a1786a41e8935315ffb1ae33d14f78f9d0516d848bdf63afdf5c931")
    assert len(parameters) == 3
    unsigned = storage(querystring_auth=False, **EU).url("f.txt", parameters=parameters)
    assert unsigned == f"{GLOBAL}/f.txt?{overrides}"
    with pytest.raises(ValueError, match=r"'Nope' of a URL, must be one of: .*ResponseContentType"):
        storage().url("f.txt", parameters={"Nope": "1"})


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, f"{GLOBAL}/{PATH}"),
        ({"region_name": "eu-central-1"}, f"{GLOBAL}/{PATH}"),
        (
            {"region_name": "eu-central-1", "addressing_style": "path"},
            f"https://s3.eu-central-1.amazonaws.com/test-bucket/{PATH}",
        ),
        (
            {"endpoint_url": "https://nyc3.digitaloceanspaces.com"},
            f"https://nyc3.digitaloceanspaces.com/test-bucket/{PATH}",
        ),
    ],
)
def test_unsigned_urls_t10(options, url):
    assert storage(querystring_auth=False, **options).url(NAME) == url
    assert storage(S3StaticStorage, **options).url(NAME) == url


def test_unsigned_urls_need_no_keys():
    assert S3Storage(bucket_name="test-bucket", querystring_auth=False).url("f") == f"{GLOBAL}/f"


def test_static_storages_do_not_sign():
    with override_settings(AWS_QUERYSTRING_AUTH=True):
        assert S3StaticStorage().querystring_auth is False
        assert S3ManifestStaticStorage.querystring_auth is False
        assert S3StaticStorage(querystring_auth=True).querystring_auth is True


# -- Custom domains ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a b.txt", "a%20b.txt"),
        ("a&b=c?d#e.txt", "a%26b%3Dc%3Fd%23e.txt"),
        ("it's(1)!*~.txt", "it's(1)!*~.txt"),
        ("é/ü.txt", "%C3%A9/%C3%BC.txt"),
        ("a%20b", "a%2520b"),
        ("x\\y", "x/y"),
        ("", ""),
        ("path/", "path/"),
        ("path/1/", "path/1/"),
    ],
)
def test_custom_domain(name, path):
    assert storage(custom_domain="cdn.example.com").url(name) == f"https://cdn.example.com/{path}"


def test_custom_domain_parameters_t11():
    url = storage(custom_domain="cdn.example.com").url("f", parameters={"a": "b c", "d": "/&é"})
    assert url == "https://cdn.example.com/f?a=b+c&d=%2F%26%C3%A9"


def test_custom_domain_is_taken_as_it_is():
    assert storage(custom_domain="cdn.example.com/", location="m").url("f") == "https://cdn.example.com//m/f"


@pytest.mark.parametrize(("protocol", "url"), [("http:", "http://cdn/f"), ("", "//cdn/f"), (None, "https://cdn/f")])
def test_url_protocol_option_t14(protocol, url):
    assert storage(custom_domain="cdn", url_protocol=protocol).url("f") == url


@pytest.mark.parametrize("protocol", [None, ""])
def test_url_protocol_setting_t14(protocol):
    with override_settings(AWS_S3_URL_PROTOCOL=protocol):
        assert storage(custom_domain="cdn").url("f") == "https://cdn/f"


# -- CloudFront --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pem():
    return subprocess.run(
        ["openssl", "genrsa", "-traditional", "1024"], check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(scope="module")
def pkcs8(pem):
    command = ["openssl", "pkcs8", "-topk8", "-nocrypt"]
    return subprocess.run(command, input=pem, check=True, capture_output=True, text=True).stdout


def openssl_signature(pem, policy, tmp_path):
    (tmp_path / "key.pem").write_text(pem)
    command = ["openssl", "dgst", "-sha1", "-sign", str(tmp_path / "key.pem")]
    signature = subprocess.run(command, input=policy.encode(), check=True, capture_output=True).stdout
    return base64.b64encode(signature).decode().translate(str.maketrans("+=/", "-_~"))


@pytest.mark.parametrize("as_bytes", [False, True])
def test_cloudfront_t12_t13(pem, tmp_path, monkeypatch, as_bytes):
    monkeypatch.setattr(time, "time", lambda: 0.0)
    cdn = storage(
        custom_domain="mock.cloudfront.net",
        cloudfront_key_id="test-key",
        cloudfront_key=pem.encode() if as_bytes else pem,
    )
    policy = (
        '{"Statement":[{"Resource":"https://mock.cloudfront.net/file.txt",'
        '"Condition":{"DateLessThan":{"AWS:EpochTime":3600}}}]}'
    )
    signature = openssl_signature(pem, policy, tmp_path)
    expected = f"https://mock.cloudfront.net/file.txt?Expires=3600&Signature={signature}&Key-Pair-Id=test-key"
    assert cdn.url("file.txt") == expected
    assert cdn.url("file.txt", parameters={"a": "b"}).startswith(
        "https://mock.cloudfront.net/file.txt?a=b&Expires=3600&"
    )
    assert "Expires=60&" in cdn.url("file.txt", expire=60)
    cdn.querystring_auth = False
    assert cdn.url("file.txt") == "https://mock.cloudfront.net/file.txt"


def test_cloudfront_keys_of_both_forms(pem, pkcs8):
    def url(key):
        return storage(custom_domain="cdn", cloudfront_key_id="k", cloudfront_key=key).url("f")

    assert url(pem) == url(pkcs8)


def test_cloudfront_signers_are_shared(pem):
    pair = {"cloudfront_key_id": "k", "cloudfront_key": pem}
    assert storage(**pair).cloudfront_signer is storage(**pair).cloudfront_signer


def test_cloudfront_signer_option(pem):
    class Signer:
        def generate_presigned_url(self, url, date_less_than):
            assert date_less_than == datetime(2024, 3, 5, 7, 7, 8)
            return f"{url}?signed"

    assert storage(custom_domain="cdn", cloudfront_signer=Signer()).url("f") == "https://cdn/f?signed"
    pair = {"cloudfront_key_id": "k", "cloudfront_key": pem, "custom_domain": "cdn"}
    assert storage(cloudfront_signer=None, **pair).url("f") == "https://cdn/f"

    class Unsigned(S3Storage):
        cloudfront_signer = None

    assert storage(Unsigned, **pair).url("f") == "https://cdn/f"
    with pytest.raises(ImproperlyConfigured, match="Invalid setting 'cloudfront_signer' for Unsigned"):
        Unsigned(cloudfront_signer=None)


@pytest.mark.parametrize("half", [{"cloudfront_key_id": "k"}, {"cloudfront_key": "x"}])
def test_half_a_cloudfront_pair(half):
    with pytest.raises(ImproperlyConfigured, match="cloudfront_key must be provided together"):
        storage(**half)
    storage(cloudfront_signer=None, **half)


def test_a_cloudfront_key_that_is_none():
    with pytest.raises(ImproperlyConfigured, match="AWS_CLOUDFRONT_KEY") as caught:
        storage(cloudfront_key_id="k", cloudfront_key="-----BEGIN secret-----")
    assert isinstance(caught.value, ValueError)
    assert "secret" not in str(caught.value)


def test_custom_policies(pem):
    from storages.cloudfront import CloudFrontSigner

    policy = CloudFrontSigner.build_policy("https://cdn/*", datetime(1970, 1, 2), datetime(1970, 1, 1), "10.0.0.1")
    assert policy == (
        '{"Statement":[{"Resource":"https://cdn/*","Condition":{"DateLessThan":{"AWS:EpochTime":86400},'
        '"IpAddress":{"AWS:SourceIp":"10.0.0.1/32"},"DateGreaterThan":{"AWS:EpochTime":0}}}]}'
    )
    query = parse_qs(urlsplit(CloudFrontSigner("k", pem).generate_presigned_url("https://cdn/a", policy=policy)).query)
    assert sorted(query) == ["Key-Pair-Id", "Policy", "Signature"]
    with pytest.raises(ValueError):
        CloudFrontSigner("k", pem).generate_presigned_url("https://cdn/a")


# -- What cannot be signed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("expire", [-1, 604801])
def test_expiry_out_of_bounds(expire):
    with pytest.raises(ValueError, match="expire"):
        storage().url("f", expire=expire)


def test_urls_need_a_bucket_t18():
    with pytest.raises(ImproperlyConfigured, match="AWS_STORAGE_BUCKET_NAME"):
        S3Storage().url("f")


def test_cookies_for_all_below_an_address(pem):
    signer = CloudFrontSigner("KEY", pem)
    moment = datetime(2030, 1, 1)
    resource = "https://cdn.example.com/members/*"
    made = signer.cookies(resource, date_less_than=moment)
    assert made == signer.cookies(resource, policy=signer.build_policy(resource, moment))
    assert sorted(made) == ["CloudFront-Key-Pair-Id", "CloudFront-Policy", "CloudFront-Signature"]
