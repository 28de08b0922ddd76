"""Signed CloudFront URLs, with the interface of botocore's CloudFrontSigner."""

import calendar
import json
from functools import lru_cache

from django.core.exceptions import ImproperlyConfigured
from orlop import ConfigInvalid, _native


class InvalidCloudFrontKey(ImproperlyConfigured, ValueError):
    """AWS_CLOUDFRONT_KEY is not what it has to be."""


class CloudFrontSigner:
    def __init__(self, key_id, key):
        """`key`: an unencrypted RSA private key in PEM form, as text or bytes."""
        pem = key.decode("ascii", "replace") if isinstance(key, (bytes, bytearray)) else key
        self.key_id = key_id
        try:
            self._signer = _native.CloudFrontSigner(key_id, pem)
        except ConfigInvalid as error:
            raise InvalidCloudFrontKey(f"AWS_CLOUDFRONT_KEY/cloudfront_key: {error.message}") from None

    def generate_presigned_url(self, url, date_less_than=None, policy=None):
        """`url`, readable until the datetime `date_less_than` (naive: UTC), or as `policy` says."""
        if (date_less_than is None) == (policy is None):
            raise ValueError("Need to provide either date_less_than or policy, but not both")
        if policy is not None:
            return self._signer.sign_policy(url, policy.decode() if isinstance(policy, bytes) else policy)
        return self._signer.sign(url, calendar.timegm(date_less_than.utctimetuple()))

    @staticmethod
    def build_policy(resource, date_less_than, date_greater_than=None, ip_address=None):
        """A custom policy: who may read `resource` when."""
        condition = {"DateLessThan": {"AWS:EpochTime": calendar.timegm(date_less_than.utctimetuple())}}
        if ip_address:
            condition["IpAddress"] = {"AWS:SourceIp": ip_address if "/" in ip_address else f"{ip_address}/32"}
        if date_greater_than:
            condition["DateGreaterThan"] = {"AWS:EpochTime": calendar.timegm(date_greater_than.utctimetuple())}
        statement = {"Resource": resource, "Condition": condition}
        return json.dumps({"Statement": [statement]}, separators=(",", ":"))


@lru_cache(maxsize=64)
def signer_for(key_id, key):
    """One signer for the same key in the whole process: parsing a key is slow."""
    return CloudFrontSigner(key_id, key)
