"""url(): every form of host, path and signature, at a frozen clock."""

import datetime
import itertools
import os
from unittest import mock

from parity.harness import KEYS, frozen, outcome, scenario

TOKEN = {"security_token": "TOK/EN+=="}
V4 = {"signature_version": "s3v4"}
V2 = {"signature_version": "s3"}
LOCAL = {"endpoint_url": "http://localhost:9000"}

# Upstream signs with SigV2 where a region still knows it; ours never does so unasked.
OLD_REGIONS = [
    None,
    *"ap-northeast-1 ap-southeast-1 ap-southeast-2 eu-west-1 sa-east-1 us-east-1 us-west-1 us-west-2".split(),
    "us-gov-east-1",
    "us-gov-west-1",
]
NEW_REGIONS = "eu-central-1 us-east-2 eu-west-3 ap-south-1 ca-central-1 cn-north-1 cn-northwest-1 nyc3 auto".split()
PICKED = [None, "us-east-1", "us-west-2", "us-gov-west-1", "eu-central-1", "cn-north-1", "auto"]
STYLES = (None, "auto", "path", "virtual")

SIGV2 = "URLs are signed with SigV4 in every region"


@scenario(each={f"{region}": region for region in OLD_REGIONS}, differs=SIGV2)
def unasked_in_old_regions(site, region):
    return site.url(region_name=region)


@scenario(each={f"{region}, {style}": (region, style) for region, style in itertools.product(NEW_REGIONS, STYLES)})
def unasked_in_new_regions(site, region, style):
    return site.url(region_name=region, addressing_style=style)


@scenario(
    each={
        f"{region}, {style}, {version}": (region, style, version)
        for region, style, version in itertools.product(PICKED, STYLES, ("s3v4", "s3"))
    }
)
def asked(site, region, style, version):
    given = {"region_name": region, "addressing_style": style, "signature_version": version}
    return site.url(**given), site.url(security_token="TOK/EN+==", **given)


@scenario(each={str(style): style for style in STYLES})
def endpoints(site, style):
    given = {"addressing_style": style, **V4}
    return [
        site.url(region_name=region, endpoint_url=endpoint, **given)
        for endpoint, region in (
            ("http://localhost:9000", "us-east-1"),
            ("http://localhost:9000", None),
            ("https://acc.r2.cloudflarestorage.com", "auto"),
            ("https://nyc3.digitaloceanspaces.com", "nyc3"),
            ("https://s3.us-west-004.backblazeb2.com", "us-west-004"),
            ("https://ns.compat.objectstorage.eu-frankfurt-1.oraclecloud.com", "eu-frankfurt-1"),
            ("https://s3.fr-par.scw.cloud", "fr-par"),
            ("https://s3.eu-central-1.amazonaws.com", "eu-central-1"),
            ("https://storage.googleapis.com", "auto"),
            ("http://127.0.0.1:9000", "us-east-1"),
            ("http://localhost:9000/", "us-east-1"),
        )
    ]


LAZY = {
    "location": ("me dia/", {"region_name": "eu-central-1"}),
    "custom_domain": ("cdn.example.com", {}),
    "url_protocol": ("http:", {"custom_domain": "cdn.example.com"}),
    "addressing_style": ("path", {"region_name": "eu-central-1"}),
    "secret_key": ("secret", {"region_name": "eu-central-1"}),
}


@scenario(each={name: (name, *given) for name, given in LAZY.items()})
def lazy_options(site, name, value, others):
    from django.utils.functional import SimpleLazyObject, lazy

    return [
        outcome(site.url, **{**others, name: one})
        for one in (lazy(lambda: value, str)(), SimpleLazyObject(lambda: value))
    ]


@scenario
def a_location_that_is_the_member_of_an_enum(site):
    import enum

    class Places(str, enum.Enum):
        MEDIA = "media"

    return site.url(location=Places.MEDIA, region_name="eu-central-1")


@scenario(each={"timedelta": datetime.timedelta(1), "empty": "", "list": [60], "infinity": float("inf"), "-1": -1})
def an_expiry_of_what_nobody_signs(site, expire):
    return [
        outcome(site.url, call={"expire": expire}, **one)
        for one in ({"querystring_auth": False}, {"custom_domain": "c"})
    ]


@scenario(differs="a port that is the scheme's own")
def the_schemes_own_port(site):
    return [
        site.url(endpoint_url=endpoint, region_name="us-east-1", **V4)
        for endpoint in ("https://localhost:443", "http://localhost:80")
    ]


@scenario(each={str(style): style for style in STYLES})
def unasked_at_an_endpoint_of_a_new_region(site, style):
    return site.url(
        location="media",
        region_name="auto",
        endpoint_url="https://acc.r2.cloudflarestorage.com",
        addressing_style=style,
    )


@scenario(each={str(style): style for style in STYLES})
def sigv2_at_an_endpoint(site, style):
    return site.url(addressing_style=style, **LOCAL, **V2), site.url(addressing_style=style, **LOCAL, **V2, **TOKEN)


BUCKETS = ["a.b.c", "UpperB", "under_score", "ab"]


@scenario(
    each={f"{bucket}, {region}": (bucket, region) for bucket in BUCKETS for region in ("us-east-1", "eu-central-1")},
    differs=dict.fromkeys(["UpperB, eu-central-1", "ab, eu-central-1"], "a bucket whose name is in the path"),
)
def buckets(site, bucket, region):
    def url(**options):
        return outcome(site.url, bucket_name=bucket, region_name=region, **options)

    signed = [url(signature_version=one, addressing_style=style) for one in ("s3v4", "s3") for style in STYLES]
    return [*signed, *(url(addressing_style=style, **LOCAL, **V4) for style in (None, "path"))]


@scenario(differs="a bucket with dots")
def a_bucket_with_dots_below_a_host(site):
    return site.url(bucket_name="a.b.c", addressing_style="virtual", **LOCAL, **V4)


@scenario(each={f"{ssl}, {region}": (ssl, region) for ssl in (True, False) for region in (None, "eu-central-1")})
def use_ssl(site, ssl, region):
    return [
        site.url(use_ssl=ssl, region_name=region, addressing_style=style, querystring_auth=auth, **V4)
        for style in STYLES
        for auth in (True, False)
    ]


NAMES = [
    "f.txt",
    "dir/a b+c~é.txt",
    "it's(1)!*~.txt",
    "a&b=c?d#e.txt",
    "a%20b",
    "x\\y",
    "a//b",
    "a/../b",
    "trailing/",
    "日本/語.txt",
    "a:b@c,d;e$f",
    '[x]{y}|z^`"<>',
    " lead and trail ",
    ".hidden",
    "/abs",
    "2015-01-01T12:00:00",
    "tab\tnewline\n",
]


@scenario(each={repr(name): name for name in NAMES})
def names(site, name):
    def url(**options):
        return outcome(site.url, name, **options)

    return (
        url(region_name="eu-central-1"),
        url(region_name="us-east-1", **V2),
        url(querystring_auth=False),
        url(custom_domain="cdn.example.com"),
        url(custom_domain="cdn.example.com", location="m"),
        url(location="loc", region_name="eu-central-1"),
    )


@scenario(each={"": "", ".": ".", "..": "..", "/": "/", "../x": "../x"})
def names_of_the_root_with_a_domain(site, name):
    return outcome(site.url, name, custom_domain="cdn.example.com"), outcome(
        site.url, name, custom_domain="cdn.example.com", location="loc"
    )


@scenario(each={"": "", ".": ".", "/": "/", "a/..": "a/.."}, differs='`url("")`')
def names_of_the_root(site, name):
    return outcome(site.url, name)


CALLS = {
    "expire 60": {"expire": 60},
    "expire 0": {"expire": 0},
    "HEAD": {"http_method": "HEAD"},
    "PUT": {"http_method": "PUT"},
    "DELETE": {"http_method": "DELETE"},
    "all": {"expire": 61, "http_method": "HEAD", "parameters": {"VersionId": "v1"}},
    "disposition": {"parameters": {"ResponseContentDisposition": 'attachment; filename="x y.txt"'}},
    "three": {
        "parameters": {
            "ResponseContentDisposition": 'attachment; filename="x y.txt"',
            "ResponseContentType": "text/plain",
            "VersionId": "v1",
        }
    },
    "three, turned": {
        "parameters": {
            "VersionId": "v1",
            "ResponseContentType": "text/plain",
            "ResponseContentDisposition": "inline",
        }
    },
    "all overrides": {
        "parameters": {
            "ResponseCacheControl": "no-cache",
            "ResponseContentEncoding": "identity",
            "ResponseContentLanguage": "de",
            "ResponseContentType": "text/plain; charset=utf-8",
            "PartNumber": 3,
        }
    },
    "non-ascii": {"parameters": {"ResponseContentDisposition": "attachment; filename*=UTF-8''%C3%A9; x=é/+&="}},
    "empty": {"parameters": {}},
    "empty value": {"parameters": {"ResponseContentType": ""}},
}


@scenario(each={f"{name}, {auth}": (call, auth) for name, call in CALLS.items() for auth in (True, False)})
def calls(site, call, auth):
    return (
        outcome(site.url, "f.txt", call=call, region_name="eu-central-1", querystring_auth=auth, **V4),
        outcome(site.url, "f.txt", call=call, region_name="eu-central-1", querystring_auth=auth, **V4, **TOKEN),
        outcome(site.url, "f.txt", call=call, querystring_auth=auth, **LOCAL, **V4),
    )


@scenario(
    each={name: call for name, call in CALLS.items()},
    # Which of the two a service that still takes SigV2 verifies is not written down anywhere.
    differs={"empty value": "an empty response override in a SigV2 URL"},
)
def calls_with_sigv2(site, call):
    return outcome(site.url, "f.txt", call=call, region_name="us-east-1", **V2), outcome(
        site.url, "f.txt", call=call, region_name="us-east-1", **V2, **TOKEN
    )


@scenario(
    each={"foo": {"foo": "bar"}, "ContentType": {"ContentType": "x"}, "lower": {"response-content-type": "x"}},
    differs="`url(parameters=...)`",
)
def unknown_parameters(site, parameters):
    return outcome(site.url, call={"parameters": parameters})


SENT_AS_HEADERS = {
    "SSECustomerAlgorithm": "AES256",
    "SSECustomerKey": "k" * 32,
    "SSECustomerKeyMD5": "x",
    "IfNoneMatch": '"x"',
    "IfModifiedSince": datetime.datetime(2024, 1, 1),
    "IfUnmodifiedSince": "2024-01-01",
    "Range": "bytes=0-1",
    "IfMatch": '"x"',
    "ChecksumMode": "ENABLED",
    "RequestPayer": "requester",
    "ExpectedBucketOwner": "111122223333",
}


@scenario(
    each={
        **{name: {name: value} for name, value in SENT_AS_HEADERS.items()},
        "all": SENT_AS_HEADERS,
        "turned": dict(reversed(SENT_AS_HEADERS.items())),
        "key as bytes": {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"k" * 32},
        "among others": {"VersionId": "v", "Range": "bytes=0-1", "ResponseContentType": "a/b", "RequestPayer": "r"},
    }
)
def parameters_that_are_headers(site, parameters):
    def url(call=None, **options):
        return outcome(site.url, "f.txt", call={"parameters": parameters, **(call or {})}, **options)

    return (
        url(region_name="eu-central-1", **V4),
        url(region_name="eu-central-1", **V4, **TOKEN),
        url({"http_method": "PUT"}, region_name="eu-central-1", **V4),
        url(region_name="us-east-1", **V2),
        url(region_name="us-east-1", **V2, **TOKEN),
        url(region_name="eu-central-1", querystring_auth=False),
        url(custom_domain="cdn.example.com"),
        url(**LOCAL, **V4),
    )


@scenario(each=["POST", "PATCH", "OPTIONS", "no method"], differs="`url(http_method=...)` signs")
def other_methods(site, method):
    return outcome(site.url, "f.txt", call={"http_method": method}, region_name="eu-central-1", **V4)


@scenario(each={"-1": -1, "beyond seven days": 604801, "fraction": 60.5}, differs="an expiry that S3 refuses")
def expiries_that_are_refused(site, expire):
    return outcome(site.url, "f.txt", call={"expire": expire}, region_name="eu-central-1", **V4)


@scenario(each={name: name for name in ("None", "5")}, differs="`url(parameters=...)`")
def values_that_are_no_text(site, name):
    value = {"None": None, "5": [5]}[name]
    return outcome(site.url, "f.txt", call={"parameters": {"ResponseContentType": value}})


@scenario
def the_parameters_are_not_changed(site):
    given = {"VersionId": "v1"}
    site.url(call={"parameters": given})
    return given


@scenario(each={f"{style}, {region}": (style, region) for style in STYLES for region in (None, "eu-central-1", "nyc3")})
def unsigned(site, style, region):
    given = {"addressing_style": style, "region_name": region, "querystring_auth": False}
    return site.url(**given), site.url(**given, **LOCAL), site.url(**given, bucket_name="a.b.c")


@scenario
def unsigned_without_keys(site):
    return outcome(lambda: site.kind()(bucket_name="b", querystring_auth=False).url("x"))


@scenario
def a_client_that_does_not_sign(site):
    from botocore import UNSIGNED
    from botocore.config import Config

    given = {"client_config": Config(signature_version=UNSIGNED), "region_name": "eu-central-1"}
    parameters = {"ResponseContentType": "a/b"}
    return (
        site.url(**given),
        site.url(call={"parameters": parameters, "expire": 5}, **given),
        site.url(**given, **LOCAL),
    )


@scenario(differs="`us_east_1_regional_endpoint` of a `Config`")
def the_first_region_at_its_own_host(site):
    from botocore.config import Config

    config = Config(signature_version="s3v4", s3={"us_east_1_regional_endpoint": "regional"})
    return site.url(client_config=config, region_name="us-east-1")


@scenario(each=["use_dualstack_endpoint", "use_fips_endpoint"], differs="`use_dualstack_endpoint` or")
def hosts_of_amazon_and_an_endpoint(site, name):
    from botocore.config import Config

    config = Config(signature_version="s3v4", **{name: True})
    return outcome(site.url, client_config=config, region_name="us-east-1", **LOCAL)


@scenario(differs="`AWS_REGION` in the environment")
def the_region_of_the_environment(site):
    with mock.patch.dict(os.environ, {"AWS_REGION": "eu-west-3"}):
        return site.url(**V4)


@scenario(differs="`AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`")
def an_endpoint_of_the_environment_that_is_to_be_ignored(site):
    told = {"AWS_ENDPOINT_URL_S3": "http://localhost:9000", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
    with mock.patch.dict(os.environ, told):
        return site.url(region_name="eu-west-3", **V4)


@scenario
def static_storages_do_not_sign(site):
    def url(kind, **options):
        with frozen():
            return site.kind(kind)(bucket_name="test-bucket", region_name="eu-central-1", **KEYS, **options).url("x")

    with site.settings(AWS_QUERYSTRING_AUTH=True):
        return url("S3StaticStorage"), url("S3StaticStorage", querystring_auth=True)


@scenario(
    each={
        "path": "cdn.example.com/path",
        "port": "cdn.example.com:8080",
        "slash": "cdn.example.com/",
        "bare": "cdn.example.com",
    }
)
def custom_domains(site, domain):
    return [
        outcome(site.url, name, custom_domain=domain, location=location, call=call)
        for name in ("f", "dir/a b.txt")
        for location in ("", "m", "m/")
        for call in ({}, {"parameters": {"a": "b c", "d": "/&é"}}, {"expire": 5, "http_method": "PUT"})
    ]


@scenario(each={"http:": "http:", "empty": ""})
def url_protocol(site, protocol):
    with site.settings(AWS_S3_URL_PROTOCOL=protocol):
        by_setting = site.url("f", custom_domain="cdn.example.com")
    return by_setting, site.url("f", custom_domain="cdn.example.com", url_protocol=protocol)


@scenario
def url_protocol_none_as_setting(site):
    with site.settings(AWS_S3_URL_PROTOCOL=None):
        return site.url("f", custom_domain="cdn.example.com")


@scenario(differs="`url_protocol = None`")
def url_protocol_none_as_option(site):
    return site.url("f", custom_domain="cdn.example.com", url_protocol=None)
