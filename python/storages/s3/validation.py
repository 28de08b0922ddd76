"""What is wrong with a storage's options, said when it is made, with the setting's name."""

import os

from django.core.exceptions import ImproperlyConfigured

from storages.s3.parameters import UPLOAD

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
_CANNED_ACLS = (
    "private public-read public-read-write aws-exec-read authenticated-read bucket-owner-read "
    "bucket-owner-full-control".split()
)
_SIGNATURES = "s3v4", "s3", "s3v4-query", "s3-query"
_STYLES = "auto", "virtual", "path"
# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html (X-Amz-Expires)
_LONGEST_EXPIRY = 7 * 24 * 3600


class InvalidObjectParameter(ImproperlyConfigured, ValueError):
    """AWS_S3_OBJECT_PARAMETERS has a key that no upload has."""


def check_options(storage):
    """Looks at everything that can be seen without asking anybody; ImproperlyConfigured for the first that is wrong."""
    for options, good, wanted in _KINDS:
        for option in options:
            value = getattr(storage, option)
            if value and not good(value):
                raise _wrong(option, wanted, value)
    if not isinstance(storage.location, str):
        raise _wrong("location", "a text", storage.location)
    _check_expiry(storage)
    _check_parameters(storage.object_parameters)


def _check_expiry(storage):
    presigned = storage.querystring_auth and not storage.custom_domain
    if presigned and storage.signature_version in (None, "s3v4") and storage.querystring_expire > _LONGEST_EXPIRY:
        raise _wrong("querystring_expire", f"at most {_LONGEST_EXPIRY} (seven days)", storage.querystring_expire)


def _check_parameters(parameters):
    for name in parameters:
        if name not in UPLOAD:
            raise InvalidObjectParameter(
                f"AWS_S3_OBJECT_PARAMETERS/object_parameters: there is no parameter {name!r}; "
                f"there are {', '.join(sorted(UPLOAD))}"
            )


def _wrong(option, wanted, value):
    shown = "None" if value is None else f"{value!r}" if isinstance(value, (str, int, float)) else type(value).__name__
    return ImproperlyConfigured(f"{SETTING_OF[option]}/{option}: expected {wanted}, not {shown}")


SETTING_OF = {
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
    "max_memory_size": "AWS_S3_MAX_MEMORY_SIZE",
    "object_parameters": "AWS_S3_OBJECT_PARAMETERS",
    "proxies": "AWS_S3_PROXIES",
    "verify": "AWS_S3_VERIFY",
    "gzip_content_types": "GZIP_CONTENT_TYPES",
    "transfer_config": "AWS_S3_TRANSFER_CONFIG",
    "file_overwrite": "AWS_S3_FILE_OVERWRITE",
    "querystring_auth": "AWS_QUERYSTRING_AUTH",
    "gzip": "AWS_IS_GZIPPED",
    "use_ssl": "AWS_S3_USE_SSL",
    "use_threads": "AWS_S3_USE_THREADS",
}


def _is_text(value):
    return isinstance(value, str)


def _is_flag(value):
    return isinstance(value, (bool, int))  # of an environment variable, "False" is true


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def _is_address(value):
    return _is_text(value) and value.startswith(("http://", "https://"))


def _is_domain(value):
    return _is_text(value) and "://" not in value


def _is_protocol(value):
    return _is_text(value) and value.endswith(":")


def _is_style(value):
    return value in _STYLES


def _is_signature(value):
    return value in _SIGNATURES or not _is_text(value)  # botocore's UNSIGNED is an object


def _is_acl(value):
    return value in _CANNED_ACLS


_KINDS = (
    (("bucket_name", "location", "region_name", "session_profile"), _is_text, "a text"),
    (("endpoint_url", "public_endpoint_url"), _is_address, "https:// or http:// and a host"),
    (("custom_domain",), _is_domain, "a host without https:// before it"),
    (("url_protocol",), _is_protocol, '"https:", "http:" or ""'),
    (("addressing_style",), _is_style, " or ".join(_STYLES)),
    (("signature_version",), _is_signature, "s3v4 or s3"),
    (("default_acl",), _is_acl, "one of " + ", ".join(_CANNED_ACLS)),
    (("querystring_expire",), _is_number, "a number of seconds"),
    (("max_memory_size",), _is_number, "a number of bytes"),
    (("object_parameters", "proxies"), lambda value: isinstance(value, dict), "a dict"),
    (("verify",), lambda value: isinstance(value, (bool, str, os.PathLike)), "True, False or a path"),
    (("gzip_content_types",), lambda value: hasattr(value, "__contains__"), "a list of content types"),
    (("transfer_config",), lambda value: hasattr(value, "multipart_threshold"), "a TransferConfig"),
    (("file_overwrite", "querystring_auth", "gzip", "use_ssl", "use_threads"), _is_flag, "True or False"),
)
