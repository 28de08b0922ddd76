"""What is wrong with a storage's options, said when it is made, with the setting's name and without a secret."""

import math
import os
import re

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import LazyObject, Promise

from storages.s3.parameters import UPLOAD, check_value
from storages.utils import setting

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
CANNED_ACLS = (
    "private public-read public-read-write aws-exec-read authenticated-read bucket-owner-read "
    "bucket-owner-full-control".split()
)
# log-delivery-write is for buckets alone.
_BUCKET_ACLS = (*CANNED_ACLS, "log-delivery-write")
_SIGNATURES = "s3v4", "s3", "s3v4-query", "s3-query"
_STYLES = "auto", "virtual", "path"
# Those of docs/backends/s3.md, "Dialects".
_DIALECTS = (
    "aws minio ceph s3proxy versitygw garage orlop r2 b2 digitalocean scaleway wasabi oracle gcs generic".split()
)
# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html (X-Amz-Expires)
_LONGEST_EXPIRY = 7 * 24 * 3600
_MOST_AT_ONCE = 1000
_REGION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ENDPOINT = re.compile(r"https?://(\[[0-9a-f:.]+\]|[^][\s@?#\\\"<>:/]+)(:[0-9]+)?(/[^\s@?#\\\"<>]*)?", re.I)
_DOMAIN = re.compile(r"[^\s?#\\\"<>]+")

_SECRET = {"access_key", "secret_key", "security_token", "cloudfront_key", "proxies"}


class InvalidObjectParameter(ImproperlyConfigured, ValueError):
    """AWS_S3_OBJECT_PARAMETERS has a key that no upload has, or a value that the key cannot have."""


def check_options(storage):
    """Looks at everything that can be seen without asking anybody; ImproperlyConfigured for the first that is wrong."""
    for options, good, wanted in _KINDS:
        for option in options:
            value = getattr(storage, option)
            if not _is_lazy(value) and value and not good(value):
                raise _wrong(option, wanted, value)
    for option, good, wanted in _NEVER_NONE:
        value = getattr(storage, option)
        if not _is_lazy(value) and not good(value):
            raise _wrong(option, wanted, value)
    _check_expiry(storage)
    _check_pair(storage)
    _check_parameters(storage.object_parameters)
    _check_buffer_size()


def check_object(storage, option):
    """An option that is an object somebody made."""
    good, wanted = _OBJECTS[option]
    value = getattr(storage, option)
    if not good(value):
        raise _wrong(option, wanted, value)


def checked_bucket_acl(value):
    """The ACL of buckets that are made, which only the classes of old have."""
    if value and value not in _BUCKET_ACLS:
        raise ImproperlyConfigured(f"AWS_BUCKET_ACL: expected one of {', '.join(_BUCKET_ACLS)}, not {value!r}")
    return value


def _check_expiry(storage):
    presigned = storage.querystring_auth and not storage.custom_domain
    if presigned and storage.signature_version in (None, "s3v4") and storage.querystring_expire > _LONGEST_EXPIRY:
        raise _wrong("querystring_expire", f"at most {_LONGEST_EXPIRY} (seven days)", storage.querystring_expire)
    together = storage.querystring_expire + (storage.querystring_stable_for or 0)
    if presigned and storage.querystring_stable_for and together > _LONGEST_EXPIRY:
        wanted = f"with querystring_expire at most {_LONGEST_EXPIRY} (seven days)"
        raise _wrong("querystring_stable_for", wanted, storage.querystring_stable_for)


def _check_pair(storage):
    if bool(storage.access_key) != bool(storage.secret_key) and not storage.session_profile:
        raise ImproperlyConfigured(
            "AWS_S3_ACCESS_KEY_ID/access_key and AWS_S3_SECRET_ACCESS_KEY/secret_key must be provided together."
        )


def _check_parameters(parameters):
    for name, value in parameters.items():
        if name not in UPLOAD:
            raise InvalidObjectParameter(
                f"AWS_S3_OBJECT_PARAMETERS/object_parameters: there is no parameter {name!r}; "
                f"there are {', '.join(sorted(UPLOAD))}"
            )
        wrong = check_value(name, value)
        if not wrong and name == "ACL" and value and value not in CANNED_ACLS:
            wrong = "expected one of " + ", ".join(CANNED_ACLS)
        if wrong:
            raise InvalidObjectParameter(f"AWS_S3_OBJECT_PARAMETERS/object_parameters: {name}: {wrong}")


def _check_buffer_size():
    size = setting("AWS_S3_FILE_BUFFER_SIZE")
    if size is not None and not _is_size(size):
        raise ImproperlyConfigured(f"AWS_S3_FILE_BUFFER_SIZE: expected a number of bytes, not {size!r}")


def _wrong(option, wanted, value):
    setting_name = SETTING_OF.get(option)
    label = f"{setting_name}/{option}" if setting_name else option
    return ImproperlyConfigured(f"{label}: expected {wanted}, not {_shown(option, value)}")


def _shown(option, value):
    if value is None:
        return "None"
    if option in _SECRET or not isinstance(value, (str, int, float)):
        return type(value).__name__
    return repr(re.sub(r"(//|^).*@", r"\1...@", value, flags=re.DOTALL) if isinstance(value, str) else value)


SETTING_OF = {
    "access_key": "AWS_S3_ACCESS_KEY_ID",
    "secret_key": "AWS_S3_SECRET_ACCESS_KEY",
    "security_token": "AWS_SESSION_TOKEN",
    "bucket_name": "AWS_STORAGE_BUCKET_NAME",
    "location": "AWS_LOCATION",
    "region_name": "AWS_S3_REGION_NAME",
    "session_profile": "AWS_S3_SESSION_PROFILE",
    "endpoint_url": "AWS_S3_ENDPOINT_URL",
    "public_endpoint_url": "AWS_S3_PUBLIC_ENDPOINT_URL",
    "custom_domain": "AWS_S3_CUSTOM_DOMAIN",
    "url_protocol": "AWS_S3_URL_PROTOCOL",
    "addressing_style": "AWS_S3_ADDRESSING_STYLE",
    "signature_version": "AWS_S3_SIGNATURE_VERSION",
    "default_acl": "AWS_DEFAULT_ACL",
    "querystring_expire": "AWS_QUERYSTRING_EXPIRE",
    "querystring_stable_for": "AWS_QUERYSTRING_STABLE_FOR",
    "max_memory_size": "AWS_S3_MAX_MEMORY_SIZE",
    "object_parameters": "AWS_S3_OBJECT_PARAMETERS",
    "proxies": "AWS_S3_PROXIES",
    "verify": "AWS_S3_VERIFY",
    "gzip_content_types": "GZIP_CONTENT_TYPES",
    "transfer_config": "AWS_S3_TRANSFER_CONFIG",
    "client_config": "AWS_S3_CLIENT_CONFIG",
    "file_overwrite": "AWS_S3_FILE_OVERWRITE",
    "querystring_auth": "AWS_QUERYSTRING_AUTH",
    "gzip": "AWS_IS_GZIPPED",
    "use_ssl": "AWS_S3_USE_SSL",
    "use_threads": "AWS_S3_USE_THREADS",
    "file_name_charset": "AWS_S3_FILE_NAME_CHARSET",
    "cloudfront_key_id": "AWS_CLOUDFRONT_KEY_ID",
    "cloudfront_key": "AWS_CLOUDFRONT_KEY",
    "dialect": "AWS_S3_DIALECT",
    "clamp_expiry": "AWS_S3_CLAMP_EXPIRY",
}


def _is_lazy(value):
    """What is known only later, of which a domain or a location of one's tenant may be made, is not looked at."""
    return issubclass(type(value), (Promise, LazyObject))


def _is_text(value):
    return isinstance(value, str)


def _is_flag(value):
    return isinstance(value, (bool, int))  # of an environment variable, "False" is true


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _is_size(value):
    return _is_number(value) and value == int(value)


def _is_region(value):
    return _is_text(value) and _REGION.fullmatch(value)


def _is_address(value):
    return _is_text(value) and _ENDPOINT.fullmatch(value)


def _is_domain(value):
    return _is_text(value) and "://" not in value and _DOMAIN.fullmatch(value)


def _is_protocol(value):
    return _is_text(value) and value.endswith(":")


def _is_style(value):
    return value in _STYLES


def _is_signature(value):
    return value in _SIGNATURES or type(value).__name__ == "UNSIGNED"  # botocore's is an object


def _is_acl(value):
    return value in CANNED_ACLS


def _is_dict(value):
    return isinstance(value, dict)


def _is_proxies(value):
    return _is_dict(value) and all(_is_text(name) and (_is_text(url) or url is None) for name, url in value.items())


def _is_types(value):
    if isinstance(value, (str, bytes, dict)):
        return False
    return hasattr(value, "__contains__") and hasattr(value, "__iter__") and all(map(_is_text, value))


def _is_transfer(value):
    sizes = [getattr(value, name, None) for name in ("multipart_threshold", "multipart_chunksize", "max_concurrency")]
    rate = getattr(value, "max_bandwidth", None)
    return (
        all(isinstance(size, int) and _is_size(size) and size > 0 for size in sizes)
        and sizes[2] <= _MOST_AT_ONCE
        and (rate is None or (_is_number(rate) and rate > 0))
    )


def _is_client(value):
    s3, retries = getattr(value, "s3", None), getattr(value, "retries", None)
    times = [getattr(value, name, None) for name in ("connect_timeout", "read_timeout")]
    signature = getattr(value, "signature_version", None)
    return (
        any(hasattr(value, name) for name in ("s3", "signature_version", "proxies", "retries"))
        and (s3 is None or (_is_dict(s3) and (s3.get("addressing_style") or "auto") in _CLIENT_STYLES))
        and (retries is None or (_is_dict(retries) and all(_is_size(retries.get(name, 0)) for name in _ATTEMPTS)))
        and all(time is None or _is_number(time) for time in times)
        and (not signature or _is_signature(signature))
        and (not getattr(value, "proxies", None) or _is_proxies(value.proxies))
    )


# `host`: of the class on boto, whose buckets may be hosts.
_CLIENT_STYLES = (*_STYLES, "host")
_ATTEMPTS = "max_attempts", "total_max_attempts"

_KINDS = (
    (("access_key", "secret_key", "security_token", "session_profile"), _is_text, "a text"),
    (("bucket_name", "cloudfront_key_id", "file_name_charset"), _is_text, "a text"),
    (("region_name",), _is_region, "a region like eu-central-1"),
    (("endpoint_url", "public_endpoint_url"), _is_address, "https:// or http:// and a host"),
    (("custom_domain",), _is_domain, "a host without https:// before it"),
    (("url_protocol",), _is_protocol, '"https:", "http:" or ""'),
    (("addressing_style",), _is_style, " or ".join(_STYLES)),
    (("signature_version",), _is_signature, "s3v4 or s3"),
    (("default_acl",), _is_acl, "one of " + ", ".join(CANNED_ACLS)),
    (("dialect",), lambda value: value in _DIALECTS, "one of " + ", ".join(_DIALECTS)),
    (("max_memory_size",), _is_number, "a number of bytes"),
    (("querystring_stable_for",), _is_size, "a whole number of seconds, or None"),
    (("proxies",), _is_proxies, 'a dict like {"https": "proxy.example.com:3128"}'),
    (("verify",), lambda value: isinstance(value, (bool, str, os.PathLike)), "True, False or a path"),
    (("cloudfront_key",), lambda value: isinstance(value, (str, bytes, bytearray)), "the text of a PEM file"),
    (
        ("file_overwrite", "querystring_auth", "gzip", "use_ssl", "use_threads", "clamp_expiry"),
        _is_flag,
        "True or False",
    ),
)

_NEVER_NONE = (
    ("location", _is_text, "a text"),
    ("querystring_expire", _is_number, "a number of seconds"),
    ("object_parameters", _is_dict, "a dict"),
    ("gzip_content_types", _is_types, "a list of content types"),
)

_OBJECTS = {
    "client_config": (
        _is_client,
        "a Config of botocore, or a ClientConfig, whose values are of the right kind",
    ),
    "transfer_config": (
        _is_transfer,
        "a TransferConfig, with sizes and rates in bytes and 1 to 1000 requests at once",
    ),
    "cloudfront_signer": (
        lambda value: value is None or callable(getattr(value, "generate_presigned_url", None)),
        "an object with generate_presigned_url(), or None",
    ),
}
