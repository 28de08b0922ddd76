"""What a bucket says when it is asked: reach, clock, region, permissions, conditions, CORS. Writes one small object."""

import secrets
import ssl
import time
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from django.core.exceptions import ImproperlyConfigured
from orlop import AlreadyExists, NotFound, OrlopError

from storages.check.project import storage_of

GOOD, BAD, NOTE = "ok", "FAIL", "note"

_CONTENT = b"written by storages.check\n"

# S3 refuses requests from clocks that differ by more:
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (RequestTimeTooSkewed)
_SKEW = 15 * 60


class Answer(NamedTuple):
    state: str
    subject: str
    text: str

    def __str__(self):
        return f"{self.state:5} {self.subject:26} {self.text}"


# What servers call themselves, and the dialect of each: src/backends/s3/dialect.cpp.
_SERVERS = {"MinIO": "minio", "orlop": "orlop"}


def probe_place(place, origin=""):
    """As probe(), of a project's storage, which may be none that works."""
    try:
        storage = storage_of(place)
    except Exception as error:  # of a class of the project
        known = isinstance(error, (ImproperlyConfigured, OrlopError))
        yield Answer(BAD, "options", str(error) if known else f"{type(error).__name__}: {error}")
        return
    try:
        yield from probe(storage, origin)
    except (ImproperlyConfigured, OrlopError) as error:
        yield Answer(BAD, "options", str(error))


def probe(storage, origin=""):
    """Yields an Answer for each thing that was tried with the bucket of an S3Storage."""
    start = time.perf_counter()
    try:
        reached = storage.exists("")
    except OrlopError as error:
        yield Answer(BAD, "reach", str(error))
        if error.code != "permission_denied":
            return
    else:
        text = f"{storage.bucket_name} answered in {(time.perf_counter() - start) * 1000:.0f} ms"
        yield Answer(GOOD, "reach", text) if reached else Answer(BAD, "reach", f"no bucket {storage.bucket_name}")
        if not reached:
            return
    headers = _headers_of_bucket(storage)
    yield from _clock(headers)
    yield from _region(storage, headers)
    yield from _permissions(storage)
    yield from _expiry(storage)
    yield from _cors(storage, origin)
    yield _dialect(storage, headers)


# -- What an unsigned request tells ------------------------------------------------------------------------------------


def _ask(storage, url, method, headers=None):
    """The headers of the answer, whatever its status; None when there was none."""
    request = urllib.request.Request(url, method=method, headers=headers or {})
    handlers = [urllib.request.HTTPSHandler(context=_tls(storage.verify))]
    proxies = getattr(storage.client_config, "proxies", None)
    handlers.append(urllib.request.ProxyHandler(proxies or {}))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=10) as answer:
            return answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.headers
    except (OSError, ValueError):
        return None


def _tls(verify):
    if verify is False:
        return ssl._create_unverified_context()
    return ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)


def _headers_of_bucket(storage):
    if storage.endpoint_url:  # URLs may name another one
        url = f"{storage.endpoint_url.rstrip('/')}/{storage.bucket_name}"
    else:
        url = storage._store.public_url("x").removesuffix("x")
    return _ask(storage, url, "HEAD")


def _clock(headers):
    if headers is None or not headers.get("Date"):
        return
    difference = time.time() - parsedate_to_datetime(headers["Date"]).timestamp()
    text = f"{abs(difference):.0f} s {'ahead of' if difference > 0 else 'behind'} the service's"
    if abs(difference) >= _SKEW:
        yield Answer(BAD, "clock", f"{text}: set this machine's clock")
    else:
        yield Answer(GOOD, "clock", text if abs(difference) >= 2 else "as the service's")


def _region(storage, headers):
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
    there = headers.get("x-amz-bucket-region") if headers is not None else None
    here = storage.region_name
    if not there:
        yield Answer(NOTE, "region", f"the service does not say; here it is {here or 'unset'}")
    elif here and here != there:
        yield Answer(BAD, "region", f"the bucket is in {there}, AWS_S3_REGION_NAME says {here}")
    elif not here and there != "us-east-1":
        yield Answer(NOTE, "region", f"the bucket is in {there}: AWS_S3_REGION_NAME = {there!r} saves a redirect")
    else:
        yield Answer(GOOD, "region", there)


# -- Permissions, one by one -------------------------------------------------------------------------------------------


def _permissions(storage):
    name = f"storages-check-{secrets.token_hex(8)}.txt"
    store, key = storage._store, storage._normalize_name(name)
    plain = {"content_type": "text/plain"}
    yield _allowed("s3:ListBucket", lambda: store.list(key, "", "", "", 1, None))
    written = _allowed("s3:PutObject", lambda: store.put(key, _CONTENT, plain, False, None))
    yield written
    if storage.default_acl:
        attrs = {**plain, "provider": {"ACL": storage.default_acl}}
        yield _allowed("s3:PutObjectAcl", lambda: store.put(key, _CONTENT, attrs, False, None))
    if written.state is GOOD:
        yield _allowed("s3:GetObject", lambda: store.open(key, None, None, "").read(-1))
        yield _conditional(store, key, plain)
    yield _allowed("s3:AbortMultipartUpload", lambda: _upload_and_abort(store, f"{key}.parts"))
    yield _allowed("s3:DeleteObject", lambda: _delete(store, key))


def _allowed(permission, action):
    try:
        action()
    except NotFound:
        pass
    except OrlopError as error:
        return Answer(BAD, permission, str(error))
    return Answer(GOOD, permission, "allowed")


def _upload_and_abort(store, key):
    writer = store.write(key, {"content_type": "text/plain"}, False, None)
    try:
        writer.write(bytes(12 << 20))  # more than a part, so that an upload has begun
    finally:
        writer.abort()


def _delete(store, key):
    for error in store.remove([key], None):
        if error:
            raise error


def _conditional(store, key, attrs):
    subject = "create only if absent"
    if not store.can("put_create"):
        return Answer(NOTE, subject, "the service cannot: with file_overwrite = False one HEAD is made for each name")
    try:
        store.put(key, _CONTENT, attrs, True, None)
    except AlreadyExists:
        return Answer(GOOD, subject, "the service decides who gets a name")
    except OrlopError as error:
        return Answer(BAD, subject, str(error))
    return Answer(BAD, subject, "the service says it can, and overwrote: name another dialect")


def _expiry(storage):
    """A signed URL ends with the credentials that signed it, and those are known only now."""
    if not storage.querystring_auth or storage.custom_domain:
        return
    try:
        ends = storage.sign("storages-check", stable_for=0).expires_at.timestamp()
    except (OrlopError, ValueError) as error:
        yield Answer(BAD, "signed URLs", str(error))
        return
    wanted = int(storage.querystring_expire)
    left = round(ends - time.time())
    if left < wanted - 2:
        text = f"cut from the {wanted} s of AWS_QUERYSTRING_EXPIRE to {left} s: the credentials end then"
        yield Answer(NOTE, "signed URLs", text)
    else:
        yield Answer(GOOD, "signed URLs", f"good for {wanted} s")


# -- Browsers, and who is there ----------------------------------------------------------------------------------------


def _cors(storage, origin):
    if not origin:
        yield Answer(NOTE, "CORS", "not tried: --origin https://your.site")
        return
    url = storage._store.public_url(storage._normalize_name("storages-check"))
    for method in ("GET", "PUT"):
        asked = {"Origin": origin, "Access-Control-Request-Method": method}
        headers = _ask(storage, url, "OPTIONS", asked)
        allowed = headers.get("Access-Control-Allow-Origin") if headers is not None else None
        # Fonts and scripts need the first; uploads from a browser the second.
        if allowed in ("*", origin):
            yield Answer(GOOD, f"CORS {method}", f"allowed for {origin}")
        else:
            yield Answer(NOTE, f"CORS {method}", f"not allowed for {origin}: a rule of the bucket's")


def _dialect(storage, headers):
    server = headers.get("Server", "") if headers is not None else ""
    wanted = {"put_create": "conditional PUT", "write_create": "conditional uploads in parts", "copy": "copies"}
    can = [text for name, text in wanted.items() if storage._store.can(name)]
    return Answer(NOTE, "dialect", f"{server or 'unnamed server'}; {', '.join(can)}{_other_dialect(storage, server)}")


def _other_dialect(storage, server):
    there = next((dialect for name, dialect in _SERVERS.items() if server.startswith(name)), None)
    if not there or storage.dialect == there:
        return ""
    taken = storage.dialect or "generic"
    return f"; taken for {taken}: AWS_S3_DIALECT = {there!r}, or the option dialect, has it do all it can"
