"""Serves what the storages on this machine sign addresses of: the laptop's stand-in for S3.

It answers as S3 does, errors included, so that a browser's code is the same in both places.
"""

import re
from base64 import b64encode
from email.utils import parsedate_to_datetime
from functools import wraps
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.http import Http404, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.cache import get_conditional_response
from django.utils.crypto import constant_time_compare
from django.utils.datastructures import MultiValueDictKeyError
from django.utils.http import http_date
from django.views.decorators.csrf import csrf_exempt
from orlop import AlreadyExists, NotFound, OrlopError
from orlop.ledger import current

from storages import served
from storages.doubles import blocks_of, write_checked
from storages.served import Refused

_BLOCK = 64 << 10
_FORM_OVERHEAD = 64 << 10  # of a form beside its file; S3 allows 20 KB
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")

# Of these a browser makes a document of the site's own origin, scripts and all; the store is another origin.
_ACTIVE = re.compile(r"html|xml|svg|javascript|ecmascript", re.IGNORECASE)

_ATTRIBUTES = {
    "content-type": "content_type",
    "cache-control": "cache_control",
    "content-disposition": "content_disposition",
    "content-encoding": "content_encoding",
    "content-language": "content_language",
    "expires": "expires",
}


def _answered(view):
    """Refusals in the form S3 has for them."""

    @wraps(view)
    def call(request, **names):
        try:
            return view(request, **names)
        except Refused as error:
            return _error(error.status, error.code, str(error))
        except AlreadyExists:
            return _error(412, "PreconditionFailed", "There is a file of this name already.")
        except NotFound:
            return _error(404, "NoSuchKey", "There is no such file.")
        except SuspiciousOperation:
            return _error(400, "InvalidArgument", "This cannot be the name of a file.")
        except OrlopError as error:
            return _error(400, "InvalidArgument", error.message)

    return call


# The signature is what lets somebody in, and no other site can have it; a cookie alone opens files only to be read.
@csrf_exempt
@_answered
def file(request, alias, key):
    storage = _storage(alias)
    query = [(name, value) for name, values in request.GET.lists() for value in values]
    if request.method not in ("GET", "HEAD", "PUT", "DELETE", "POST"):
        return HttpResponseNotAllowed(["GET", "HEAD", "PUT", "DELETE", "POST"])
    values = dict(query)
    if served.SIGNATURE in values:
        values = served.check_address(request.method, alias, key, query)
    elif not _is_open(request, storage, alias, key):
        raise Refused(403, "AccessDenied", "This address carries no signature.")
    if request.method == "POST":
        return _take_form(request, storage, alias, key, values)
    if request.method == "PUT":
        return _take(request, storage, key, values)
    if request.method == "DELETE":
        storage._store.remove([key], current())
        return HttpResponse(status=204)
    _check_headers(request, values)
    return _give(request, storage, key, values)


def _storage(alias):
    storage = served.listed(alias)
    if not getattr(storage, "is_served", False):
        raise Http404
    return storage


def _is_open(request, storage, alias, key):
    if request.method not in ("GET", "HEAD"):
        return False
    if not storage.querystring_auth:
        prefix = storage._normalize_name("")
        return key.startswith(prefix)
    cookies = [value for name, value in request.COOKIES.items() if name.startswith(served.COOKIE)]
    return any(served.opened_by_cookie(cookie, alias, key) for cookie in cookies)


# -- Reading -----------------------------------------------------------------------------------------------------------


def _give(request, storage, key, values):
    file = storage._store.open(key, current(), None, "")
    meta = file.meta
    conditional = get_conditional_response(
        request, meta.etag, int(meta.modified.timestamp()) if meta.modified else None, None
    )
    if conditional is not None:
        file.close()
        return conditional
    start, stop, partial = _extent(request, meta)
    if request.method == "HEAD":
        file.close()
        response = HttpResponse()
    else:
        file.seek(start)
        response = StreamingHttpResponse(blocks_of(file, stop - start))
    response.status_code = 206 if partial else 200
    if partial:
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{meta.size}"
    response["Content-Length"] = str(stop - start)
    _say(response, meta, values)
    return response


def _say(response, meta, values):
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = meta.etag
    if meta.modified:
        response["Last-Modified"] = http_date(meta.modified.timestamp())
    said = {
        "Content-Type": meta.content_type or "application/octet-stream",
        "Content-Encoding": meta.content_encoding,
        "Content-Language": meta.content_language,
        "Content-Disposition": meta.content_disposition,
        "Cache-Control": meta.cache_control,
        "Expires": meta.expires,
    }
    for name, value in said.items():
        value = values.get(f"response-{name.lower()}", value)
        if value:
            response[name] = value
        elif name in response:
            del response[name]
    response["X-Content-Type-Options"] = "nosniff"
    if _ACTIVE.search(response["Content-Type"]):
        response["Content-Security-Policy"] = (
            "sandbox; default-src 'none'; img-src * data:; style-src * 'unsafe-inline'"
        )


def _extent(request, meta):
    """(start, stop, whether that is a part) of what is asked for. One range, as S3 has it; others are not looked at."""
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    if not match or not any(match.groups()) or not _range_is_current(request, meta):
        return 0, meta.size, False
    first, last = match.groups()
    if not first:
        start, stop = max(0, meta.size - int(last)), meta.size
    else:
        start, stop = int(first), min(int(last) + 1, meta.size) if last else meta.size
        if last and int(last) < int(first):
            return 0, meta.size, False
    if start >= stop:
        raise Refused(416, "InvalidRange", "The file is not that long.")
    return start, stop, True


def _range_is_current(request, meta):
    condition = request.headers.get("if-range")
    if condition is None:
        return True
    if condition.startswith('"'):
        return constant_time_compare(condition, meta.etag)
    try:
        return bool(meta.modified) and int(parsedate_to_datetime(condition).timestamp()) == int(
            meta.modified.timestamp()
        )
    except (TypeError, ValueError, OverflowError):
        return False


# -- Writing -----------------------------------------------------------------------------------------------------------


def _take(request, storage, key, values):
    signed = _check_headers(request, values)
    length = _length(request)
    wanted = signed.get("x-amz-checksum-crc32") or request.headers.get("x-amz-checksum-crc32")

    def check(size, crc):
        if size != length:
            raise Refused(400, "IncompleteBody", "The upload broke off.")
        if wanted and b64encode(crc).decode() != wanted:
            raise Refused(400, "BadDigest", "The checksum of what arrived is not the one that was sent.")

    chunks = iter(lambda: _read(request), b"")
    if "uploadId" in values:
        storage._store.driver.put_part(key, values["uploadId"], int(values["partNumber"]), chunks, check, current())
        return HttpResponse()
    exclusive = request.headers.get("if-none-match") == "*"
    if exclusive and storage._store.exists(key, current(), None, ""):
        raise Refused(412, "PreconditionFailed", "There is a file of this name already.")
    writer = storage._store.write(key, _attrs(dict(request.headers.items())), exclusive, current())
    meta = write_checked(writer, chunks, check)
    return HttpResponse(headers={"ETag": meta.etag})


def _read(request):
    try:
        return request.read(_BLOCK)
    except OSError:  # UnreadablePostError among them
        raise Refused(400, "IncompleteBody", "The upload broke off.") from None


def _length(request):
    try:
        return int(request.META.get("CONTENT_LENGTH") or ("" if "HTTP_TRANSFER_ENCODING" in request.META else 0))
    except ValueError:
        raise Refused(411, "MissingContentLength", "The length of the file was not said.") from None


def _check_headers(request, values):
    """The headers that were signed, which the request must have as they are."""
    signed = dict(parse_qsl(values.get(served.HEADERS, ""), keep_blank_values=True))
    for name, value in signed.items():
        # Some servers say nothing of the length of a body that is empty.
        if (request.headers.get(name) or ("0" if name == "content-length" else "")) != value:
            raise Refused(
                403, "SignatureDoesNotMatch", f"The {name} of what was sent is not the one that was promised: {value}."
            )
    return signed


def _take_form(request, storage, alias, key, values):
    most = int(values[served.MOST]) if served.MOST in values else None
    if most is not None and _length(request) > most + _FORM_OVERHEAD:
        raise _too_large()
    fields = _form_fields(request)
    policy = served.read_form(alias, key, fields.pop("policy", ""))
    _check_fields(fields, policy, key)
    try:
        upload = request.FILES["file"]
    except MultiValueDictKeyError:
        raise Refused(400, "InvalidArgument", "The form has no file.") from None
    if most is not None and upload.size > most:
        raise _too_large()
    if upload.size < policy["least"]:
        raise Refused(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
    wanted = fields.get("x-amz-checksum-crc32")

    def check(size, crc):
        if wanted and b64encode(crc).decode() != wanted:
            raise Refused(400, "BadDigest", "The checksum of what arrived is not the one that was sent.")

    meta = write_checked(storage._store.write(key, _attrs(fields), False, current()), upload.chunks(_BLOCK), check)
    return HttpResponse(status=int(fields.get("success_action_status", "204")), headers={"ETag": meta.etag})


def _too_large():
    return Refused(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")


def _form_fields(request):
    try:
        return {name.lower(): values[-1] for name, values in request.POST.lists()}
    except (MultiPartParserError, RequestDataTooBig, TooManyFieldsSent, OSError):
        raise Refused(400, "MalformedPOSTRequest", "The form could not be read.") from None


def _check_fields(fields, policy, key):
    if fields.pop("key", None) != key:
        raise Refused(403, "AccessDenied", "The form is for a file of another name.")
    known = set()
    for name, value in policy["fields"]:
        known.add(name.lower())
        if fields.get(name.lower()) != value:
            raise Refused(403, "AccessDenied", f"Invalid according to Policy: {name} must be {value}.")
    for name, prefix in policy["prefixes"]:
        known.add(name.lower())
        if not fields.get(name.lower(), "").startswith(prefix):
            raise Refused(403, "AccessDenied", f"Invalid according to Policy: {name} must begin with {prefix}.")
    extra = next((name for name in fields if name not in known), None)
    if extra:
        raise Refused(403, "AccessDenied", f"Invalid according to Policy: Extra input fields: {extra}")


def _attrs(headers):
    attrs, user = {}, {}
    for name, value in headers.items():
        name = name.lower()
        if name in _ATTRIBUTES and value:
            attrs[_ATTRIBUTES[name]] = value
        elif name.startswith("x-amz-meta-"):
            user[name[len("x-amz-meta-") :]] = value
    return {**attrs, "user": user}


def _error(status, code, sentence):
    body = f"<Error><Code>{code}</Code><Message>{escape(sentence)}</Message></Error>"
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'
    return HttpResponse(body, status=status, content_type="application/xml")
