"""Signing in one place: addresses, forms, parts and cookies, on every storage behind the same call."""

import time
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timezone

from orlop import Unsupported
from orlop.ledger import current

from storages.s3.errors import explained
from storages.s3.parameters import to_request
from storages.utils import clean_name

METHODS = ("GET", "HEAD", "PUT", "DELETE", "POST")

# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html: X-Amz-Expires
_LONGEST = 604_800

# What an answer can be told to say, by the header's name and by the parameter's of url().
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
_ANSWER_HEADERS = {
    name.lower(): "Response" + name.replace("-", "")
    for name in (
        "Cache-Control",
        "Content-Disposition",
        "Content-Encoding",
        "Content-Language",
        "Content-Type",
        "Expires",
    )
}


@dataclass(frozen=True)
class Signed:
    """A request that somebody else can send. What it opens is a secret: the repr does not show it."""

    method: str
    url: str = field(repr=False)
    headers: dict = field(default_factory=dict, repr=False)  # must be sent as they are
    fields: list = field(default_factory=list, repr=False)  # of a POST form, in order, before the file
    cookies: dict = field(default_factory=dict, repr=False)
    expires_at: datetime = None

    def __str__(self):
        return self.url

    def as_dict(self):
        """What a browser needs, for JSON."""
        return {"method": self.method, "url": self.url, "headers": self.headers, "fields": self.fields}

    def set_cookies(self, response, **attributes):
        """Gives the cookies to a visitor; `domain` is what most sites behind CloudFront have to give."""
        attributes = {"secure": True, "httponly": True, "samesite": "Lax", **attributes}
        for name, value in self.cookies.items():
            response.set_cookie(name, value, **attributes)
        return response


@dataclass
class SigningOrder:
    """What is to be signed, as the storages agree on it."""

    method: str
    key: str
    expires: int
    signed_at: int  # seconds since 1970
    query: list = field(default_factory=list)
    headers: list = field(default_factory=list)
    fields: list = field(default_factory=list)  # of a form, as they are
    prefixes: list = field(default_factory=list)  # of a form, what the sender's values begin with
    min_size: int = 0
    max_size: int = None

    @property
    def ends(self):
        return self.signed_at + self.expires

    @property
    def expires_at(self):
        return datetime.fromtimestamp(self.ends, timezone.utc)


def window(expires, stable_for, now=None):
    """(signed_at, expires) in seconds. With `stable_for` all that is signed within so many seconds is alike, and its
    validity begins with them: it is good for `expires` at the least."""
    now = int(time.time() if now is None else now)
    if not stable_for:
        return now, int(expires)
    stable_for = int(stable_for)
    if stable_for < 0:
        raise ValueError(f"stable_for: expected a number of seconds, not {stable_for}")
    return now - now % stable_for, int(expires) + stable_for


def common_type(content_types):
    """(type, None) for exactly one type, (None, prefix) for what several begin with."""
    types = list(content_types or ())
    if len(types) == 1 and not types[0].endswith("*"):
        return types[0], None
    starts = [each.rstrip("*") for each in types]
    prefix = starts[0] if starts else ""
    for each in starts[1:]:
        while not each.startswith(prefix):
            prefix = prefix[:-1]
    return None, prefix


class SigningMixin:
    """sign() and urls() of a storage."""

    @explained
    def sign(
        self,
        name,
        *,
        method="GET",
        expires=None,
        stable_for=None,
        response_headers=None,
        parameters=None,
        content_type=None,
        content_types=None,
        size=None,
        min_size=0,
        max_size=None,
        checksum=None,
        headers=None,
        exclusive=False,
        cookies=False,
    ):
        """A request to hand out, good for `expires` seconds.

        GET, HEAD: `response_headers` are what the answer shall say. PUT: exactly `size` bytes of `content_type`, whose
        CRC-32 is `checksum`, onto a name that is free (`exclusive`). POST: a form for a file between `min_size` and
        `max_size` of one of `content_types`. `cookies` in place of a signature in the URL open everything that `name`,
        with its wildcards, matches.
        """
        if method not in METHODS:
            raise ValueError(f"method: expected {', '.join(METHODS)}, not {method!r}")
        key = self._normalize_name(clean_name(name))
        signed_at, expires = self._window(self.querystring_expire if expires is None else expires, stable_for)
        if cookies:
            return self._sign_cookies(key, signed_at + expires)
        order = SigningOrder(method, key, expires, signed_at)
        if method in ("PUT", "POST"):
            _refuse(response_headers, f"response_headers: a {method} is answered by the store alone")
            _refuse(parameters, f"parameters: those of url(), which a {method} has none of")
        else:
            _refuse(
                content_type or content_types or checksum or max_size is not None or size is not None or exclusive,
                f"limits of types and sizes are for what is sent: for PUT and POST, not {method}",
            )
        if method == "POST":
            self._order_form(order, content_type, content_types, size, min_size, max_size, checksum, headers)
        elif method == "PUT":
            _refuse(content_types, "content_types: a PUT is bound to one type, content_type")
            _refuse(max_size is not None, "max_size: a PUT is bound to one size; give size, or sign a POST")
            _order_put(order, content_type, size, checksum, headers, exclusive)
        else:
            order.query, order.headers = to_request({**_answers(response_headers), **(parameters or {})})
        return self._sign(order)

    def urls(self, names, parameters=None, expire=None, *, stable_for=None):
        """url() of many names at once, in their order. Of signed addresses hundreds of thousands a second."""
        names = list(names)
        if not self._signs_in_bulk():
            return self._urls_one_by_one(names, parameters, expire, stable_for)
        query, headers = to_request(parameters) if parameters else ([], [])
        if headers:
            return self._urls_one_by_one(names, parameters, expire, stable_for)
        signed_at, expires = self._window(self.querystring_expire if expire is None else expire, stable_for)
        try:
            return self._store.driver.presign_many(
                self.location, names, expires, query, signed_at * 1_000_000, current()
            )
        except (TypeError, ValueError):  # url() says better what is wrong, and of which name
            return self._urls_one_by_one(names, parameters, expire, stable_for)

    def _urls_one_by_one(self, names, parameters, expire, stable_for):
        given = {"parameters": parameters, "expire": expire, "stable_for": stable_for}
        given = {name: value for name, value in given.items() if value is not None}
        return [self.url(name, **given) for name in names]

    def _window(self, expires, stable_for):
        if stable_for is None:
            stable_for = self.querystring_stable_for
        signed_at, good_for = window(expires, stable_for)
        if stable_for and good_for > _LONGEST and not self.custom_domain:
            raise ValueError(
                f"stable_for={stable_for} makes an address of {expires} seconds good for {good_for}, and S3 signs for "
                f"at most {_LONGEST} (seven days): ask for less of either"
            )
        return signed_at, good_for

    def _sign(self, order):
        if order.method == "GET" and (self.custom_domain or not self.querystring_auth):
            return Signed("GET", self._unsigned_url(order), expires_at=order.expires_at)
        signed_at = order.signed_at * 1_000_000
        if order.method == "POST":
            made = self._store.driver.presign_form(
                order.key,
                order.expires,
                order.fields,
                order.prefixes,
                order.min_size,
                order.max_size,
                signed_at,
                current(),
            )
        else:
            made = self._store.presign(
                order.key, order.method, order.expires, [], order.query, order.headers, signed_at, None, current()
            )
        return Signed(made.method, made.url, dict(made.headers), list(made.fields), {}, order.expires_at)

    def _order_form(self, order, content_type, content_types, size, min_size, max_size, checksum, headers):
        order.fields = [(name, value) for name, value in (headers or {}).items()]
        exact, prefix = (content_type, None) if content_type else common_type(content_types)
        if exact:
            order.fields.append(("Content-Type", exact))
        elif prefix is not None:
            order.prefixes.append(("Content-Type", prefix))
        if checksum:
            order.fields += [("x-amz-checksum-algorithm", "CRC32"), ("x-amz-checksum-crc32", _base64(checksum))]
        order.fields.append(("success_action_status", "204"))
        order.min_size, order.max_size = (size, size) if size is not None else (min_size, max_size)

    def _sign_cookies(self, key, ends):
        signer = getattr(self, "cloudfront_signer", None)
        if not (self.custom_domain and signer and hasattr(signer, "cookies")):
            raise Unsupported(
                "cookies are CloudFront's: set AWS_S3_CUSTOM_DOMAIN, AWS_CLOUDFRONT_KEY_ID and AWS_CLOUDFRONT_KEY"
            )
        moment = datetime.fromtimestamp(ends, timezone.utc)
        url = self._domain_url(key)
        return Signed("GET", url, cookies=signer.cookies(url, moment), expires_at=moment)


def _order_put(order, content_type, size, checksum, headers, exclusive):
    order.headers = [(name.lower(), value) for name, value in (headers or {}).items()]
    if content_type:
        order.headers.append(("content-type", content_type))
    if size is not None:
        order.headers.append(("content-length", str(int(size))))
    if checksum:
        order.headers.append(("x-amz-checksum-crc32", _base64(checksum)))
    if exclusive:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        order.headers.append(("if-none-match", "*"))


def _answers(response_headers):
    parameters = {}
    for name, value in (response_headers or {}).items():
        parameter = _ANSWER_HEADERS.get(name.lower())
        if parameter is None:
            raise ValueError(
                f"response_headers: no answer can be told to say {name!r}; there are {', '.join(_ANSWER_HEADERS)}"
            )
        parameters[parameter] = value
    return parameters


def _base64(checksum):
    return checksum if isinstance(checksum, str) else b64encode(checksum).decode()


def _refuse(value, why):
    if value:
        raise ValueError(why)
