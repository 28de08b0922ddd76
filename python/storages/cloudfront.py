"""Signed CloudFront URLs and cookies, with the interface of botocore's CloudFrontSigner."""

import base64
import calendar
import json
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured
from orlop import ConfigInvalid, native

from storages.s3.secrets import unseen

# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-linux-openssl.html
_URL_SAFE = bytes.maketrans(b"+=/", b"-_~")


class InvalidCloudFrontKey(ImproperlyConfigured, ValueError):
    """AWS_CLOUDFRONT_KEY is not what it has to be."""


class CloudFrontSigner:
    @unseen
    def __init__(self, key_id, key):
        """`key`: an unencrypted RSA private key in PEM form, as text or bytes; or a function that signs bytes."""
        self.key_id = key_id
        self._signer = _CallingSigner(key_id, key) if callable(key) else _native_signer(key_id, key)

    def __reduce__(self):
        raise TypeError("a CloudFront signer holds a private key and is not pickled; pickle the storage")

    def __deepcopy__(self, memo):
        return self  # it cannot be changed

    def __repr__(self):
        return f"<{type(self).__name__} {self.key_id}>"

    def rsa_signer(self, message):
        """The signature (RSA, SHA-1, PKCS#1 v1.5) of `message`."""
        query = dict(parse_qsl(urlsplit(self._signer.sign_policy("https://x/", message.decode())).query))
        return base64.b64decode(query["Signature"].encode().translate(bytes.maketrans(b"-_~", b"+=/")))

    def generate_presigned_url(self, url, date_less_than=None, policy=None):
        """`url`, readable until the datetime `date_less_than` (naive: UTC), or as `policy` says."""
        _check_either(date_less_than, policy)
        if policy is not None:
            return self._signer.sign_policy(url, _text(policy))
        return self._signer.sign(url, _epoch(date_less_than))

    def cookies(self, resource, date_less_than=None, policy=None):
        """{name: value} of the three cookies that open `resource` as generate_presigned_url() opens a URL.

        `resource` may have wildcards ("https://cdn.example.com/private/*"), which takes a policy: one is made of
        `date_less_than` when the resource has them.
        https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-cookies.html
        """
        _check_either(date_less_than, policy)
        _check_either(date_less_than, policy)
        if policy is None and ("*" in resource or "?" in resource):
            date_less_than, policy = None, self.build_policy(resource, date_less_than)
        # CloudFront signs the same bytes for URLs and for cookies; a URL without a query shows them one by one.
        url = "https://x/" if policy is not None else resource
        signed = self.generate_presigned_url(url, None if policy is not None else date_less_than, policy)
        given = dict(parse_qsl(signed[len(url) + 1 :]))
        wanted = ("Policy", "Expires", "Signature", "Key-Pair-Id")
        return {f"CloudFront-{name}": given[name] for name in wanted if name in given}

    def set_cookies(self, response, resource, date_less_than=None, policy=None, **attributes):
        """Sets cookies() on a response. `attributes` are set_cookie()'s; `domain` is what most sites have to give."""
        attributes = {"secure": True, "httponly": True, "samesite": "Lax", **attributes}
        for name, value in self.cookies(resource, date_less_than, policy).items():
            response.set_cookie(name, value, **attributes)
        return response

    @staticmethod
    def build_policy(resource, date_less_than, date_greater_than=None, ip_address=None):
        """A custom policy: who may read `resource` when."""
        condition = {"DateLessThan": {"AWS:EpochTime": _epoch(date_less_than)}}
        if ip_address:
            condition["IpAddress"] = {"AWS:SourceIp": ip_address if "/" in ip_address else f"{ip_address}/32"}
        if date_greater_than:
            condition["DateGreaterThan"] = {"AWS:EpochTime": _epoch(date_greater_than)}
        return _policy(resource, condition)


class _CallingSigner:
    """Signs with a function of somebody else's: a hardware token, a key service, another library."""

    def __init__(self, key_id, sign):
        self._key_id = key_id
        self._sign = sign

    def sign(self, url, expires):
        policy = _policy(url, {"DateLessThan": {"AWS:EpochTime": expires}})
        return self._signed(url, f"Expires={expires}", policy)

    def sign_policy(self, url, policy):
        return self._signed(url, f"Policy={_encode(policy.encode())}", policy)

    def _signed(self, url, first, policy):
        joint = "&" if "?" in url else "?"
        return f"{url}{joint}{first}&Signature={_encode(self._sign(policy.encode()))}&Key-Pair-Id={self._key_id}"


def _native_signer(key_id, key):
    pem = key.decode("ascii", "replace") if isinstance(key, (bytes, bytearray)) else key
    try:
        return native.CloudFrontSigner(key_id, pem)
    except (ConfigInvalid, TypeError) as error:
        reason = getattr(error, "message", "") or "expected the text of a PEM file"
        raise InvalidCloudFrontKey(f"AWS_CLOUDFRONT_KEY/cloudfront_key: {reason}") from None


def _check_either(date_less_than, policy):
    if (date_less_than is None) == (policy is None):
        raise ValueError("Need to provide either date_less_than or policy, but not both")


def _policy(resource, condition):
    return json.dumps({"Statement": [{"Resource": resource, "Condition": condition}]}, separators=(",", ":"))


def _epoch(moment):
    return calendar.timegm(moment.utctimetuple())


def _text(policy):
    return policy.decode() if isinstance(policy, bytes) else policy


def _encode(data):
    return base64.b64encode(data).translate(_URL_SAFE).decode()


@lru_cache(maxsize=64)
def signer_for(key_id, key):
    """One signer for the same key in the whole process: parsing a key is slow."""
    return CloudFrontSigner(key_id, key)
