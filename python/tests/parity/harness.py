"""What a scenario is, and what it is given: the same for both sides."""

from __future__ import annotations

import base64
import contextlib
import datetime
import functools
import io
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import PurePath
from unittest import mock

# The clock of the reference's vectors.
NOW = datetime.datetime(2024, 3, 5, 6, 7, 8, tzinfo=datetime.timezone.utc)
KEYS = {"access_key": "AKIDEXAMPLE", "secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}

# Kinds of exceptions people catch around a storage. Ours may be more of them than upstream's, never fewer.
CATCHABLE = (
    FileNotFoundError,
    FileExistsError,
    PermissionError,
    ConnectionError,
    OSError,
    UnicodeError,
    ValueError,
    TypeError,
    AttributeError,
    NotImplementedError,
    KeyError,
)

SCENARIOS = {}


@dataclass(frozen=True)
class Scenario:
    name: str
    run: object
    arguments: tuple = ()
    # A line of docs/django/differences.md, where ours is meant to differ.
    differs: str | None = None

    def __call__(self, site):
        return self.run(site, *self.arguments)


def scenario(function=None, *, differs=None, each=None):
    """Registers function(site): what it returns is compared. `each`: {case: arguments}, or cases, one scenario each.

    `differs` begins a line of the differences' table; it holds for the whole scenario, which then must differ. As a
    dict it says so for some cases.
    """

    def register(run):
        cases = {None: ()} if each is None else each if isinstance(each, dict) else {str(one): one for one in each}
        for case, arguments in cases.items():
            name = f"{run.__module__.rpartition('.')[2]}.{run.__name__}" + ("" if case is None else f"[{case}]")
            why = differs.get(case) if isinstance(differs, dict) else differs
            arguments = arguments if isinstance(arguments, tuple) else (arguments,)
            assert name not in SCENARIOS, name
            SCENARIOS[name] = Scenario(name, run, arguments, why)
        return run

    return register(function) if function else register


def outcome(run, *arguments, **named):
    """What a call returned or raised, and the deprecations it warned of, as JSON."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = plain(run(*arguments, **named))
        except Exception as error:
            result = {"raised": described(error)}
    deprecated = [str(one.message) for one in caught if "storages" in one.filename or "parity" in one.filename]
    deprecated = [text for text in deprecated if "config' class property" in text or "AWS_S3_" in text]
    return {"result": result, "warned": deprecated} if deprecated else result


def described(error):
    from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation, SuspiciousOperation

    kinds = [*CATCHABLE, ImproperlyConfigured, SuspiciousFileOperation, SuspiciousOperation]
    service = None
    if "botocore.exceptions" in sys.modules:
        from botocore.exceptions import BotoCoreError, ClientError

        kinds += [ClientError, BotoCoreError]
        if isinstance(error, ClientError):
            code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            service = f"{error.operation_name}: {code}, {status}"
    return {
        "kinds": sorted(kind.__name__ for kind in kinds if isinstance(error, kind)),
        "text": str(error),
        "service": service,
    }


def plain(value):
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(value)
        return {"bytes": data.decode("ascii") if data.isascii() else base64.b64encode(data).decode()}
    if isinstance(value, datetime.datetime):
        return {"aware": value.utcoffset() is not None, "offset": str(value.utcoffset())}
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    if isinstance(value, (PurePath, type)):
        return str(value)
    raise TypeError(f"a scenario may not return {type(value)}")


@contextlib.contextmanager
def frozen(now=NOW):
    """The clock as both sides see it when they sign."""

    class Datetime(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return now.replace(tzinfo=None)

        @classmethod
        def now(cls, tz=None):
            return now.astimezone(tz) if tz else now.replace(tzinfo=None)

    import storages.backends.s3 as backend

    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(time, "time", now.timestamp))
        stack.enter_context(mock.patch.object(backend, "datetime", Datetime))
        for name in ("botocore.auth", "botocore.signers"):
            if name in sys.modules:
                stack.enter_context(mock.patch(f"{name}.get_current_datetime", lambda *_, **__: Datetime.utcnow()))
        yield


class Site:
    """A bucket of its own, storages on it, and a look at what the server really holds."""

    def __init__(self, server, bucket):
        self.server = server
        self.bucket_name = bucket

    @functools.cached_property
    def bucket(self):
        self.client().create_bucket(Bucket=self.bucket_name)
        return self.bucket_name

    @property
    def options(self):
        options = {
            "bucket_name": self.bucket,
            "endpoint_url": self.server["endpoint"],
            "access_key": self.server["key"],
            "secret_key": self.server["secret"],
            "region_name": "us-east-1",
        }
        return {**options, "verify": self.server["ca"]} if self.server.get("ca") else options

    def kind(self, name="S3Storage", **attributes):
        import storages.backends.s3 as backend

        base = getattr(backend, name)
        return type(name, (base,), attributes) if attributes else base

    def storage(self, kind=None, **options):
        return (kind or self.kind())(**{**self.options, **options})

    def settings(self, **values):
        from django.test import override_settings

        return override_settings(**values)

    def url(self, name="dir/a b+c~é.txt", *, call=None, kind=None, **options):
        """At the clock of the vectors, with their keys and their bucket."""
        with frozen():
            storage = (kind or self.kind())(**{"bucket_name": "test-bucket", **KEYS, **options})
            return storage.url(name, **(call or {}))

    # -- The server ---------------------------------------------------------------------------------------------------

    def client(self):
        return _client(**{name: self.server[name] for name in ("endpoint", "key", "secret", "ca")})

    def put(self, key, body=b"", **parameters):
        self.client().put_object(Bucket=self.bucket, Key=key, Body=body, **parameters)

    def keys(self):
        pages = self.client().get_paginator("list_objects").paginate(Bucket=self.bucket)
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]

    def stored(self, key, **parameters):
        """Everything of the object both sides have to agree on: body, headers, metadata."""
        from botocore.exceptions import ClientError

        try:
            answer = self.client().get_object(Bucket=self.bucket, Key=key, **parameters)
        except ClientError as error:
            return error.response["Error"]["Code"]
        names = (
            "ContentType ContentEncoding ContentDisposition ContentLanguage CacheControl ExpiresString Metadata "
            "WebsiteRedirectLocation ServerSideEncryption StorageClass TagCount".split()
        )
        facts = {name: answer[name] for name in names if answer.get(name)}
        return {"body": answer["Body"].read(), **facts}


@functools.cache
def _client(endpoint, key, secret, ca):
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        region_name="us-east-1",
        verify=ca or None,
        config=Config(s3={"addressing_style": "path"}),
    )


class Pipe(io.RawIOBase):
    """A readable that can be read once and has no position."""

    def __init__(self, data):
        self._data = io.BytesIO(data)

    def readable(self):
        return True

    def seekable(self):
        return False

    def seek(self, *_):
        raise io.UnsupportedOperation("seek")

    def tell(self):
        raise io.UnsupportedOperation("tell")

    def readinto(self, buffer):
        return self._data.readinto(buffer)
