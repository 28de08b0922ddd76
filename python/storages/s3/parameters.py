"""Object parameters by their SDK names (AWS_S3_OBJECT_PARAMETERS), as attributes and arguments of the engine."""

from datetime import date, datetime, timezone
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote

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

_ATTRIBUTES = {
    "CacheControl": "cache_control",
    "ContentDisposition": "content_disposition",
    "ContentEncoding": "content_encoding",
    "ContentLanguage": "content_language",
    "ContentType": "content_type",
    "Expires": "expires",
}

_MOMENTS = ("Expires", "ObjectLockRetainUntilDate", "ResponseExpires")

# Parameters of url(), as they stand in a query:
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


def to_query(parameters):
    """Parameters of url() as pairs of a query string; ValueError names the first that cannot be in one."""
    pairs = []
    for name, value in parameters.items():
        if name in ("Bucket", "Key"):
            continue
        if name not in _QUERY:
            raise ValueError(f"Invalid parameter '{name}' of a URL, must be one of: {', '.join(_QUERY)}")
        pairs.append((_QUERY[name], _text(name, value)))
    return pairs


def encode_query(pairs):
    return "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in pairs)


def _text(name, value):
    if name in _MOMENTS:
        return _moment(name, value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value) if name == "SSECustomerKey" else value.decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _moment(name, value):
    moment = _datetime(name, value)
    moment = moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)
    if name == "ObjectLockRetainUntilDate":
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return format_datetime(moment, usegmt=True)


def _datetime(name, value):
    """What people write for a moment: a datetime, a date, seconds since 1970, or the text of one of these."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    text = str(value).strip()
    try:
        if text.isascii() and text.isdigit():
            return datetime.fromtimestamp(int(text), timezone.utc)
        if text[:4].isdigit():
            return datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith("Z") else text)
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        raise ValueError(f"Object parameter '{name}' is no date: {value!r}") from None
