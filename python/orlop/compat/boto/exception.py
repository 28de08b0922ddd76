"""boto's exceptions, and how the engine's become them."""

from __future__ import annotations

from contextlib import contextmanager
from http.client import responses
from typing import TYPE_CHECKING

from orlop.exceptions import ConfigInvalid, DataCorrupted, InvalidArgument, OrlopError, Unauthenticated, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator

StandardError = Exception


class BotoClientError(StandardError):
    """A mistake found before any request."""

    def __init__(self, reason: object, *args: object) -> None:
        super().__init__(reason, *args)
        self.reason = reason

    def __str__(self) -> str:
        return f"{type(self).__name__}: {self.reason}"

    __repr__ = __str__


class BotoServerError(StandardError):
    """An answer that is no success. There is no `body`: those hold what belongs into no log."""

    def __init__(self, status: int, reason: str, body: str | None = None, *args: object) -> None:
        super().__init__(status, reason, body, *args)
        self.status = status
        self.reason = reason
        self.body = body or ""
        self.error_code: str | None = None
        self.message = ""
        self.request_id: str | None = None
        self.resource: str | None = None
        self.bucket: str | None = None

    @property
    def code(self) -> str | None:
        return self.error_code

    @property
    def error_message(self) -> str:
        return self.message

    def __str__(self) -> str:
        return f"{type(self).__name__}: {self.status} {self.reason}\n{self.message}".rstrip()

    __repr__ = __str__


class StorageResponseError(BotoServerError):
    pass


class S3ResponseError(StorageResponseError):
    pass


class StorageCreateError(BotoServerError):
    pass


class S3CreateError(StorageCreateError):
    """The bucket is there already."""


class StorageCopyError(BotoServerError):
    pass


class S3CopyError(StorageCopyError):
    """The copy failed after its answer had begun."""


class StorageDataError(BotoClientError):
    pass


class S3DataError(StorageDataError):
    """What came is not what was sent or stored."""


class StoragePermissionsError(BotoClientError):
    pass


class S3PermissionsError(StoragePermissionsError):
    pass


class NoAuthHandlerFound(Exception):
    """There are no keys anywhere."""


@contextmanager
def translated(
    bucket: str | None = None, key: str | None = None, kind: type[BotoServerError] = S3ResponseError
) -> Iterator[None]:
    """Raises what boto would have; `kind` for an answer of the service. What never reached it stays as it is."""
    try:
        yield
    except OrlopError as error:
        raised = of(error, kind)
        if raised is error:
            raise
        if isinstance(raised, BotoServerError):
            raised.bucket, raised.resource = bucket, key
        raise raised from error


def of(error: OrlopError, kind: type[BotoServerError] = S3ResponseError) -> Exception:
    if error.status and error.status != 200:
        raised = kind(error.status, responses.get(error.status, ""))
    elif error.service_code:
        raised = S3CopyError(200, error.service_code)
    elif isinstance(error, (InvalidArgument, ConfigInvalid, Unsupported)):
        return BotoClientError(error.message or str(error))
    elif isinstance(error, DataCorrupted):
        return S3DataError(error.message)
    elif isinstance(error, Unauthenticated):
        return NoAuthHandlerFound(error.message)
    else:
        return error
    raised.error_code = error.service_code or None
    raised.message = error.message
    raised.request_id = error.request_id or None
    return raised
