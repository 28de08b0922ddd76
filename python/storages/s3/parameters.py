"""Object parameters by their SDK names (AWS_S3_OBJECT_PARAMETERS), as attributes and arguments of the engine."""

import hashlib
import re
from base64 import b64encode
from datetime import date, datetime, timezone
from urllib.parse import quote

from storages.s3.secrets import hidden

UPLOAD = frozenset(
    "ACL CacheControl ChecksumAlgorithm ChecksumCRC32 ChecksumCRC32C ChecksumCRC64NVME ChecksumMD5 ChecksumSHA1 "
    "ChecksumSHA256 ChecksumSHA512 ChecksumType ChecksumXXHASH128 ChecksumXXHASH3 ChecksumXXHASH64 ContentDisposition "
    "ContentEncoding ContentLanguage ContentType ExpectedBucketOwner Expires GrantFullControl GrantRead GrantReadACP "
    "GrantWriteACP Metadata MpuObjectSize ObjectLockLegalHoldStatus ObjectLockMode ObjectLockRetainUntilDate "
    "RequestPayer SSECustomerAlgorithm SSECustomerKey SSECustomerKeyMD5 SSEKMSEncryptionContext SSEKMSKeyId "
    "ServerSideEncryption StorageClass Tagging WebsiteRedirectLocation".split()
)
DOWNLOAD = (
    "ChecksumMode",
    "VersionId",
    "SSECustomerAlgorithm",
    "SSECustomerKey",
    "SSECustomerKeyMD5",
    "RequestPayer",
    "ExpectedBucketOwner",
)

# An object that waits to be put in its place is private, can be copied and can be deleted, whatever is to become of it.
ONLY_IN_PLACE = frozenset(
    "ACL GrantFullControl GrantRead GrantReadACP GrantWriteACP StorageClass ObjectLockLegalHoldStatus ObjectLockMode "
    "ObjectLockRetainUntilDate WebsiteRedirectLocation".split()
)

TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

_ATTRIBUTES = {
    "CacheControl": "cache_control",
    "ContentDisposition": "content_disposition",
    "ContentEncoding": "content_encoding",
    "ContentLanguage": "content_language",
    "ContentType": "content_type",
    "Expires": "expires",
}

_MOMENTS = ("Expires", "ObjectLockRetainUntilDate", "ResponseExpires", "IfModifiedSince", "IfUnmodifiedSince")

# Parameters of url(): those that stand in its query, and those that are headers, which it only signs.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
_QUERY = {
    "ResponseCacheControl": "response-cache-control",
    "ResponseContentDisposition": "response-content-disposition",
    "ResponseContentEncoding": "response-content-encoding",
    "ResponseContentLanguage": "response-content-language",
    "ResponseContentType": "response-content-type",
    "ResponseExpires": "response-expires",
    "VersionId": "versionId",
    "PartNumber": "partNumber",
}
_HEADERS = {
    "IfMatch": "if-match",
    "IfModifiedSince": "if-modified-since",
    "IfNoneMatch": "if-none-match",
    "IfUnmodifiedSince": "if-unmodified-since",
    "Range": "range",
    "SSECustomerAlgorithm": "x-amz-server-side-encryption-customer-algorithm",
    "SSECustomerKey": "x-amz-server-side-encryption-customer-key",
    "SSECustomerKeyMD5": "x-amz-server-side-encryption-customer-key-md5",
    "RequestPayer": "x-amz-request-payer",
    "ExpectedBucketOwner": "x-amz-expected-bucket-owner",
    "ChecksumMode": "x-amz-checksum-mode",
}


def to_attrs(parameters):
    """Parameters of an upload as the engine's attributes; ValueError names the first that is none."""
    attrs, provider = {}, {}
    for name, value in parameters.items():
        if value is None:
            continue
        if name == "Metadata":
            attrs["user"] = {str(key).lower(): str(text) for key, text in value.items()}
        elif name in _ATTRIBUTES:
            attrs[_ATTRIBUTES[name]] = _text(name, value)
        elif name in UPLOAD:
            provider[name] = _text(name, value)
        else:
            raise ValueError(f"Invalid object parameter '{name}', must be one of: {', '.join(sorted(UPLOAD))}")
    if provider:
        attrs["provider"] = provider
    return attrs


def filter_download(parameters):
    """Those of the object's parameters that a read must carry too, and the version it is about ("": the latest)."""
    if not parameters:
        return None, ""
    chosen = {name: _text(name, parameters[name]) for name in DOWNLOAD if parameters.get(name) is not None}
    return chosen or None, chosen.pop("VersionId", "")


def to_request(parameters):
    """Parameters of url() as pairs of its query and as headers; ValueError names the first that is neither."""
    query, headers = [], []
    for name, value in _with_digest(parameters).items():
        if name in ("Bucket", "Key"):
            continue
        if value is None or isinstance(value, (dict, list, tuple, set)):
            raise ValueError(f"Parameter '{name}' of a URL: expected a text, not {type(value).__name__}")
        if name in _QUERY:
            query.append((_QUERY[name], _text(name, value)))
        elif name in _HEADERS:
            headers.append((_HEADERS[name], _text(name, value)))
        else:
            allowed = ", ".join([*_QUERY, *_HEADERS])
            raise ValueError(f"Invalid parameter '{name}' of a URL, must be one of: {allowed}")
    return query, headers


def _with_digest(parameters):
    """A customer's key (SSE-C) goes encoded and with its MD5, unless somebody did that already:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html"""
    key = parameters.get("SSECustomerKey")
    if not isinstance(key, (str, bytes, bytearray)) or "SSECustomerKeyMD5" in parameters:
        return parameters
    raw = key.encode() if isinstance(key, str) else bytes(key)
    digest = hashlib.md5(raw, usedforsecurity=False).digest()
    encoded = {"SSECustomerKey": b64encode(raw).decode(), "SSECustomerKeyMD5": b64encode(digest).decode()}
    return {**parameters, **encoded}


def encode_query(pairs):
    return "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in pairs)


def check_value(name, value):
    """What is wrong with a value of AWS_S3_OBJECT_PARAMETERS, or "". None is as if it were not there."""
    if value is None:
        return ""
    if name == "Metadata":
        return _check_metadata(value)
    if name in _MOMENTS:
        return _check_moment(name, value)
    if name == "SSECustomerKey":
        return "" if isinstance(value, (str, bytes, bytearray)) else f"expected a key, not {type(value).__name__}"
    if name == "MpuObjectSize":
        return "" if isinstance(value, int) else f"expected a number of bytes, not {type(value).__name__}"
    return _check_text(value)


def _check_metadata(value):
    if not isinstance(value, dict):
        return f"expected a dict of texts, not {type(value).__name__}"
    odd = next((name for name in value if not isinstance(name, str) or not TOKEN.fullmatch(name)), None)
    if odd is not None:
        return f"{odd!r} is no name of a header"
    return next((wrong for text in value.values() if (wrong := _check_text(text))), "")


def _check_moment(name, value):
    try:
        _moment(name, value)
    except ValueError as error:
        return str(error)
    return ""


def _check_text(value):
    if not isinstance(value, str):
        return f"expected a text, not {type(value).__name__}"
    return "a header cannot hold line breaks" if _CONTROL.search(value) else ""


def _text(name, value):
    if name in _MOMENTS:
        return _moment(name, value)
    if name == "SSECustomerKey":
        return hidden(value)
    if isinstance(value, (bytes, bytearray)):
        return value.decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _moment(name, value):
    moment = _datetime(name, value)
    moment = moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)
    if name == "ObjectLockRetainUntilDate":
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    from email.utils import format_datetime  # takes longer to import than all of this module

    return format_datetime(moment, usegmt=True)


def _datetime(name, value):
    """What people write for a moment: a datetime, a date, seconds since 1970, or the text of one of these."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    text = str(value).strip()
    try:
        if _NUMBER.fullmatch(text):
            return datetime.fromtimestamp(float(text), timezone.utc)
        if text[:4].isdigit():
            return datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith("Z") else text)
        from email.utils import parsedate_to_datetime

        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        raise ValueError(f"Object parameter '{name}' is no date: {value!r}") from None
