"""Signing in one place: addresses, forms, parts and cookies, on every storage behind the same call."""

import time

from orlop import Unsupported
from orlop.ledger import current

from storages.s3.errors import explained
from storages.s3.parameters import to_request
from storages.utils import clean_name

# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html: X-Amz-Expires
_LONGEST = 604_800

_MOST_SECONDS = 1 << 53  # what an engine counts in microseconds takes no more

# Those that do something with an object named by a URL alone.
_SIGNED_METHODS = "GET", "HEAD", "PUT", "DELETE"


def window(expires, stable_for, now=None):
    """(signed_at, expires) in seconds. With `stable_for` all that is signed within so many seconds is alike, and its
    validity begins with them: it is good for `expires` at the least."""
    now = int(time.time() if now is None else now)
    expires = _seconds("expires", expires)
    if abs(expires) > _MOST_SECONDS:
        raise ValueError(f"expires: expected a number of seconds, not {expires}")
    if not stable_for:
        return now, expires
    stable_for = _seconds("stable_for", stable_for)
    if stable_for < 0:
        raise ValueError(f"stable_for: expected a number of seconds, not {stable_for}")
    return now - now % stable_for, expires + stable_for


def _seconds(name, value):
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name}: expected a number of seconds, not {value!r}") from None


def signed_method(name):
    method = (name or "GET").upper()
    if method not in _SIGNED_METHODS:
        raise ValueError(f"http_method: expected {', '.join(_SIGNED_METHODS)}, not {name!r}")
    return method


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
        from storages.orders import make_order

        key = self._normalize_name(clean_name(name))
        signed_at, expires = self._window(self.querystring_expire if expires is None else expires, stable_for)
        order = make_order(
            (method, key, expires, signed_at),
            response_headers=response_headers,
            parameters=parameters,
            content_type=content_type,
            content_types=content_types,
            size=size,
            min_size=min_size,
            max_size=max_size,
            checksum=checksum,
            headers=headers,
            exclusive=exclusive,
        )
        return self._sign_cookies(key, order.ends) if cookies else self._sign(order)

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
        from storages.orders import Signed, moment_of

        if order.method == "GET" and (self.custom_domain or not self._signs_urls()):
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
        ends = moment_of(order.signed_at + made.expires)  # perhaps with the credentials, before it was to
        return Signed(made.method, made.url, dict(made.headers), list(made.fields), {}, ends)

    def _sign_cookies(self, key, ends):
        from storages.orders import Signed, moment_of

        signer = getattr(self, "cloudfront_signer", None)
        if not (self.custom_domain and signer and hasattr(signer, "cookies")):
            raise Unsupported(
                "cookies are CloudFront's: set AWS_S3_CUSTOM_DOMAIN, AWS_CLOUDFRONT_KEY_ID and AWS_CLOUDFRONT_KEY"
            )
        moment = moment_of(ends)
        url = self._domain_url(key)
        return Signed("GET", url, cookies=signer.cookies(url, moment), expires_at=moment)
