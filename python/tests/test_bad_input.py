"""Malformed settings fail with the setting's name, and nothing secret is shown anywhere."""

from __future__ import annotations

import gc
import io
import logging
import pickle
import re
import subprocess
import sys
import traceback
import warnings
from base64 import b64encode
from functools import partial

import django
import orlop
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.migrations.writer import MigrationWriter
from django.test import RequestFactory, override_settings
from django.views.debug import technical_500_response
from storages.backends.s3 import S3File, S3ManifestStaticStorage, S3StaticStorage, S3Storage
from storages.backends.s3boto import S3BotoStorage
from storages.s3.options import ClientConfig, TransferConfig
from storages.s3.validation import _DIALECTS, SETTING_OF

NAN, INFINITE = float("nan"), float("inf")

WRONG = {
    "access_key": [5, b"key", ["key"]],
    "secret_key": [5, b"key", {"key": 1}],
    "security_token": [5, b"token", object()],
    "session_profile": [5, b"profile", ["p"]],
    "file_overwrite": ["False", "no", [1]],
    "object_parameters": [None, [], ["CacheControl"], "CacheControl=x", 5],
    "bucket_name": [5, b"bucket", ["bucket"]],
    "querystring_auth": ["False", [1], 0.5],
    "querystring_stable_for": ["3600", -1, 604800, 0.5, [60]],
    "querystring_expire": [None, "3600", True, -1, NAN, INFINITE, 604801, [60]],
    "signature_version": ["v4", "S3V4", 4],
    "location": [None, 5, b"media", ["media"]],
    "custom_domain": [5, "https://cdn.example.com", "cdn example.com", "cdn.example.com?x", b"cdn"],
    "cloudfront_key_id": [5, ["id"]],
    "cloudfront_key": [5, ["pem"]],
    "addressing_style": ["subdomain", 5, ["path"]],
    "file_name_charset": [5, ["utf-8"]],
    "gzip": ["True", [1]],
    "gzip_content_types": [None, "text/css", 5, ["text/css", 5], {"text/css": 1}],
    "url_protocol": ["https", "https://", 5],
    "endpoint_url": ["localhost:9000", "ftp://host", "http://", 5, "http://a b", "https://host?x=1", b"http://host"],
    "public_endpoint_url": ["files.example.com", 5, "https://"],
    "proxies": ["proxy:3128", ["proxy"], {"https": 5}, {5: "proxy"}],
    "region_name": ["eu central", 5, ["eu"], "eu/central", "x" * 65],
    "use_ssl": ["True", [1]],
    "verify": [5, ["ca.pem"], b"ca.pem"],
    "max_memory_size": ["5", -1, NAN, [1]],
    "default_acl": ["public", "PUBLIC-READ", 5, ["private"]],
    "use_threads": ["no", [1]],
    "transfer_config": [
        8,
        {"multipart_threshold": 5},
        TransferConfig(multipart_threshold="8"),
        TransferConfig(multipart_chunksize=0),
        TransferConfig(max_concurrency=0),
        TransferConfig(max_concurrency=1001),
        TransferConfig(max_bandwidth="1M"),
        TransferConfig(max_bandwidth=0),
        TransferConfig(max_bandwidth=INFINITE),
    ],
    "client_config": [
        8,
        "config",
        {"s3": {}},
        ClientConfig(s3={"addressing_style": "subdomain"}),
        ClientConfig(connect_timeout="5"),
        ClientConfig(read_timeout=-1),
        ClientConfig(retries=3),
        ClientConfig(retries={"max_attempts": "3"}),
        ClientConfig(signature_version="v4"),
    ],
    "dialect": ["amazon", 5],
    "clamp_expiry": ["no", [1]],
}


def test_every_option_is_looked_at():
    assert set(WRONG) == set(SETTING_OF) == set(S3Storage().get_default_settings())


def completed(option, value):
    partner = {"access_key": "secret_key", "secret_key": "access_key", "cloudfront_key": "cloudfront_key_id"}
    partner["cloudfront_key_id"] = "cloudfront_key"
    return {option: value, **({partner[option]: "other"} if option in partner else {})}


@pytest.mark.parametrize(("option", "value"), [(option, value) for option, values in WRONG.items() for value in values])
def test_a_wrong_value_names_its_setting(option, value):
    with pytest.raises(ImproperlyConfigured) as caught:
        S3Storage(**completed(option, value))
    text = str(caught.value)
    assert text.startswith(f"{SETTING_OF[option]}/{option}: "), text
    assert "\n" not in text and len(text) < 300


@pytest.mark.parametrize(("option", "value"), [(option, values[0]) for option, values in WRONG.items()])
@pytest.mark.parametrize("kind", [S3StaticStorage, S3ManifestStaticStorage])
def test_wherever_it_comes_from(option, value, kind):
    by_setting = {SETTING_OF[name]: given for name, given in completed(option, value).items()}
    if option != "querystring_auth":  # an attribute of these classes
        with override_settings(**by_setting), pytest.raises(ImproperlyConfigured, match=SETTING_OF[option]):
            kind(**({"cloudfront_signer": None} if "cloudfront" in option else {}))
    attributes = type("Sub", (kind,), completed(option, value))
    with pytest.raises(ImproperlyConfigured, match=SETTING_OF[option]):
        attributes()


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"Colour": "red"}, "there is no parameter 'Colour'; there are ACL, CacheControl, "),
        ({"cache-control": "x"}, "there is no parameter 'cache-control'; there are "),
        ({"ACL": "public"}, "ACL: expected one of private, public-read"),
        ({"CacheControl": 5}, "CacheControl: expected a text, not int"),
        ({"CacheControl": "a\r\nx-amz-acl: public-read"}, "CacheControl: a header cannot hold line breaks"),
        ({"ContentType": b"text/css"}, "ContentType: expected a text, not bytes"),
        ({"Metadata": "a=b"}, "Metadata: expected a dict of texts, not str"),
        ({"Metadata": {"a": 5}}, "Metadata: expected a text, not int"),
        ({"Metadata": {"a": "b\n"}}, "Metadata: a header cannot hold line breaks"),
        ({"Metadata": {"a b": "c"}}, "Metadata: 'a b' is no name of a header"),
        ({"Metadata": {5: "c"}}, "Metadata: 5 is no name of a header"),
        ({"Expires": "tomorrow"}, "Expires: "),
        ({"SSECustomerKey": 5}, "SSECustomerKey: expected a key, not int"),
        ({"Tagging": {"a": "b"}}, "Tagging: expected a text, not dict"),
    ],
)
def test_wrong_object_parameters(parameters, said):
    with pytest.raises(ImproperlyConfigured, match=re.escape(f"AWS_S3_OBJECT_PARAMETERS/object_parameters: {said}")):
        S3Storage(object_parameters=parameters)
    with pytest.raises(ValueError, match="AWS_S3_OBJECT_PARAMETERS"):
        S3Storage(object_parameters=parameters)


def test_the_allowed_parameters_are_all_listed():
    from storages.s3.parameters import UPLOAD

    with pytest.raises(ImproperlyConfigured) as caught:
        S3Storage(object_parameters={"Colour": "red"})
    assert str(caught.value).partition("there are ")[2].split(", ") == sorted(UPLOAD)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"access_key": "a"}, ["AWS_S3_ACCESS_KEY_ID", "AWS_S3_SECRET_ACCESS_KEY"]),
        ({"secret_key": "a"}, ["AWS_S3_ACCESS_KEY_ID", "AWS_S3_SECRET_ACCESS_KEY"]),
        ({"cloudfront_key_id": "a"}, ["AWS_CLOUDFRONT_KEY_ID", "AWS_CLOUDFRONT_KEY"]),
        ({"cloudfront_key": "a"}, ["AWS_CLOUDFRONT_KEY_ID", "AWS_CLOUDFRONT_KEY"]),
        (
            {"access_key": "a", "secret_key": "b", "session_profile": "c"},
            ["AWS_S3_SESSION_PROFILE", "AWS_S3_ACCESS_KEY_ID"],
        ),
        ({"location": "/media"}, ["AWS_LOCATION"]),
    ],
)
def test_halves_and_slashes(options, names):
    with pytest.raises(ImproperlyConfigured) as caught:
        S3Storage(**options)
    assert all(name in str(caught.value) for name in names)


@pytest.mark.parametrize("kind", [S3Storage, S3BotoStorage])
def test_an_acl_of_buckets_that_are_made(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for wrong in ("public", ["private"]):
            said = pytest.raises(ImproperlyConfigured, match=r"^AWS_BUCKET_ACL: expected one of private, ")
            with override_settings(AWS_AUTO_CREATE_BUCKET=True, AWS_BUCKET_ACL=wrong), said:
                kind(bucket_name="b")
        with override_settings(AWS_AUTO_CREATE_BUCKET=True, AWS_BUCKET_ACL="public-read"):
            assert kind(bucket_name="b")._engine_options()["bucket_acl"] == "public-read"


def test_a_falsy_half_is_none():
    assert S3Storage(access_key="", secret_key=None).access_key == ""
    assert S3Storage(cloudfront_key_id="", cloudfront_key=None).cloudfront_signer is None


def made(*command, given=""):
    return subprocess.run(["openssl", *command], input=given, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def pem():
    return made("genrsa", "2048")


def test_what_is_no_private_key(pem):
    body = pem.splitlines()
    others = {
        "text": "hush-hush",
        "empty": "-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----\n",
        "cut": "\n".join(body[:5]),
        "encrypted": made("rsa", "-aes128", "-passout", "pass:hush", given=pem),
        "public": made("rsa", "-pubout", given=pem),
        "elliptic": made("ecparam", "-name", "prime256v1", "-genkey", "-noout"),
        "binary": b"\x30\x82\x00\xff",
    }
    for name, key in others.items():
        with pytest.raises(ImproperlyConfigured, match=r"^AWS_CLOUDFRONT_KEY/cloudfront_key: ") as caught:
            S3Storage(cloudfront_key_id="K", cloudfront_key=key)
        assert isinstance(caught.value, ValueError), name
        assert "hush" not in str(caught.value) and body[2] not in str(caught.value)


def test_a_signer_that_cannot_sign():
    with pytest.raises(ImproperlyConfigured, match=r"^cloudfront_signer: expected an object with generate_presigned"):
        S3Storage(cloudfront_signer="signer")
    assert S3Storage(cloudfront_signer=None).cloudfront_signer is None


@pytest.mark.parametrize("size", ["5MB", -1, 1.5, [5]])
def test_the_buffer_size(size):
    with override_settings(AWS_S3_FILE_BUFFER_SIZE=size), pytest.raises(ImproperlyConfigured, match="_BUFFER_SIZE"):
        S3Storage()


@pytest.mark.parametrize("expire", [-1, 604801, 10**12])
def test_an_expiry_of_one_url(expire):
    storage = S3Storage(bucket_name="b", access_key="a", secret_key="s", region_name="us-east-1")
    with pytest.raises(ValueError, match="expire"):
        storage.url("a", expire=expire)


@pytest.mark.parametrize("expire", ["", [1], float("inf"), float("nan"), {}])
def test_an_expiry_that_is_no_number(expire):
    storage = S3Storage(bucket_name="b", access_key="a", secret_key="s", region_name="us-east-1")
    with pytest.raises((TypeError, ValueError), match=r"^expires: expected a number of seconds, not "):
        storage.url("a", expire=expire)


@pytest.mark.parametrize("option", ["endpoint_url", "addressing_style", "region_name", "signature_version"])
def test_what_is_false_is_as_if_it_were_not_there(option):
    storage = S3Storage(**{"bucket_name": "bucket", "access_key": "a", "secret_key": "s", option: 0})
    assert storage.url("a").startswith("https://bucket.s3.amazonaws.com/a?")


def test_the_sizes_of_transfers_are_whole_numbers():
    with pytest.raises(ImproperlyConfigured, match="AWS_S3_TRANSFER_CONFIG/transfer_config: expected a TransferConfig"):
        S3Storage(transfer_config=TransferConfig(multipart_threshold=8e6))


def test_the_dialects_are_those_of_the_engine():
    with pytest.raises(orlop.ConfigInvalid) as caught:
        orlop.open("s3://b", dialect="none", region="us-east-1").exists("x")
    known = str(caught.value).partition("there are ")[2]
    assert set(re.findall(r"[a-z0-9]+", known)) >= set(_DIALECTS)
    assert all(re.search(rf"\b{name}\b", known) for name in _DIALECTS)


@pytest.mark.parametrize(
    "options",
    [
        {"endpoint_url": "http://[::1]:9000", "region_name": "auto"},
        {"endpoint_url": "HTTPS://S3.example.com/base/"},
        {"custom_domain": "cdn.example.com:8080/@static", "url_protocol": ""},
        {"proxies": {"https": "user:pw@proxy:3128", "http": None}, "verify": False},
        {"querystring_expire": 0, "gzip_content_types": [], "object_parameters": {}},
        {"object_parameters": {"Metadata": {"A-b": "ü"}, "ACL": "", "CacheControl": None, "Expires": 0}},
    ],
)
def test_what_is_right_is_let_through(options):
    for name, value in options.items():
        assert getattr(S3Storage(**options), name) == value


# -- Secrets -----------------------------------------------------------------------------------------------------------

SECRETS = {"secret_key": "hush-the-secret", "security_token": "hush-the-token", "access_key": "AKIDHUSHHUSHHUSH"}


@pytest.mark.parametrize("option", ["access_key", "secret_key", "security_token", "cloudfront_key", "proxies"])
def test_a_wrong_secret_is_not_shown(option):
    for value in ([b"hush"], b"hush" if option != "cloudfront_key" else ["hush"], {"x": {"hush": 1}}):
        with pytest.raises(ImproperlyConfigured) as caught:
            S3Storage(**completed(option, value))
        assert "hush" not in str(caught.value)


def test_a_password_in_an_address_is_not_shown():
    for option in ("endpoint_url", "public_endpoint_url", "custom_domain"):
        for value in ("https://user:hush@host", "ftp://user:hush@host", "user:hush@ho st"):
            with pytest.raises(ImproperlyConfigured) as caught:
                S3Storage(**{option: value})
            assert "hush" not in str(caught.value)


def test_a_pickle_holds_what_the_constructor_was_given(pem):
    looked_up = {
        "AWS_S3_ACCESS_KEY_ID": SECRETS["access_key"],
        "AWS_S3_SECRET_ACCESS_KEY": SECRETS["secret_key"],
        "AWS_SESSION_TOKEN": SECRETS["security_token"],
        "AWS_CLOUDFRONT_KEY_ID": "K",
        "AWS_CLOUDFRONT_KEY": pem,
        "AWS_S3_PROXIES": {"https": "user:hush@proxy"},
        "AWS_S3_OBJECT_PARAMETERS": {"SSECustomerKey": "hush" * 8},
        "AWS_S3_REGION_NAME": "eu-central-1",
    }
    with override_settings(**looked_up):
        storage = S3Storage(bucket_name="b", location="media")
        storage.url("a")  # in use
        data = pickle.dumps(storage)
        assert pickle.loads(data).secret_key == SECRETS["secret_key"]
    for secret in (b"hush", b"AKIDHUSH", b"PRIVATE", b"eu-central"):
        assert secret not in data
    state = storage.__getstate__()
    assert {name for name in state if name != "_constructor_args"} == {"bucket_name", "location"}
    assert state.get("_constructor_args", ((), {}))[1] == {"bucket_name": "b", "location": "media"}


class View:
    """A view that keeps a storage, its parts and a file in the locals of several frames, and fails."""

    def __init__(self, storage):
        self.storage = storage

    def __call__(self, request):
        storage = self.storage
        everything = [storage, {"storage": storage}, storage.transfer_config, storage.client_config]
        signer = storage.cloudfront_signer
        return self.deeper(storage, signer, everything)

    def deeper(self, storage, signer, everything):
        handle = storage._store
        url = storage.open
        writer = storage.open("new.txt", "w")
        writer.write("half")
        with writer:
            return self.deepest(handle, writer, url, signer, everything)

    def deepest(self, handle, writer, url, signer, everything):
        return self.storage.size("missing.txt")


def debug_page(call, *arguments):
    """Of what the call raises, without the frames that made it: a test spells secrets out."""
    with override_settings(DEBUG=True, ROOT_URLCONF="django.contrib.staticfiles.urls"):
        try:
            call(*arguments)
        except (orlop.OrlopError, ImproperlyConfigured):
            kind, error, trace = sys.exc_info()
            page = technical_500_response(RequestFactory().get("/"), kind, error, trace.tb_next)
            return page.content.decode() + "".join(traceback.format_exception(kind, error, trace.tb_next))
    raise AssertionError("nothing was raised")


def test_the_debug_page_of_a_failing_view(own_place, pem):
    settings = {
        "AWS_S3_ACCESS_KEY_ID": own_place.key,
        "AWS_S3_SECRET_ACCESS_KEY": own_place.secret,
        "AWS_CLOUDFRONT_KEY_ID": "KEYPAIRID",
        "AWS_CLOUDFRONT_KEY": pem,
        "AWS_S3_OBJECT_PARAMETERS": {"CacheControl": "no-cache"},
    }
    options = {name: value for name, value in own_place.options.items() if name not in ("access_key", "secret_key")}
    with override_settings(**settings):
        by_settings = S3Storage(**options)
        by_options = S3Storage(**own_place.options, cloudfront_key_id="K", cloudfront_key=pem)
        pages = [debug_page(View(storage), None) for storage in (by_settings, by_options)]
    for page in pages:
        assert "deepest" in page and "&lt;S3Storage bucket=" in page and "&lt;CloudFrontSigner" in page
        assert own_place.secret not in page and own_place.key not in page
        assert pem.splitlines()[2] not in page and "X-Amz-Signature" not in page


def test_the_debug_page_of_an_unreachable_service(closed_port):
    # What the constructor was given stands in the frame of whoever gave it, as every local of a site's own code.
    storage = S3Storage(bucket_name="b", endpoint_url=f"http://127.0.0.1:{closed_port}", **SECRETS)
    storage.client_config = ClientConfig(retries={"total_max_attempts": 1})
    for call in (storage.exists, storage.open, storage.listdir, lambda name: storage.save(name, io.BytesIO(b"x"))):
        page = debug_page(call, "a")
        assert not [secret for secret in SECRETS.values() if secret in page]


@pytest.mark.parametrize("kind", [S3Storage, S3StaticStorage, S3ManifestStaticStorage])
@pytest.mark.parametrize("wrong", [{"default_acl": "public"}, {"colour": "red"}, {"cloudfront_key": "hush"}])
def test_the_debug_page_of_a_storage_that_cannot_be_made(kind, wrong):
    looked_up = {
        "AWS_S3_ACCESS_KEY_ID": SECRETS["access_key"],
        "AWS_S3_SECRET_ACCESS_KEY": SECRETS["secret_key"],
        "AWS_CLOUDFRONT_KEY_ID": "K",
    }
    given = {"security_token": SECRETS["security_token"], **wrong}
    with override_settings(**looked_up):
        page = debug_page(partial(kind, **given))
    assert "ImproperlyConfigured" in page
    assert not [secret for secret in (*SECRETS.values(), "'hush'", "&#x27;hush&#x27;") if secret in page]


def test_the_debug_page_of_a_pickle_that_no_longer_fits(pem):
    with override_settings(AWS_CLOUDFRONT_KEY_ID="K", AWS_CLOUDFRONT_KEY=pem):
        data = pickle.dumps(S3Storage(bucket_name="b", **SECRETS))
    with override_settings(AWS_CLOUDFRONT_KEY_ID="K"):
        page = debug_page(pickle.loads, data)
    assert "AWS_CLOUDFRONT_KEY" in page and "hush-the" not in page.partition("Traceback")[0]


def test_the_debug_page_shows_no_customer_key(own_place):
    key = "hush" * 8
    storage = own_place.storage(
        bucket_name="no-such-bucket", object_parameters={"SSECustomerKey": key, "SSECustomerAlgorithm": "AES256"}
    )
    writer = storage.open("new", "w")
    writer.write("x")
    calls = [
        partial(storage.size, "a"),
        partial(storage.open, "a"),
        partial(storage.save, "a", io.BytesIO(b"x")),
        writer.close,
    ]
    for call in calls:
        page = debug_page(call)
        assert key not in page and b64encode(key.encode()).decode() not in page


def test_nothing_of_a_storage_shows_a_secret(own_place, pem):
    storage = own_place.storage(cloudfront_key_id="K", cloudfront_key=pem, security_token="")
    storage.save("a", io.BytesIO(b"x"))
    shown = [storage, storage._store, storage.open("a"), storage.client_config, storage.transfer_config]
    shown += [storage.cloudfront_signer, storage.open("b", "w"), storage.connection, storage.bucket]
    text = "".join(f"{one!r}{one}" for one in shown)
    assert own_place.secret not in text and pem.splitlines()[2] not in text
    assert isinstance(shown[2], S3File)


def test_logs_and_warnings_show_no_secret(own_place, caplog):
    caplog.set_level(logging.DEBUG)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        storage = own_place.storage(use_threads=False)
        storage.save("a", io.BytesIO(b"x"))
        storage.url("a")
        for call in (storage.open, storage.size, storage.get_modified_time):
            with pytest.raises(FileNotFoundError):
                call("missing")
        del storage.open("unfinished", "w").mode
        gc.collect()
    text = caplog.text + "".join(str(one.message) for one in caught)
    assert caught and own_place.secret not in text and own_place.key not in text


def test_migrations_hold_what_the_constructor_was_given():
    with override_settings(AWS_S3_ACCESS_KEY_ID=SECRETS["access_key"], AWS_S3_SECRET_ACCESS_KEY=SECRETS["secret_key"]):
        written, _ = MigrationWriter.serialize(S3Storage(location="media"))
    assert written == "storages.backends.s3.S3Storage(location='media')"


@pytest.mark.skipif(django.VERSION < (4, 2), reason="STORAGES is of Django 4.2")
@pytest.mark.parametrize(("option", "value"), [(option, values[0]) for option, values in WRONG.items()])
def test_the_system_check_says_it_too(option, value):
    from storages.checks import check_settings

    options = {"bucket_name": "b", **completed(option, value)}
    with override_settings(STORAGES={"default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}}):
        errors = [message.msg for message in check_settings(None) if message.is_serious()]
    assert any(SETTING_OF[option] in text or f"default: {option}" in text for text in errors), errors
