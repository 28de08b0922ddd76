"""Settings of every era as sites still have them: what they do, what they warn of, and which are refused."""

from __future__ import annotations

import http.server
import threading
import warnings

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.test import override_settings
from django.utils.module_loading import import_string
from orlop import OrlopError
from storages.backends import s3, s3boto, s3boto3
from storages.check import eras
from storages.s3 import legacy

BOTO = "storages.backends.s3boto.S3BotoStorage"


@pytest.fixture(autouse=True)
def nothing_warned_of(monkeypatch):
    monkeypatch.setattr(legacy, "_warned", set())


@pytest.fixture
def quietly():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def warned(make):
    """{name: text} of the deprecations."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make()
    assert all(issubclass(one.category, DeprecationWarning) for one in caught)
    return dict(str(one.message).split(": ", 1) for one in caught)


# -- The class on boto -------------------------------------------------------------------------------------------------

OPTIONS = {
    "AWS_S3_ACCESS_KEY_ID": "access_key",
    "AWS_ACCESS_KEY_ID": "access_key",
    "AWS_S3_SECRET_ACCESS_KEY": "secret_key",
    "AWS_SECRET_ACCESS_KEY": "secret_key",
    "AWS_STORAGE_BUCKET_NAME": "bucket_name",
    "AWS_S3_FILE_OVERWRITE": "file_overwrite",
    "AWS_HEADERS": "headers",
    "AWS_AUTO_CREATE_BUCKET": "auto_create_bucket",
    "AWS_DEFAULT_ACL": "default_acl",
    "AWS_BUCKET_ACL": "bucket_acl",
    "AWS_QUERYSTRING_AUTH": "querystring_auth",
    "AWS_QUERYSTRING_EXPIRE": "querystring_expire",
    "AWS_REDUCED_REDUNDANCY": "reduced_redundancy",
    "AWS_LOCATION": "location",
    "AWS_ORIGIN": "origin",
    "AWS_S3_ENCRYPTION": "encryption",
    "AWS_S3_CUSTOM_DOMAIN": "custom_domain",
    "AWS_S3_CALLING_FORMAT": "calling_format",
    "AWS_S3_SECURE_URLS": "secure_urls",
    "AWS_S3_FILE_NAME_CHARSET": "file_name_charset",
    "AWS_IS_GZIPPED": "gzip",
    "AWS_PRELOAD_METADATA": "preload_metadata",
    "GZIP_CONTENT_TYPES": "gzip_content_types",
    "AWS_S3_URL_PROTOCOL": "url_protocol",
    "AWS_S3_HOST": "host",
    "AWS_S3_USE_SSL": "use_ssl",
    "AWS_S3_PORT": "port",
    "AWS_S3_PROXY_HOST": "proxy",
    "AWS_S3_PROXY_PORT": "proxy_port",
    "AWS_S3_MAX_MEMORY_SIZE": "max_memory_size",
    "S3_USE_SIGV4": "use_sigv4",
}


@pytest.mark.parametrize(("setting", "option"), OPTIONS.items())
def test_every_setting_of_the_class_is_read(setting, option, quietly):
    with override_settings(**{setting: "seen"}):
        assert _defaults()[option] == "seen"


def _defaults():
    return s3boto.S3BotoStorage.get_default_settings(object.__new__(s3boto.S3BotoStorage))


def test_defaults(quietly):
    """As they were, but for what was public or insecure by itself."""
    storage = s3boto.S3BotoStorage()
    assert (storage.headers, storage.auto_create_bucket, storage.reduced_redundancy, storage.encryption) == (
        {},
        False,
        False,
        False,
    )
    assert (storage.host, storage.port, storage.proxy, storage.proxy_port) == ("s3.amazonaws.com", None, None, None)
    assert (storage.origin, storage.secure_urls, storage.url_protocol) == ("", True, "https:")
    assert isinstance(storage.calling_format, s3boto.SubdomainCallingFormat)
    assert (storage.file_overwrite, storage.querystring_auth, storage.querystring_expire) == (True, True, 3600)
    assert (storage.default_acl, storage.bucket_acl) == (None, None)


def test_the_size_of_parts(own_place, quietly):
    with override_settings(AWS_S3_FILE_BUFFER_SIZE=6 << 20):
        assert own_place.storage(s3boto.S3BotoStorage).open("a.txt", "w").buffer_size == 6 << 20

    class Larger(s3boto.S3BotoStorageFile):
        buffer_size = 7 << 20

    storage = own_place.storage(type("Site", (s3boto.S3BotoStorage,), {"file_class": Larger}))
    assert storage.open("a.txt", "w").buffer_size == 7 << 20


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({"AWS_S3_HOST": "s3-eu-west-1.amazonaws.com"}, {"region_name": "eu-west-1", "endpoint_url": None}),
        ({"AWS_S3_HOST": "objects.example.com"}, {"endpoint_url": "https://objects.example.com"}),
        (
            {"AWS_S3_HOST": "objects.example.com", "AWS_S3_PORT": 8443, "AWS_S3_USE_SSL": False},
            {"endpoint_url": "http://objects.example.com:8443"},
        ),
        ({"AWS_S3_PORT": 8443}, {"endpoint_url": "https://s3.amazonaws.com:8443"}),
        ({"AWS_ORIGIN": "EU"}, {"region_name": "eu-west-1"}),
        (
            {"AWS_S3_PROXY_HOST": "proxy.example.com", "AWS_S3_PROXY_PORT": 3128},
            {"proxies": {"http": "proxy.example.com:3128", "https": "proxy.example.com:3128"}},
        ),
        ({"AWS_S3_CALLING_FORMAT": s3boto.OrdinaryCallingFormat()}, {"addressing_style": "path"}),
        ({"AWS_S3_CALLING_FORMAT": s3boto.SubdomainCallingFormat()}, {"addressing_style": None}),
        # Today's words win.
        ({"AWS_S3_HOST": "objects.example.com", "AWS_S3_ENDPOINT_URL": "http://a:1"}, {"endpoint_url": "http://a:1"}),
        ({"AWS_ORIGIN": "EU", "AWS_S3_REGION_NAME": "us-west-2"}, {"region_name": "us-west-2"}),
    ],
)
def test_what_they_are_today(settings, options, quietly):
    with override_settings(AWS_STORAGE_BUCKET_NAME="media", **settings):
        storage = s3boto.S3BotoStorage()
        assert {name: getattr(storage, name) for name in options} == options
        assert storage._store.name == "media" or storage._store


def test_requests_go_through_the_proxy(own_server, own_place, quietly):
    """A proxy of HTTP is asked for the whole address; the development server takes that."""
    host, _, port = own_place.endpoint.partition("://")[2].partition(":")
    with override_settings(AWS_S3_PROXY_HOST=host, AWS_S3_PROXY_PORT=int(port), AWS_S3_HOST="nowhere.invalid"):
        storage = s3boto.S3BotoStorage(
            bucket_name=own_place.bucket,
            access_key=own_place.key,
            secret_key=own_place.secret,
            use_ssl=False,
            calling_format=s3boto.OrdinaryCallingFormat(),
        )
        assert storage.save("a.txt", ContentFile(b"x")) == "a.txt"
    assert own_place.storage().exists("a.txt")


def test_what_is_warned_of():
    settings = {
        "AWS_HEADERS": {"Cache-Control": "max-age=86400"},
        "AWS_S3_HOST": "s3.eu-central-1.amazonaws.com",
        "AWS_S3_ENCRYPTION": True,
        "AWS_REDUCED_REDUNDANCY": True,
        "AWS_S3_CALLING_FORMAT": s3boto.OrdinaryCallingFormat(),
        "AWS_S3_SECURE_URLS": False,
        "AWS_S3_PROXY_HOST": "proxy.example.com",
        "AWS_AUTO_CREATE_BUCKET": True,
        "AWS_PRELOAD_METADATA": True,
        "S3_USE_SIGV4": True,
    }
    with override_settings(AWS_STORAGE_BUCKET_NAME="media", **settings):
        texts = warned(s3boto.S3BotoStorage)
        again = warned(s3boto.S3BotoStorage)
    assert again == {}
    assert texts.keys() == {*settings, BOTO, "AWS_DEFAULT_ACL"}
    assert texts[BOTO] == "is deprecated; use storages.backends.s3.S3Storage"
    assert texts["AWS_HEADERS"].startswith("is deprecated; use AWS_S3_OBJECT_PARAMETERS: ")
    assert texts["AWS_S3_HOST"].startswith("is deprecated; use AWS_S3_REGION_NAME: ")
    assert texts["AWS_S3_ENCRYPTION"].startswith("is deprecated; use AWS_S3_OBJECT_PARAMETERS: ")
    assert texts["AWS_S3_CALLING_FORMAT"].startswith("is deprecated; use AWS_S3_ADDRESSING_STYLE: ")
    assert texts["AWS_S3_SECURE_URLS"].startswith("is deprecated; use AWS_S3_URL_PROTOCOL: ")
    assert texts["AWS_S3_PROXY_HOST"].startswith("is deprecated; use AWS_S3_PROXIES: ")
    assert "orlop mb s3://media" in texts["AWS_AUTO_CREATE_BUCKET"]
    assert "remove it" in texts["AWS_PRELOAD_METADATA"] and "remove it" in texts["S3_USE_SIGV4"]
    assert "public-read" in texts["AWS_DEFAULT_ACL"]


def test_nothing_is_warned_of_where_nothing_is_old():
    with override_settings(AWS_DEFAULT_ACL=None, AWS_STORAGE_BUCKET_NAME="media"):
        assert warned(s3boto.S3BotoStorage).keys() == {BOTO}
        assert warned(s3.S3Storage) == {}


def test_no_secret_is_warned_of():
    headers = {"x-amz-server-side-encryption-customer-key": "hidden1"}
    with override_settings(
        AWS_HEADERS=headers,
        AWS_S3_PROXY_HOST="http://me:hidden2@proxy",
        AWS_ACCESS_KEY_ID="hidden3",
        AWS_SECRET_ACCESS_KEY="hidden3",
    ):
        assert "hidden" not in str(warned(s3boto.S3BotoStorage))


def test_arguments_of_old():
    def make():
        storage = s3boto.S3BotoStorage("private", bucket="media", there_is_none=1)
        assert (storage.default_acl, storage.bucket_name) == ("private", "media")

    texts = warned(make)
    assert texts["S3BotoStorage(acl=...)"] == "is deprecated; use default_acl"
    assert texts["S3BotoStorage(bucket=...)"] == "is deprecated; use bucket_name"
    assert "ignored" in texts["S3BotoStorage(there_is_none=...)"]


# -- What is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"AWS_S3_CALLING_FORMAT": "Nope"}, "AWS_S3_CALLING_FORMAT.*Nope is no calling format; these are: VHost"),
        ({"AWS_S3_CALLING_FORMAT": object()}, "AWS_S3_CALLING_FORMAT.*is no calling format"),
        ({"AWS_S3_CALLING_FORMAT": 4}, "AWS_S3_CALLING_FORMAT.*4 is no calling format"),
        ({"AWS_HEADERS": {"X Y": "a"}}, "AWS_HEADERS.*'X Y' is no name of a header"),
        ({"AWS_HEADERS": {"": "a"}}, "AWS_HEADERS.*'' is no name of a header"),
        ({"AWS_HEADERS": {"Cache-Control": "a\r\nSet-Cookie: b"}}, "AWS_HEADERS.*'Cache-Control' has control char"),
        ({"AWS_HEADERS": {"Cache-Control": None}}, "AWS_HEADERS.*'Cache-Control' has a value that is no text but None"),
        (
            {"AWS_HEADERS": {"Cache-Control": ["a"]}},
            "AWS_HEADERS.*'Cache-Control' has a value that is no text but list",
        ),
        ({"AWS_HEADERS": {"Expires": "soon"}}, "AWS_HEADERS.*'Expires' has a value that is none of its kind: 'soon'"),
        ({"AWS_HEADERS": {"x-amz-storge-class": "STANDARD"}}, "AWS_HEADERS.*'x-amz-storge-class' is no header of S3's"),
        ({"AWS_HEADERS": {"Content-Length": "5"}}, "AWS_HEADERS.*'Content-Length' belongs to each request"),
        ({"AWS_HEADERS": "Expires: never"}, "AWS_HEADERS.*expected a dict of headers, not str"),
        ({"AWS_S3_PORT": "https"}, "AWS_S3_PORT.*is no port"),
        ({"AWS_S3_PORT": 70000}, "AWS_S3_PORT.*is no port"),
        ({"AWS_S3_HOST": "https://objects.example.com/"}, "AWS_S3_HOST.*is no host"),
        ({"AWS_S3_HOST": "s3.eu-central-1.amazonaws.com", "S3_USE_SIGV4": False}, "S3_USE_SIGV4.*SigV4 only"),
        ({"AWS_S3_REGION_NAME": "eu-north-1", "AWS_S3_SIGNATURE_VERSION": "s3"}, "S3_USE_SIGV4.*SigV4 only"),
        ({"AWS_DEFAULT_ACL": "everybody"}, "AWS_DEFAULT_ACL"),
        ({"AWS_LOCATION": "/media"}, "cannot begin with a leading slash"),
    ],
)
def test_what_is_refused(settings, text, quietly):
    with (
        override_settings(AWS_STORAGE_BUCKET_NAME="media", **settings),
        pytest.raises(ImproperlyConfigured, match=text),
    ):
        s3boto.S3BotoStorage()


def test_a_bucket_that_is_no_host(quietly):
    with pytest.raises(ImproperlyConfigured, match=r"AWS_S3_CALLING_FORMAT.*'Media_1' is the bucket's name"):
        s3boto.S3BotoStorage(calling_format=s3boto.VHostCallingFormat(), bucket_name="Media_1")


def test_an_acl_of_the_bucket_that_is_none(own_place, quietly):
    with pytest.raises(ImproperlyConfigured, match="AWS_BUCKET_ACL"):
        own_place.storage(s3boto.S3BotoStorage, auto_create_bucket=True, bucket_acl="every body")


class OnlyVersion4(http.server.BaseHTTPRequestHandler):
    """As Amazon's newer regions answer."""

    def answer(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        text = b"The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
        body = b"<Error><Code>InvalidRequest</Code><Message>" + text + b"</Message></Error>"
        assert self.headers["authorization"].startswith("AWS AKID:")
        self.send_response(400)
        self.send_header("content-type", "application/xml")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = answer

    def log_message(self, *args):
        pass


@pytest.fixture
def only_version_4():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), OnlyVersion4) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "call",
    [
        lambda storage: storage.save("a.txt", ContentFile(b"x")),
        lambda storage: storage.exists("a.txt"),
        lambda storage: storage.open("a.txt"),
        lambda storage: storage.delete("a.txt"),
        lambda storage: storage.listdir(""),
    ],
)
def test_a_service_that_refuses_version_2(only_version_4, call, quietly):
    options = {"endpoint_url": only_version_4, "access_key": "AKID", "secret_key": "hidden", "bucket_name": "media"}
    with pytest.raises(OrlopError, match=r"refuses signatures of version 2.*S3_USE_SIGV4"):
        call(s3boto.S3BotoStorage(use_sigv4=False, **options))


# -- Today's class with settings that later releases dropped -----------------------------------------------------------


@pytest.mark.parametrize("kind", [s3.S3Storage, s3boto3.S3Boto3Storage, s3.S3StaticStorage])
def test_todays_class_still_encrypts(kind, quietly):
    with override_settings(AWS_S3_ENCRYPTION=True, AWS_REDUCED_REDUNDANCY=True):
        parameters = kind()._get_write_parameters("a.txt")
    assert (parameters["ServerSideEncryption"], parameters["StorageClass"]) == ("AES256", "REDUCED_REDUNDANCY")


def test_todays_words_win(quietly):
    ours = {"StorageClass": "STANDARD_IA"}
    with override_settings(AWS_REDUCED_REDUNDANCY=True, AWS_S3_OBJECT_PARAMETERS=ours):
        assert s3.S3Storage()._get_write_parameters("a.txt")["StorageClass"] == "STANDARD_IA"
    assert ours == {"StorageClass": "STANDARD_IA"}
    with override_settings(AWS_S3_SECURE_URLS=False, AWS_S3_URL_PROTOCOL="https:"):
        assert s3.S3Storage().url_protocol == "https:"


def test_an_option_wins_whatever_it_says(quietly):
    """Also where it says what would be the default."""
    with override_settings(AWS_BUCKET_PREFIX="pdfs", AWS_S3_HOST="objects.example.com"):
        assert s3.S3Storage(location="").location == ""
        assert s3boto.S3BotoStorage(bucket_name="media", endpoint_url=None).endpoint_url is None


def test_insecure_urls_of_a_domain(quietly):
    with override_settings(AWS_S3_SECURE_URLS=False, AWS_S3_CUSTOM_DOMAIN="cdn.example.com"):
        assert s3.S3Storage(bucket_name="media").url("a.txt") == "http://cdn.example.com/a.txt"
    with override_settings(AWS_S3_SECURE_URLS=True, AWS_S3_CUSTOM_DOMAIN="cdn.example.com"):
        assert s3.S3Storage(bucket_name="media").url("a.txt") == "https://cdn.example.com/a.txt"


def test_todays_class_makes_the_bucket(place, quietly):
    bucket = f"{place.bucket}-today"
    with override_settings(AWS_AUTO_CREATE_BUCKET=True, AWS_BUCKET_ACL="private"):
        storage = place.storage(bucket_name=bucket)
        storage.save("a.txt", ContentFile(b"x"))
        assert storage._engine_options()["bucket_acl"] == "private"
    assert place.storage(bucket_name=bucket).exists("a.txt")


def test_todays_class_warns():
    with override_settings(AWS_S3_ENCRYPTION=True, AWS_PRELOAD_METADATA=True, AWS_HEADERS={"Expires": "soon"}):
        texts = warned(s3.S3Storage)
    # AWS_HEADERS meant nothing to the class on boto3.
    assert texts.keys() == {"AWS_S3_ENCRYPTION", "AWS_PRELOAD_METADATA"}
    assert texts["AWS_S3_ENCRYPTION"].startswith("is deprecated; use AWS_S3_OBJECT_PARAMETERS: ")


# -- The oldest class --------------------------------------------------------------------------------------------------


def test_the_oldest_settings_on_todays_class(quietly):
    settings = {
        "AWS_STORAGE_BUCKET_NAME": "resumes",
        "AWS_CALLING_FORMAT": 1,
        "AWS_BUCKET_PREFIX": "/pdfs",
        "AWS_QUERYSTRING_ACTIVE": False,
        "AWS_HEADERS": {"Cache-Control": "max-age=86400"},
        "AWS_S3_SECURE_URLS": False,
    }
    with override_settings(**settings):
        storage = s3.S3Storage()
    assert (storage.addressing_style, storage.location, storage.querystring_auth) == ("path", "pdfs", False)
    assert storage._get_write_parameters("a.txt") == {"ContentType": "text/plain", "CacheControl": "max-age=86400"}
    # Not what was insecure, or public, by itself.
    assert (storage.url_protocol, storage.default_acl, storage.querystring_expire) == ("https:", None, 3600)
    assert storage.url("a.txt") == "https://s3.amazonaws.com/resumes/pdfs/a.txt"


def test_the_oldest_settings_warn():
    with override_settings(AWS_BUCKET_PREFIX="/pdfs", AWS_QUERYSTRING_ACTIVE=True, AWS_CALLING_FORMAT=2):
        texts = warned(s3.S3Storage)
        assert warned(s3.S3Storage) == {}
    assert texts["AWS_BUCKET_PREFIX"].startswith("is deprecated; use AWS_LOCATION: ")
    assert texts["AWS_QUERYSTRING_ACTIVE"].startswith("is deprecated; use AWS_QUERYSTRING_AUTH: ")
    assert texts["AWS_CALLING_FORMAT"].startswith("is deprecated; use AWS_S3_ADDRESSING_STYLE: ")
    assert "public-read" in texts["AWS_DEFAULT_ACL"]


@pytest.mark.parametrize("setting", ["CRYPTO_KEYS_PUBLIC", "CRYPTO_KEYS_PRIVATE"])
def test_encryption_in_the_client_is_refused(setting, quietly):
    with (
        override_settings(**{setting: "/etc/keys/site.pem"}),
        pytest.raises(ImproperlyConfigured, match=f"{setting}: encryption in the client is no longer done"),
    ):
        s3.S3Storage()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"encrypt": True}, "Invalid setting 'encrypt' for S3Storage; encryption in the client is no longer done"),
        ({"acl": "private"}, "Invalid setting 'acl' for S3Storage; write default_acl"),
        ({"bucket": "media"}, "Invalid setting 'bucket' for S3Storage; write bucket_name"),
        ({"headers": {}}, "Invalid setting 'headers' for S3Storage; write object_parameters"),
    ],
)
def test_options_of_old_are_explained(options, text):
    with pytest.raises(ImproperlyConfigured, match=text):
        s3.S3Storage(**options)


def test_an_unknown_number_is_refused(quietly):
    with (
        override_settings(AWS_CALLING_FORMAT=7),
        pytest.raises(ImproperlyConfigured, match="AWS_CALLING_FORMAT: 7 is no calling format"),
    ):
        s3.S3Storage()


def test_the_names_beside_the_oldest_class(own_place, own_server, quietly):
    kind = import_string("storages.backends.s3.PreloadingS3Storage")
    assert import_string("storages.backends.s3.S3StorageFile") is s3.S3File
    own_place.storage(location="pdfs").save("a.txt", ContentFile(b"hello"))
    own_server.take_log()
    with override_settings(AWS_BUCKET_PREFIX="pdfs", AWS_HEADERS={"Cache-Control": "no-store"}):
        storage = own_place.storage(kind)
        assert storage.exists("a.txt") and storage.size("a.txt") == 5 and not storage.exists("b.txt")
        assert [request.operation for request in own_server.take_log()] == ["ListObjectsV2"]
        assert storage._get_write_parameters("a.txt")["CacheControl"] == "no-store"
    assert storage.deconstruct()[0] == "storages.backends.s3.PreloadingS3Storage"
    with pytest.raises(AttributeError, match="ThereIsNone"):
        _ = s3.ThereIsNone


def test_the_tables_agree():
    """What the class reads is what storages.check knows of."""
    boto = {name for name in OPTIONS if name in eras.DROPPED}
    assert boto == eras.BOTO3_DROPPED | eras.BOTO_ONLY
    assert OPTIONS.keys() - boto <= eras.CURRENT.keys()
