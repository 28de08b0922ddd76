"""The settings of S3 storages since the first release, and what each is today."""

import re
from datetime import date

from orlop.compat.boto.addresses import (  # noqa: F401  part of the tables
    VERSION_2_REGIONS,
    boto_signs_version_4,
    refuses_version_2,
    region_of_host,
    region_of_location,
)

from storages.check.findings import SECRETS, shown
from storages.s3.dropped import BOTO3_DROPPED, BOTO_ONLY, DROPPED, OLDEST_ONLY  # noqa: F401  part of the tables
from storages.s3.parameters import to_attrs

#: Today's settings: Django setting -> option.
CURRENT = {
    "AWS_S3_ACCESS_KEY_ID": "access_key",
    "AWS_ACCESS_KEY_ID": "access_key",
    "AWS_S3_SECRET_ACCESS_KEY": "secret_key",
    "AWS_SECRET_ACCESS_KEY": "secret_key",
    "AWS_SESSION_TOKEN": "security_token",
    "AWS_SECURITY_TOKEN": "security_token",
    "AWS_S3_SESSION_PROFILE": "session_profile",
    "AWS_S3_FILE_OVERWRITE": "file_overwrite",
    "AWS_S3_OBJECT_PARAMETERS": "object_parameters",
    "AWS_STORAGE_BUCKET_NAME": "bucket_name",
    "AWS_QUERYSTRING_AUTH": "querystring_auth",
    "AWS_QUERYSTRING_EXPIRE": "querystring_expire",
    "AWS_QUERYSTRING_STABLE_FOR": "querystring_stable_for",
    "AWS_S3_SIGNATURE_VERSION": "signature_version",
    "AWS_S3_CLAMP_EXPIRY": "clamp_expiry",
    "AWS_LOCATION": "location",
    "AWS_S3_CUSTOM_DOMAIN": "custom_domain",
    "AWS_CLOUDFRONT_KEY_ID": "cloudfront_key_id",
    "AWS_CLOUDFRONT_KEY": "cloudfront_key",
    "AWS_S3_ADDRESSING_STYLE": "addressing_style",
    "AWS_S3_FILE_NAME_CHARSET": "file_name_charset",
    "AWS_IS_GZIPPED": "gzip",
    "GZIP_CONTENT_TYPES": "gzip_content_types",
    "AWS_S3_URL_PROTOCOL": "url_protocol",
    "AWS_S3_ENDPOINT_URL": "endpoint_url",
    "AWS_S3_PUBLIC_ENDPOINT_URL": "public_endpoint_url",
    "AWS_S3_DIALECT": "dialect",
    "AWS_S3_PROXIES": "proxies",
    "AWS_S3_REGION_NAME": "region_name",
    "AWS_S3_USE_SSL": "use_ssl",
    "AWS_S3_VERIFY": "verify",
    "AWS_S3_MAX_MEMORY_SIZE": "max_memory_size",
    "AWS_DEFAULT_ACL": "default_acl",
    "AWS_S3_USE_THREADS": "use_threads",
    "AWS_S3_TRANSFER_CONFIG": "transfer_config",
    "AWS_S3_CLIENT_CONFIG": "client_config",
    "AWS_S3_FILE_BUFFER_SIZE": None,  # of files that are written; no option of a storage
}

#: Read, and without consequence.
IDLE = {
    "AWS_S3_MAX_MEMORY_SIZE": "nothing is spooled any more; remove it",
    "AWS_S3_FILE_NAME_CHARSET": "names are UTF-8; remove it",
}

#: Attributes of the older classes, which could be passed to their constructors: attribute -> setting.
ATTRIBUTES = {
    "acl": "AWS_DEFAULT_ACL",
    "bucket": "AWS_STORAGE_BUCKET_NAME",
    "auto_create_bucket": "AWS_AUTO_CREATE_BUCKET",
    "bucket_acl": "AWS_BUCKET_ACL",
    "calling_format": "AWS_S3_CALLING_FORMAT",
    "encryption": "AWS_S3_ENCRYPTION",
    "headers": "AWS_HEADERS",
    "host": "AWS_S3_HOST",
    "origin": "AWS_ORIGIN",
    "port": "AWS_S3_PORT",
    "preload_metadata": "AWS_PRELOAD_METADATA",
    "proxy": "AWS_S3_PROXY_HOST",
    "proxy_port": "AWS_S3_PROXY_PORT",
    "reduced_redundancy": "AWS_REDUCED_REDUNDANCY",
    "secure_urls": "AWS_S3_SECURE_URLS",
    "use_sigv4": "S3_USE_SIGV4",
}

#: Of encryption in the client, which the oldest class did.
CLIENT_ENCRYPTION = (
    "encryption in the client is no longer done, and what it encrypted is returned as it is stored: decrypt "
    "those objects first; object_parameters = {'ServerSideEncryption': 'AES256'} lets the service encrypt"
)

#: Options of earlier releases that today's class refuses, and what to write instead.
SUCCESSORS_OF_OPTIONS = {
    "acl": "write default_acl",
    "bucket": "write bucket_name",
    "encrypt": CLIENT_ENCRYPTION,
    "encryption": "write object_parameters={'ServerSideEncryption': 'AES256'}",
    "headers": "write object_parameters, with CacheControl for Cache-Control",
    "reduced_redundancy": "write object_parameters={'StorageClass': 'REDUCED_REDUNDANCY'}",
    "secure_urls": "write url_protocol",
}

#: What is to be said where nobody set AWS_DEFAULT_ACL.
IMPLICIT_ACL = (
    "was 'public-read' where nobody set it, until 1.9; now uploads are private. "
    "Write 'public-read' if everybody may read them, None if not"
)

# Names people write for a setting there is.
MISTAKEN = {
    "AWS_BUCKET_NAME": "AWS_STORAGE_BUCKET_NAME",
    "AWS_REGION": "AWS_S3_REGION_NAME",
    "AWS_REGION_NAME": "AWS_S3_REGION_NAME",
    "AWS_S3_BUCKET_NAME": "AWS_STORAGE_BUCKET_NAME",
    "AWS_S3_REGION": "AWS_S3_REGION_NAME",
}

_HEADERS = {
    "cache-control": "CacheControl",
    "content-disposition": "ContentDisposition",
    "content-encoding": "ContentEncoding",
    "content-language": "ContentLanguage",
    "content-type": "ContentType",
    "expires": "Expires",
    "x-amz-acl": "ACL",
    "x-amz-grant-full-control": "GrantFullControl",
    "x-amz-grant-read": "GrantRead",
    "x-amz-grant-read-acp": "GrantReadACP",
    "x-amz-grant-write-acp": "GrantWriteACP",
    "x-amz-object-lock-legal-hold": "ObjectLockLegalHoldStatus",
    "x-amz-object-lock-mode": "ObjectLockMode",
    "x-amz-object-lock-retain-until-date": "ObjectLockRetainUntilDate",
    "x-amz-request-payer": "RequestPayer",
    "x-amz-server-side-encryption": "ServerSideEncryption",
    "x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "x-amz-server-side-encryption-customer-algorithm": "SSECustomerAlgorithm",
    "x-amz-server-side-encryption-customer-key": "SSECustomerKey",
    "x-amz-server-side-encryption-customer-key-md5": "SSECustomerKeyMD5",
    "x-amz-storage-class": "StorageClass",
    "x-amz-tagging": "Tagging",
    "x-amz-website-redirect-location": "WebsiteRedirectLocation",
}
_METADATA = "x-amz-meta-"

# What a header may be: RFC 9110, sections 5.1 and 5.5.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# Headers that are about the request, and nobody's but its sender's.
_OF_REQUESTS = frozenset(
    "authorization connection content-length content-md5 date expect host transfer-encoding x-amz-content-sha256 "
    "x-amz-date x-amz-security-token".split()
)


def parameters_of_headers(headers):
    """AWS_HEADERS as object parameters, the headers S3 does not keep, and (name, why) of what cannot be sent."""
    parameters, unknown, wrong = {}, [], []
    for name, value in headers.items():
        lower = str(name).lower()
        objection = _objection(lower, value)
        if objection:
            wrong.append((name, objection))
        elif lower in _HEADERS:
            parameters[_HEADERS[lower]] = value
        elif lower.startswith(_METADATA):
            parameters.setdefault("Metadata", {})[lower[len(_METADATA) :]] = value
        else:
            unknown.append(str(name))
    return parameters, unknown, wrong


def _objection(lower, value):
    """Why a pair cannot be a header of an upload; "" when it can."""
    if not _NAME.fullmatch(lower):
        return "is no name of a header"
    if lower in _OF_REQUESTS:
        return "belongs to each request and cannot be set"
    if not isinstance(value, (str, int, float, date)) or isinstance(value, bool):
        return f"has a value that is no text but {type(value).__name__}"
    if _CONTROL.search(str(value)):
        return "has control characters in its value"
    if lower.startswith("x-amz-") and lower not in _HEADERS and not lower.startswith(_METADATA):
        return "is no header of S3's; x-amz-meta-... are kept as Metadata"
    if lower == _METADATA:
        return "is no name of a header"
    return _objection_to_value(lower, value)


def _objection_to_value(lower, value):
    parameter = _HEADERS.get(lower, "Metadata")
    try:
        to_attrs({parameter: value if lower in _HEADERS else {}})
    except ValueError:
        return "has a value that is none of its kind" + ("" if parameter in SECRETS else f": {shown(str(value))}")
    return ""


#: Calling formats: name, or number of the oldest class -> (addressing style, whether the bucket's name was the host).
CALLING_FORMATS = {
    "VHostCallingFormat": ("virtual", True),
    "SubdomainCallingFormat": (None, False),  # as today without a style
    "OrdinaryCallingFormat": ("path", False),
    "ProtocolIndependentOrdinaryCallingFormat": ("path", False),
    1: ("path", False),  # S3.CallingFormat.PATH
    2: ("virtual", False),  # SUBDOMAIN
    3: ("virtual", True),  # VANITY
}


def host_of(url):
    """Of an endpoint's URL, also one that is none; "" without one."""
    return str(url or "").partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]


def name_of_calling_format(value):
    """The key in CALLING_FORMATS of boto's object, its class, a text or a number; what is none comes back as text."""
    if isinstance(value, int) and value in CALLING_FORMATS:
        return value
    if isinstance(value, str):
        return value.rpartition(".")[2]
    for kind in (value if isinstance(value, type) else type(value)).__mro__:  # people derived from boto's
        if kind.__name__ in CALLING_FORMATS:
            return kind.__name__
    return repr(value)[:100]


def addressing_of(calling_format):
    return CALLING_FORMATS[name_of_calling_format(calling_format)]
