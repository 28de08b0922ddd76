"""Addresses of files that no service answers for: those in memory and on disk, which `storages.urls` serves.

Signed with SECRET_KEY, about everything that an address of S3 is signed about.
"""

import hashlib
import json
import time
from dataclasses import replace
from fnmatch import fnmatchcase
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import default_storage
from django.urls import NoReverseMatch, reverse
from django.utils.functional import LazyObject
from orlop.ledger import current

from storages.base import twinned
from storages.doubles import crc32_of
from storages.orders import Signed, SigningOrder
from storages.s3.errors import explained
from storages.s3.parameters import to_request
from storages.signing import signed_method
from storages.utils import clean_name

_SALT = "storages.served"

EXPIRES, HEADERS, MOST, SIGNATURE = "X-Expires", "X-Headers", "X-Most", "X-Signature"
COOKIE = "storages_access_"


class Refused(Exception):
    """A request that is not served, with the status and the code S3 has for that."""

    def __init__(self, status, code, sentence):
        super().__init__(sentence)
        self.status = status
        self.code = code


def listed(alias):
    """The storage that STORAGES has under a name; None if there is none."""
    try:
        from django.core.files.storage import InvalidStorageError, storages
    except ImportError:  # Django < 4.2
        return woken(default_storage) if alias == "default" else None
    try:
        return storages[alias]
    except InvalidStorageError:
        return None


def alias_of(storage, seen_as=lambda there: there):
    """The name a storage has in STORAGES, or that of one there which keeps its files in the same place; or None.

    `seen_as`: which storage is looked at in the place of one there.
    """
    for alias in _aliases():
        try:
            there = seen_as(listed(alias))
        except ImproperlyConfigured:  # another one, and not our matter
            continue
        if there is storage or (type(there) is type(storage) and place_of(there) == place_of(storage)):
            return alias
    return None


def _aliases():
    try:
        from django.core.files.storage import storages
    except ImportError:  # Django < 4.2
        return ["default"]
    return storages.backends


def woken(storage):
    """The storage itself, of one that Django makes when it is first used."""
    if not isinstance(storage, LazyObject):
        return storage
    storage.exists  # noqa: B018
    return storage._wrapped


def place_of(storage):
    """Where a storage keeps its files: storages of one class and place have the same files."""
    return getattr(storage, "_place", None) or (
        getattr(storage, "bucket_name", None),
        getattr(storage, "location", None),
        getattr(storage, "endpoint_url", None),
    )


def view_url(alias, key):
    """Where the view has a file; None where `storages.urls` is not included."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return None
    try:
        return reverse("storages:file", args=[alias, key])
    except NoReverseMatch:
        return None


class ServedMixin:
    """Of a storage on this machine: what S3Storage says of addresses, said of those of the view."""

    is_served = True
    needs_view = False  # whether there are no addresses but the view's

    @twinned
    @explained
    def url(self, name, parameters=None, expire=None, http_method=None, *, stable_for=None):
        if self.custom_domain:
            return super().url(name, parameters, expire, http_method, stable_for=stable_for)
        key = self._normalize_name(clean_name(name))
        signed_at, expires = self._window(self.querystring_expire if expire is None else expire, stable_for)
        query, headers = to_request(parameters) if parameters else ([], [])
        method = signed_method(http_method) if self.querystring_auth else "GET"
        return self._sign(SigningOrder(method, key, expires, signed_at, query, headers)).url

    def _address(self, key):
        alias = alias_of(self)
        url = view_url(alias, key) if alias else None
        if url is None and self.needs_view:
            raise ImproperlyConfigured(
                f"{type(self).__name__} has no addresses: "
                + (
                    'add path("storage/", include("storages.urls")) to the URLs of the site'
                    if alias
                    else "list it in STORAGES, by which the view finds it"
                )
            )
        return url

    def _signs_in_bulk(self):
        return False

    def _sign(self, order):
        if order.method == "GET" and self.custom_domain:
            return super()._sign(order)
        is_public = order.method == "GET" and not self.querystring_auth
        self._refuse_as_s3(order, is_public)
        address = self._address(order.key)
        if address is None:
            return super()._sign(order)
        if is_public:
            query = f"?{urlencode(order.query)}" if order.query else ""
            return Signed("GET", address + query, expires_at=order.expires_at)
        if order.method == "POST":
            return _sign_form(alias_of(self), address, order)
        return _sign_url(alias_of(self), address, order)

    def _refuse_as_s3(self, order, is_public):
        """What is signed here and refused in production would be noticed there."""
        if is_public:
            self._store.public_url(order.key)
            return
        method = "PUT" if order.method == "POST" else order.method  # services without forms have the same limits
        given = [*order.headers, *order.fields]
        self._store.presign(
            order.key, method, order.expires, [], order.query, given, order.signed_at * 1_000_000, None, current()
        )

    def _sign_cookies(self, key, ends):
        address = self._address(key)
        if address is None or self.custom_domain:
            return super()._sign_cookies(key, ends)
        alias = alias_of(self)
        grant = signing.dumps({"alias": alias, "pattern": key, "ends": ends}, salt=_SALT + ".cookie")
        name = COOKIE + hashlib.sha256(f"{alias}/{key}".encode()).hexdigest()[:12]
        return Signed("GET", address, cookies={name: grant}, expires_at=SigningOrder("GET", key, 0, ends).expires_at)

    def _checksum(self, meta, key):
        return "crc32", crc32_of(self._store, key, current())


def _sign_url(alias, address, order):
    query = [*order.query, (EXPIRES, str(order.ends))]
    if order.headers:
        query.append((HEADERS, urlencode(order.headers)))
    if order.max_size is not None:
        query.append((MOST, str(order.max_size)))
    signature = _signer().signature(_canonical(order.method, alias, order.key, query))
    url = f"{address}?{urlencode([*query, (SIGNATURE, signature)])}"
    return Signed(order.method, url, dict(order.headers), expires_at=order.expires_at)


def _sign_form(alias, address, order):
    policy = {
        "alias": alias,
        "key": order.key,
        "ends": order.ends,
        "least": order.min_size,
        "fields": order.fields,
        "prefixes": order.prefixes,
    }
    fields = [("key", order.key), *order.fields, ("policy", signing.dumps(policy, salt=_SALT + ".form"))]
    # The address says as much as must be known before a form is read.
    return replace(_sign_url(alias, address, order), fields=fields)


def _signer():
    return signing.Signer(salt=_SALT)


def _canonical(method, alias, key, query):
    return json.dumps([method, alias, key, sorted(map(list, query))])


def check_address(method, alias, key, query):
    """The headers a signed request must have, of one whose signature is good. Refused otherwise."""
    query = list(query)
    signatures = [value for name, value in query if name == SIGNATURE]
    if len(signatures) != 1:
        raise Refused(403, "AccessDenied", "This address carries no signature.")
    signed = [pair for pair in query if pair[0] != SIGNATURE]
    try:
        _signer().unsign(f"{_canonical(method, alias, key, signed)}:{signatures[0]}")
    except signing.BadSignature:
        raise Refused(
            403, "SignatureDoesNotMatch", "This address was altered, or signed for another name or method."
        ) from None
    values = dict(signed)
    _check_time(int(values[EXPIRES]))
    return values


def read_form(alias, key, policy):
    """The policy of a form, as it was signed."""
    try:
        policy = signing.loads(policy, salt=_SALT + ".form")
    except signing.BadSignature:
        raise Refused(403, "SignatureDoesNotMatch", "The policy of this form was altered.") from None
    if (policy["alias"], policy["key"]) != (alias, key):
        raise Refused(403, "AccessDenied", "The policy of this form is about another name.")
    _check_time(policy["ends"])
    return policy


def opened_by_cookie(cookie, alias, key):
    try:
        grant = signing.loads(cookie, salt=_SALT + ".cookie")
    except signing.BadSignature:
        return False
    return grant["alias"] == alias and time.time() < grant["ends"] and fnmatchcase(key, _literal(grant["pattern"]))


def _literal(pattern):
    # CloudFront's wildcards are * and ? alone.
    return pattern.replace("[", "[[]")


def _check_time(ends):
    if time.time() >= ends:
        raise Refused(403, "AccessDenied", "This address has expired.")
