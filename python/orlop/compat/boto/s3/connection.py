"""S3Connection: an account, or nobody in particular, at a service."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from orlop import s3
from orlop.compat.boto.addresses import boto_signs_version_4, in_botos_order, region_of_host
from orlop.compat.boto.exception import (
    BotoClientError,
    S3CreateError,
    S3ResponseError,
    of,
    translated,
)
from orlop.compat.boto.resultset import ResultSet
from orlop.compat.boto.s3.bucket import Bucket, _stamp
from orlop.compat.boto.s3.key import Key
from orlop.compat.boto.s3.user import User
from orlop.exceptions import OrlopError
from orlop.ledger import current

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class HostRequiredError(BotoClientError):
    pass


class NoHostProvided:
    """An identity, to tell no host from any."""


class Location:
    DEFAULT = ""  # US Classic Region
    EU = "EU"
    EUCentral1 = "eu-central-1"
    USWest = "us-west-1"
    USWest2 = "us-west-2"
    SAEast = "sa-east-1"
    APNortheast = "ap-northeast-1"
    APSoutheast = "ap-southeast-1"
    APSoutheast2 = "ap-southeast-2"
    CNNorth1 = "cn-north-1"


class _CallingFormat:
    """Where the bucket's name goes in an address."""

    addressing = "auto"
    names_hosts = False  # the bucket's name is, or is part of, a host


class SubdomainCallingFormat(_CallingFormat):
    names_hosts = True


class VHostCallingFormat(_CallingFormat):
    addressing = "host"
    names_hosts = True


class OrdinaryCallingFormat(_CallingFormat):
    addressing = "path"


class ProtocolIndependentOrdinaryCallingFormat(OrdinaryCallingFormat):
    pass


_FORMATS = {
    kind.__name__: kind
    for kind in (
        SubdomainCallingFormat,
        VHostCallingFormat,
        OrdinaryCallingFormat,
        ProtocolIndependentOrdinaryCallingFormat,
    )
}


def check_lowercase_bucketname(n: str) -> bool:
    if not (n + "a").islower():
        raise BotoClientError(
            "Bucket names cannot contain upper-case characters when using either the sub-domain or virtual hosting "
            "calling format."
        )
    return True


class S3Connection:
    DefaultHost = "s3.amazonaws.com"
    DefaultCallingFormat = "boto.s3.connection.SubdomainCallingFormat"

    def __init__(
        self,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        is_secure: bool = True,
        port: int | None = None,
        proxy: str | None = None,
        proxy_port: int | None = None,
        proxy_user: str | None = None,
        proxy_pass: str | None = None,
        host: Any = NoHostProvided,
        debug: int = 0,
        https_connection_factory: None = None,
        calling_format: Any = DefaultCallingFormat,
        path: str = "/",
        provider: str = "aws",
        bucket_class: type[Bucket] = Bucket,
        security_token: str | None = None,
        suppress_consec_slashes: bool = True,
        anon: bool = False,
        validate_certs: bool | None = None,
        profile_name: str | None = None,
    ) -> None:
        if https_connection_factory:
            raise BotoClientError("https_connection_factory: connections are the engine's; it is not available here")
        if provider != "aws":
            raise BotoClientError(f"provider: {provider!r} is not available here; leave it out, and name the host")
        named = host is not NoHostProvided and host is not None
        self.host: str = host if named else self.DefaultHost
        self.is_secure = is_secure
        self.protocol = "https" if is_secure else "http"
        self.port = port or (443 if is_secure else 80)
        self.path = path
        self.aws_access_key_id = self.access_key = aws_access_key_id
        self.aws_secret_access_key = self.secret_key = aws_secret_access_key
        self.anon = anon
        self.bucket_class = bucket_class
        self.suppress_consec_slashes = suppress_consec_slashes
        self.calling_format = _calling_format(calling_format)
        sigv4 = bool(os.environ.get("S3_USE_SIGV4"))
        if sigv4 and not named:
            raise HostRequiredError("When using SigV4, you must specify a 'host' parameter.")
        self._signs_v4 = sigv4 or boto_signs_version_4(None, self.host)
        options: dict[str, Any] = {
            "access_key_id": None if anon else aws_access_key_id,
            "secret_access_key": None if anon else aws_secret_access_key,
            "session_token": None if anon else security_token,
            "profile": None if anon else profile_name,
            "anonymous": anon,
            "verify": validate_certs is not False,
            "use_ssl": is_secure,
            "addressing": self.calling_format.addressing,
            "signature": "v4" if self._signs_v4 else "v2",
            **self._place(named, port),
        }
        if proxy:
            user = f"{quote(proxy_user, safe='')}:{quote(proxy_pass or '', safe='')}@" if proxy_user else ""
            options["proxy"] = f"http://{user}{proxy}{f':{proxy_port}' if proxy_port else ''}"
        with translated():
            self._service = s3.Service(**options)

    def _place(self, named: bool, port: int | None) -> dict[str, str]:
        """What says where the service is; nothing for Amazon's in the oldest region."""
        region = region_of_host(self.host)
        if region is not None and port in (None, 80, 443):
            return {"region": region} if region else {}
        if not named and port is None:
            return {}
        address = f"{self.protocol}://{self.host}{f':{port}' if port else ''}{self.path.rstrip('/')}"
        place = {"endpoint": address}
        if isinstance(self.calling_format, SubdomainCallingFormat):
            place["addressing"] = "virtual"
        return place

    def __repr__(self) -> str:
        return f"S3Connection:{self.host}"

    def __iter__(self) -> Iterator[Bucket]:
        return iter(self.get_all_buckets())

    def __contains__(self, bucket_name: str) -> bool:
        return self.lookup(bucket_name) is not None

    def close(self) -> None:
        """Connections are shared, and closed when they have been idle."""

    def set_bucket_class(self, bucket_class: type[Bucket]) -> None:
        self.bucket_class = bucket_class

    # -- Buckets -----------------------------------------------------------------------------------------------------

    def _bucket_of(self, bucket_name: str) -> Bucket:
        if self.calling_format.names_hosts:
            check_lowercase_bucketname(bucket_name)
        return self.bucket_class(self, bucket_name)

    def get_bucket(self, bucket_name: str, validate: bool = True, headers: Mapping[str, str] | None = None) -> Bucket:
        """The bucket, which is there and ours to look at, unless it is not to be asked (`validate=False`)."""
        bucket = self._bucket_of(bucket_name)
        return self.head_bucket(bucket_name, headers) if validate else bucket

    def head_bucket(self, bucket_name: str, headers: Mapping[str, str] | None = None) -> Bucket:
        bucket = self._bucket_of(bucket_name)
        try:
            with translated(bucket_name):
                self._service.get(bucket_name)
        except S3ResponseError as error:
            # The answer to HEAD has no words.
            error.error_code = {403: "AccessDenied", 404: "NoSuchBucket"}.get(error.status, error.error_code)
            raise
        return bucket

    def lookup(
        self, bucket_name: str, validate: bool = True, headers: Mapping[str, str] | None = None
    ) -> Bucket | None:
        try:
            return self.get_bucket(bucket_name, validate, headers)
        except (S3ResponseError, BotoClientError):
            return None

    def create_bucket(
        self,
        bucket_name: str,
        headers: Mapping[str, str] | None = None,
        location: str = Location.DEFAULT,
        policy: str | None = None,
    ) -> Bucket:
        check_lowercase_bucketname(bucket_name)
        given = {name.lower(): value for name, value in (headers or {}).items()}
        acl = policy or given.pop("x-amz-acl", "")
        if given:
            raise BotoClientError(f"{min(given)} is no header of a new bucket that is known here")
        bucket = self._bucket_of(bucket_name)
        with translated(bucket_name):
            try:
                bucket._bucket = self._service.create(bucket_name, location=location, acl=acl)
            except OrlopError as error:
                if error.status == 409:
                    raise of(error, S3CreateError) from error
                raise
        return bucket

    def delete_bucket(self, bucket: Any, headers: Mapping[str, str] | None = None) -> None:
        name = getattr(bucket, "name", bucket)
        self._bucket_of(name)
        with translated(name):
            self._service.remove(name)

    def get_all_buckets(self, headers: Mapping[str, str] | None = None) -> ResultSet:
        with translated():
            owner, buckets = self._service.list()
        result = ResultSet()
        result.owner = User(id=owner.id, display_name=owner.name)
        for found in buckets:
            bucket = self.bucket_class(self, found.name)
            bucket.creation_date = _stamp(found.created)
            result.append(bucket)
        return result

    def get_canonical_user_id(self, headers: Mapping[str, str] | None = None) -> str:
        with translated():
            return self._service.owner().id

    # -- Addresses ---------------------------------------------------------------------------------------------------

    def generate_url(
        self,
        expires_in: int,
        method: str,
        bucket: str = "",
        key: str = "",
        headers: Mapping[str, str] | None = None,
        query_auth: bool = True,
        force_http: bool = False,
        response_headers: Mapping[str, str] | None = None,
        expires_in_absolute: bool = False,
        version_id: str | None = None,
    ) -> str:
        """An address that is good for `expires_in` seconds, signed as boto did: with version 2 but where the host
        tells that it knows version 4 only, or S3_USE_SIGV4 is set."""
        if not bucket or not key:
            raise BotoClientError("a URL is made for a key of a bucket; name both")
        if method not in ("GET", "HEAD", "PUT", "DELETE"):
            raise BotoClientError(f"method: {method!r} cannot be signed; write GET, HEAD, PUT or DELETE")
        query = [("versionId", version_id)] if version_id else []
        query += [(name, str(value)) for name, value in (response_headers or {}).items()]
        given = [(name.lower(), str(value)) for name, value in (headers or {}).items()]
        at = self._bucket_of(bucket)._object(key)
        with translated(bucket, key):
            if self.anon or not query_auth:
                extra = [*query, *(pair for pair in given if pair[0].startswith("x-amz-"))]
                parameters = "&".join(f"{name}={quote(value)}" for name, value in extra)
                url = at.public_url() + (f"?{parameters}" if parameters else "")
            else:
                url = self._sign(at, method, int(expires_in), expires_in_absolute, query, given)
        if isinstance(self.calling_format, ProtocolIndependentOrdinaryCallingFormat):
            return url.partition(":")[2]
        plain = force_http and not (self._signs_v4 and query_auth and not self.anon)
        return "http:" + url.partition(":")[2] if plain else url

    def _sign(
        self, at: s3.Object, method: str, expires: int, absolute: bool, query: list[Any], headers: list[Any]
    ) -> str:
        signed_at = 0 if absolute else int(time.time()) * 1_000_000
        if absolute and self._signs_v4:  # whose validity has a beginning
            expires -= int(time.time())
            signed_at = int(time.time()) * 1_000_000
        signed = at._store.presign(at.key, method, expires, [], query, headers, signed_at, None, current())
        return signed.url if self._signs_v4 else in_botos_order(signed.url)

    def _wire_key(self, name: str) -> str:
        """boto took empty segments out of every path, unless told not to."""
        if not self.suppress_consec_slashes:
            return name
        kept = "/".join(part for part in name.split("/") if part)
        return kept + "/" if name.endswith("/") and kept else kept or name


def _calling_format(value: Any) -> _CallingFormat:
    """boto's own object, one of ours, the class, or its name."""
    if isinstance(value, _CallingFormat):
        return value
    name = value.rpartition(".")[2] if isinstance(value, str) else getattr(value, "__name__", type(value).__name__)
    if name in _FORMATS:
        return _FORMATS[name]()
    raise BotoClientError(f"calling_format: {name} is unknown; there are {', '.join(_FORMATS)}")


__all__ = [
    "Bucket",
    "HostRequiredError",
    "Key",
    "Location",
    "NoHostProvided",
    "OrdinaryCallingFormat",
    "ProtocolIndependentOrdinaryCallingFormat",
    "S3Connection",
    "SubdomainCallingFormat",
    "VHostCallingFormat",
    "check_lowercase_bucketname",
]
