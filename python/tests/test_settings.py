"""Where options come from, and what is refused: reference sections 1.1, 3, traps T14-T18, T56, T63-T65."""

from __future__ import annotations

import copy
import pickle
import time
import warnings

import django
import orlop
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from storages.backends import s3, s3boto3
from storages.backends.s3 import S3Storage
from storages.base import BaseStorage
from storages.s3.options import ClientConfig, TransferConfig, engine_options

OPTIONS = {
    "access_key": "AWS_S3_ACCESS_KEY_ID",
    "secret_key": "AWS_S3_SECRET_ACCESS_KEY",
    "security_token": "AWS_SESSION_TOKEN",
    "session_profile": "AWS_S3_SESSION_PROFILE",
    "file_overwrite": "AWS_S3_FILE_OVERWRITE",
    "object_parameters": "AWS_S3_OBJECT_PARAMETERS",
    "bucket_name": "AWS_STORAGE_BUCKET_NAME",
    "querystring_auth": "AWS_QUERYSTRING_AUTH",
    "querystring_expire": "AWS_QUERYSTRING_EXPIRE",
    "querystring_stable_for": "AWS_QUERYSTRING_STABLE_FOR",
    "signature_version": "AWS_S3_SIGNATURE_VERSION",
    "location": "AWS_LOCATION",
    "custom_domain": "AWS_S3_CUSTOM_DOMAIN",
    "cloudfront_key_id": "AWS_CLOUDFRONT_KEY_ID",
    "cloudfront_key": "AWS_CLOUDFRONT_KEY",
    "addressing_style": "AWS_S3_ADDRESSING_STYLE",
    "file_name_charset": "AWS_S3_FILE_NAME_CHARSET",
    "gzip": "AWS_IS_GZIPPED",
    "gzip_content_types": "GZIP_CONTENT_TYPES",
    "url_protocol": "AWS_S3_URL_PROTOCOL",
    "endpoint_url": "AWS_S3_ENDPOINT_URL",
    "public_endpoint_url": "AWS_S3_PUBLIC_ENDPOINT_URL",
    "proxies": "AWS_S3_PROXIES",
    "region_name": "AWS_S3_REGION_NAME",
    "use_ssl": "AWS_S3_USE_SSL",
    "verify": "AWS_S3_VERIFY",
    "max_memory_size": "AWS_S3_MAX_MEMORY_SIZE",
    "default_acl": "AWS_DEFAULT_ACL",
    "use_threads": "AWS_S3_USE_THREADS",
    "transfer_config": "AWS_S3_TRANSFER_CONFIG",
    "client_config": "AWS_S3_CLIENT_CONFIG",
    "dialect": "AWS_S3_DIALECT",
    "clamp_expiry": "AWS_S3_CLAMP_EXPIRY",
}


def test_there_are_all_options():
    assert set(S3Storage().get_default_settings()) == set(OPTIONS)


# Three good values of an option, where not every text is one.
VALUES = {
    "file_overwrite": (False, True, False),
    "querystring_auth": (False, True, False),
    "gzip": (True, False, True),
    "use_ssl": (False, True, False),
    "use_threads": (0, 1, 2),
    "clamp_expiry": (False, True, False),
    "querystring_expire": (1, 2, 3),
    "querystring_stable_for": (1, 2, 3),
    "max_memory_size": (1, 2, 3),
    "object_parameters": ({"ContentType": "a"}, {"ContentType": "b"}, {}),
    "proxies": ({"http": "a"}, {"http": "b"}, {}),
    "endpoint_url": ("http://a", "http://b", "https://c"),
    "public_endpoint_url": ("http://a", "http://b", "https://c"),
    "url_protocol": ("http:", "ftp:", ""),
    "addressing_style": ("auto", "path", "virtual"),
    "signature_version": ("s3", "s3v4", None),
    "default_acl": ("private", "public-read", None),
    "transfer_config": (TransferConfig(), TransferConfig(), TransferConfig()),
    "client_config": (ClientConfig(), ClientConfig(), ClientConfig()),
    "custom_domain": ("a.example", "b.example:8080", "c.example/static"),
    "region_name": ("eu-west-1", "eu-west-2", "auto"),
    "gzip_content_types": (["text/css"], ("text/css",), {"text/css"}),
    "dialect": ("minio", "ceph", "r2"),
}


@pytest.mark.parametrize(("option", "setting"), OPTIONS.items())
def test_option_beats_attribute_beats_setting_t56(option, setting):
    by_setting, by_attribute, by_option = VALUES.get(option, ("from setting", "from attribute", "from option"))
    # Half a pair is an error otherwise.
    extra = {"cloudfront_signer": None}
    if option in ("access_key", "secret_key"):
        extra["secret_key" if option == "access_key" else "access_key"] = "the other half"
    with override_settings(**{setting: by_setting}):
        assert getattr(S3Storage(**extra), option) == by_setting
        subclass = type("Sub", (S3Storage,), {option: by_attribute})
        assert getattr(subclass(**extra), option) == by_attribute
        assert getattr(subclass(**{option: by_option}, **extra), option) == by_option


MALFORMED = [
    ("bucket_name", 5),
    ("location", None),
    ("location", 5),
    ("region_name", ["eu"]),
    ("endpoint_url", "localhost:9000"),
    ("public_endpoint_url", "files.example.com"),
    ("custom_domain", "https://cdn.example.com"),
    ("url_protocol", "https://"),
    ("url_protocol", "https"),
    ("addressing_style", "subdomain"),
    ("signature_version", "v4"),
    ("default_acl", "public"),
    ("querystring_expire", "3600"),
    ("querystring_expire", -1),
    ("querystring_expire", 604801),
    ("object_parameters", ["CacheControl"]),
    ("object_parameters", {"Cache-Control": "x"}),
    ("proxies", "proxy:3128"),
    ("verify", 5),
    ("transfer_config", 8),
    ("file_overwrite", "False"),
    ("querystring_auth", "no"),
    ("gzip", "1"),
    ("use_ssl", "True"),
]


@pytest.mark.parametrize(("option", "value"), MALFORMED)
def test_malformed_options_are_refused_when_a_storage_is_made(option, value):
    with pytest.raises(ImproperlyConfigured, match=f"^{OPTIONS[option]}/{option}: ") as caught:
        S3Storage(**{option: value})
    if option != "object_parameters" and value is not None:
        with override_settings(**{OPTIONS[option]: value}), pytest.raises(ImproperlyConfigured) as by_setting:
            S3Storage()
        assert str(by_setting.value) == str(caught.value)


def test_the_allowed_object_parameters_are_listed():
    with pytest.raises(ValueError, match="there is no parameter 'Colour'; there are ACL, CacheControl, "):
        S3Storage(object_parameters={"Colour": "red"})


@pytest.mark.parametrize(
    "options",
    [
        {"signature_version": "s3"},
        {"querystring_auth": False},
        {"custom_domain": "cdn.example.com"},
    ],
)
def test_urls_that_sigv4_does_not_sign_may_live_longer(options):
    assert S3Storage(querystring_expire=10**9, **options).querystring_expire == 10**9


@pytest.mark.parametrize("value", [None, "", False])
def test_a_falsy_attribute_beats_the_setting_t56(value):
    with override_settings(AWS_S3_CUSTOM_DOMAIN="cdn"):
        assert type("Sub", (S3Storage,), {"custom_domain": value})().custom_domain == value


def test_an_empty_option_beats_an_attribute():
    assert type("Sub", (S3Storage,), {"location": "x"})(location="").location == ""


def test_defaults():
    storage = S3Storage()
    assert (storage.location, storage.file_overwrite, storage.querystring_expire) == ("", True, 3600)
    assert (storage.bucket_name, storage.default_acl, storage.gzip, storage.url_protocol) == (
        None,
        None,
        False,
        "https:",
    )
    assert storage.default_content_type == "application/octet-stream"
    assert "image/svg+xml" in storage.gzip_content_types


def test_defaults_are_not_shared():
    S3Storage().object_parameters["ACL"] = "private"
    assert S3Storage().object_parameters == {}


def test_subclasses_add_options():
    class Sub(S3Storage):
        def get_default_settings(self):
            return {**super().get_default_settings(), "extra": "default"}

    assert Sub().extra == "default"
    assert Sub(extra=1).extra == 1


@pytest.mark.parametrize("name", ["AWS_LOCATION", "config", "default_content_type", "acl", "bucket", "secure_urls"])
def test_unknown_options(name):
    with pytest.raises(ImproperlyConfigured, match=f"Invalid setting '{name}' for S3Storage"):
        S3Storage(**{name: "x"})


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("buckt_name", "bucket_name"),
        ("AWS_LOCATION", "location"),
        ("AWS_S3_REGION_NAME", "region_name"),
        ("gzi", "gzip"),
    ],
)
def test_unknown_options_name_the_nearest(name, nearest):
    with pytest.raises(ImproperlyConfigured, match=f"did you mean '{nearest}'"):
        S3Storage(**{name: "x"})


def test_location_with_a_leading_slash_t59():
    with pytest.raises(
        ImproperlyConfigured, match=r"S3Storage.location cannot begin with a leading slash\. Found '/x'"
    ):
        S3Storage(location="/x")


# -- Credentials -------------------------------------------------------------------------------------------------------


def keys(storage):
    return storage.access_key, storage.secret_key, storage.security_token


def test_names_in_order_t16_t17(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN"):
        monkeypatch.setenv(name, "env")
    assert keys(S3Storage()) == ("env", "env", "env")
    for name in ("AWS_S3_ACCESS_KEY_ID", "AWS_S3_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "env s3")
    assert keys(S3Storage()) == ("env s3", "env s3", "env s3")
    with override_settings(AWS_ACCESS_KEY_ID="set", AWS_SECRET_ACCESS_KEY="set", AWS_SECURITY_TOKEN="set"):
        assert keys(S3Storage()) == ("set", "set", "set")
        with override_settings(AWS_S3_ACCESS_KEY_ID="s3", AWS_S3_SECRET_ACCESS_KEY="s3", AWS_SESSION_TOKEN="s3"):
            assert keys(S3Storage()) == ("s3", "s3", "s3")
            assert keys(S3Storage(access_key="o", secret_key="o", security_token="o")) == ("o", "o", "o")


def test_a_setting_that_is_none_stops_the_chain_t16(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "env")
    with override_settings(AWS_S3_ACCESS_KEY_ID=None):
        assert S3Storage().access_key is None


@pytest.mark.parametrize("given", [{"access_key": "a"}, {"secret_key": "a"}])
def test_profile_and_keys_exclude_each_other_t15(given):
    with pytest.raises(
        ImproperlyConfigured, match="AWS_S3_SESSION_PROFILE/session_profile should not be provided with"
    ):
        S3Storage(session_profile="p", **given)


def test_profile_and_keys_of_the_environment_t15(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "env")
    with pytest.raises(ImproperlyConfigured, match="should not be provided with"):
        S3Storage(session_profile="p")


def test_what_the_engine_is_told():
    storage = S3Storage(session_profile="p", endpoint_url="https://s3.example", verify="/ca.pem")
    assert engine_options(storage) == {
        "profile": "p",
        "endpoint": "https://s3.example",
        "addressing": "path",
        "ca_file": "/ca.pem",
        "part_size": str(8 << 20),
        "concurrency": "10",
        "clamp_expiry": "true",
    }
    assert engine_options(S3Storage(clamp_expiry=False))["clamp_expiry"] == "false"
    assert engine_options(S3Storage(dialect="minio"))["dialect"] == "minio"
    assert engine_options(S3Storage(verify=False, use_ssl=False))["verify"] == "false"
    assert engine_options(S3Storage(use_ssl=False))["use_ssl"] == "false"


@pytest.mark.parametrize(
    ("endpoint", "proxy"),
    [("https://s3.example", "b:2"), ("http://s3.example", "a:1"), ("http://other", "c:3"), (None, "b:2")],
)
def test_proxies(endpoint, proxy):
    proxies = {"http": "a:1", "https": "b:2", "http://other": "c:3"}
    assert engine_options(S3Storage(endpoint_url=endpoint, proxies=proxies))["proxy"] == proxy


# -- Objects of the SDKs -----------------------------------------------------------------------------------------------


class SdkConfig:
    """With the attributes of botocore's Config."""

    s3 = {"addressing_style": "virtual"}
    signature_version = "s3"
    proxies = {"https": "proxy:1"}
    connect_timeout = 2.5
    read_timeout = 7
    retries = {"max_attempts": 2}
    region_name = "eu-west-3"


def test_client_config_replaces_three_options_t64():
    storage = S3Storage(client_config=SdkConfig(), addressing_style="path", signature_version="s3v4", proxies={})
    options = engine_options(storage)
    assert (options["addressing"], options["signature"], options["proxy"]) == ("virtual", "v2", "proxy:1")
    assert (options["connect_timeout"], options["first_byte_timeout"]) == ("2500ms", "7000ms")
    assert options["region"] == "eu-west-3"


def test_config_attribute_beats_the_option_t64():
    config = SdkConfig()
    with pytest.warns(DeprecationWarning, match="AWS_S3_CLIENT_CONFIG"):
        storage = type("Sub", (S3Storage,), {"config": config})(client_config=object())
    assert storage.client_config is config


def test_transfer_config_t64():
    storage = S3Storage(transfer_config=TransferConfig(multipart_chunksize=16 << 20, max_concurrency=3))
    assert (engine_options(storage)["part_size"], engine_options(storage)["concurrency"]) == (str(16 << 20), "3")


@pytest.mark.parametrize(("rate", "told"), [(1 << 20, str(1 << 20)), (2.5e6, "2500000"), (0.5, "1"), (None, None)])
def test_bandwidth_of_a_transfer_config(rate, told):
    storage = S3Storage(transfer_config=TransferConfig(max_bandwidth=rate))
    assert engine_options(storage).get("max_bandwidth") == told


def test_use_threads_false():
    with pytest.warns(DeprecationWarning, match="AWS_S3_TRANSFER_CONFIG"):
        storage = S3Storage(use_threads=False)
    assert storage.transfer_config.use_threads is False
    assert engine_options(storage)["concurrency"] == "1"


# -- At the first use --------------------------------------------------------------------------------------------------


def test_no_bucket_is_no_error_of_construction_t18():
    storage = S3Storage()
    with pytest.raises(ImproperlyConfigured, match="AWS_STORAGE_BUCKET_NAME"):
        storage.exists("x")


@pytest.mark.parametrize(
    ("options", "setting"),
    [
        ({"region_name": "no region"}, "AWS_S3_REGION_NAME"),
        ({"endpoint_url": "localhost:9000"}, "AWS_S3_ENDPOINT_URL"),
        ({"addressing_style": "vhost"}, "AWS_S3_ADDRESSING_STYLE"),
        ({"bucket_name": "b/c"}, "AWS_STORAGE_BUCKET_NAME"),
        ({"access_key": "a"}, "AWS_S3_SECRET_ACCESS_KEY"),
    ],
)
def test_what_is_malformed_names_the_setting(options, setting):
    with pytest.raises(ImproperlyConfigured, match=setting) as caught:
        S3Storage(**{"bucket_name": "b", **options}).exists("x")
    assert "\n" not in str(caught.value)


# -- Pickling, copying, deconstruction ---------------------------------------------------------------------------------


def test_pickle_t54():
    with override_settings(AWS_STORAGE_BUCKET_NAME="one", AWS_S3_ACCESS_KEY_ID="id", AWS_S3_SECRET_ACCESS_KEY="secret"):
        storage = S3Storage(location="media")
        data = pickle.dumps(storage)
    assert b"secret" not in data
    with override_settings(AWS_STORAGE_BUCKET_NAME="two"):
        again = pickle.loads(data)
    assert (again.location, again.bucket_name) == ("media", "two")
    assert again.deconstruct() == storage.deconstruct()
    assert isinstance(again.transfer_config, TransferConfig)


def test_pickle_keeps_what_was_set_later():
    storage = S3Storage()
    storage.gzip = True
    assert pickle.loads(pickle.dumps(storage)).gzip is True


def test_pickle_after_use_t54():
    storage = S3Storage(bucket_name="b", access_key="a", secret_key="s", region_name="us-east-1")
    assert pickle.loads(pickle.dumps(storage)).url("x").partition("?")[0] == storage.url("x").partition("?")[0]
    assert copy.deepcopy(storage).url("x").partition("?")[0] == storage.url("x").partition("?")[0]


def test_pickle_with_a_cloudfront_signer(monkeypatch):
    import subprocess

    pem = subprocess.run(["openssl", "genrsa", "1024"], check=True, capture_output=True, text=True).stdout
    monkeypatch.setattr(time, "time", lambda: 0)
    with override_settings(AWS_CLOUDFRONT_KEY_ID="k", AWS_CLOUDFRONT_KEY=pem):
        storage = S3Storage(custom_domain="cdn")
        data = pickle.dumps(storage)
        assert b"PRIVATE" not in data
        assert pickle.loads(data).url("x") == storage.url("x")


@pytest.mark.parametrize("kind", [s3.S3Storage, s3boto3.S3Boto3Storage])
def test_deconstruct_t63(kind):
    assert kind(location="x").deconstruct() == ("storages.backends.s3.S3Storage", (), {"location": "x"})


def test_identity_is_equality():
    assert S3Storage() != S3Storage()


def test_no_secret_is_shown():
    storage = S3Storage(bucket_name="b", access_key="AKID", secret_key="hush", security_token="hush")
    assert repr(storage) == "<S3Storage bucket='b' location=''>"


# -- The package -------------------------------------------------------------------------------------------------------


def test_old_names():
    assert s3boto3.S3Boto3Storage is s3.S3Storage
    assert s3boto3.S3Boto3StorageFile is s3.S3File
    assert s3boto3.S3StaticStorage is s3.S3StaticStorage
    assert s3boto3.S3ManifestStaticStorage is s3.S3ManifestStaticStorage
    assert issubclass(s3.S3Storage, BaseStorage)


@pytest.mark.skipif(django.VERSION < (5,), reason="override_settings forgets OPTIONS")
def test_django_makes_it():
    from django.core.files.storage import storages

    backend = {"BACKEND": "storages.backends.s3boto3.S3Boto3Storage", "OPTIONS": {"location": "x"}}
    with override_settings(STORAGES={"default": backend, "staticfiles": backend}):
        assert storages["default"].location == "x"


def test_construction_asks_nobody():
    with orlop.requests(max=0), warnings.catch_warnings():
        warnings.simplefilter("error")
        S3Storage(endpoint_url="http://127.0.0.1:1")
