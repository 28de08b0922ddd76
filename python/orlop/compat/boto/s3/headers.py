"""Headers of a request and of an answer as the engine's words for them."""

from __future__ import annotations

from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from orlop.compat.boto.exception import BotoClientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orlop import native

#: Headers that are members of a content's description.
CONTENT = {
    "content-type": "content_type",
    "content-encoding": "content_encoding",
    "content-language": "content_language",
    "content-disposition": "content_disposition",
    "cache-control": "cache_control",
    "expires": "expires",
}
#: Those that only S3 knows.
PROVIDER = {
    "x-amz-acl": "ACL",
    "x-amz-storage-class": "StorageClass",
    "x-amz-server-side-encryption": "ServerSideEncryption",
    "x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "x-amz-tagging": "Tagging",
    "x-amz-website-redirect-location": "WebsiteRedirectLocation",
    "x-amz-grant-read": "GrantRead",
    "x-amz-grant-read-acp": "GrantReadACP",
    "x-amz-grant-write-acp": "GrantWriteACP",
    "x-amz-grant-full-control": "GrantFullControl",
}
# What the engine sends by itself.
_OWN = {"content-length", "expect", "user-agent", "host", "date", "authorization", "transfer-encoding"}
_META = "x-amz-meta-"
# boto left these as they are in the values of headers, and percent-encoded the rest.
_PLAIN = "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~ "


def described(metadata: Mapping[str, str], headers: Mapping[str, Any] | None) -> tuple[dict[str, Any], str]:
    """What goes with a content, and the MD5 (base64) it is announced with: `headers`, over them `metadata` by boto's
    rules. A header that nobody here knows is refused: it would be lost."""
    attrs: dict[str, Any] = {"metadata": {}, "provider": {}}
    md5 = ""
    for name, value in (headers or {}).items():
        lower = name.lower()
        if lower == "content-md5":
            md5 = value
        elif lower in CONTENT:
            attrs[CONTENT[lower]] = _text(value)
        elif lower in PROVIDER:
            attrs["provider"][PROVIDER[lower]] = _text(value)
        elif lower.startswith(_META):
            attrs["metadata"][lower[len(_META) :]] = _text(value)
        elif lower not in _OWN:
            raise BotoClientError(f"{name} is no header of an object that is known here")
    for name, value in metadata.items():
        lower = name.lower()
        if lower == "content-md5":
            md5 = value
        elif lower in CONTENT:
            attrs[CONTENT[lower]] = _text(value)
        else:
            attrs["metadata"][lower] = _text(value)
    return attrs, md5


def adopt(key: Any, meta: native.Meta) -> None:
    """Fills a Key with what an answer says of it."""
    key.size = meta.size
    key.etag = meta.etag or None
    key.last_modified = format_datetime(meta.modified, usegmt=True) if meta.modified else None
    for member in CONTENT.values():
        setattr(key, member, getattr(meta, member) or None)
    key.metadata = {name: unquote(value) for name, value in meta.user.items()}
    key.encrypted = meta.provider.get("ServerSideEncryption")
    key._storage_class = meta.provider.get("StorageClass", "STANDARD")
    if key.version_id is None:
        key.version_id = meta.version or None


def metadata_of(key: Any) -> dict[str, str]:
    """What described() makes the same description of."""
    content = {name: getattr(key, member) for name, member in CONTENT.items() if getattr(key, member)}
    return {**content, **key.metadata}


def read_range(headers: Mapping[str, str] | None) -> tuple[int, int | None] | None:
    """The bytes of a Range header as (first, behind the last). Other headers of a read are refused: they would not be
    obeyed. RFC 9110 section 14.1.2."""
    for name, value in (headers or {}).items():
        if name.lower() in _OWN:
            continue
        first, dash, last = value.partition("=")[2].partition("-")
        if name.lower() != "range" or not value.startswith("bytes=") or not dash or not first.isdigit():
            raise BotoClientError(f"{name}: {value} is nothing a read understands here but Range: bytes=FIRST-LAST")
        return int(first), int(last) + 1 if last else None
    return None


def _text(value: Any) -> str:
    text = value.decode() if isinstance(value, bytes) else str(value)
    return quote(text, safe=_PLAIN)
