"""What can go wrong. Each class is also the builtin that says the same, so `except FileNotFoundError` works."""

from __future__ import annotations


class OrlopError(Exception):
    """A failed operation. `str()` is one line and never holds a secret."""

    code = "unknown"
    message = ""
    operation = ""  # "stat", "put", ...
    scheme = ""  # "s3", ...
    key = ""
    status = 0  # of HTTP; 0 when no answer came
    service_code = ""  # the service's own word: "NoSuchKey"
    request_id = ""
    attempts = 1
    outcome_unknown = False  # True when the request may have taken effect although it failed


class NotFound(OrlopError, FileNotFoundError):
    code = "not_found"


class AlreadyExists(OrlopError, FileExistsError):
    code = "already_exists"


class PreconditionFailed(OrlopError):
    code = "precondition_failed"


class NotModified(OrlopError):
    code = "not_modified"


class PermissionDenied(OrlopError, PermissionError):
    code = "permission_denied"


class Unauthenticated(OrlopError, PermissionError):
    code = "unauthenticated"


class InvalidArgument(OrlopError, ValueError):
    code = "invalid_argument"


class ConfigInvalid(OrlopError, ValueError):
    code = "config_invalid"


class Unsupported(OrlopError, NotImplementedError):
    code = "unsupported"


class RangeNotSatisfiable(OrlopError, ValueError):
    code = "range_not_satisfiable"


class Unavailable(OrlopError, ConnectionError):
    code = "unavailable"


class RateLimited(Unavailable):
    code = "rate_limited"


class Timeout(OrlopError, TimeoutError):
    code = "timeout"


class Canceled(OrlopError):
    code = "canceled"


class DataCorrupted(OrlopError, OSError):
    code = "data_corrupted"


class TooManyRequests(OrlopError, AssertionError):
    """A block under `orlop.requests(max=...)` made more requests than it may."""


# In the order of the engine's codes, whose numbers are frozen (include/orlop/error.h).
BY_CODE: tuple[type[OrlopError], ...] = (
    OrlopError,
    NotFound,
    AlreadyExists,
    PreconditionFailed,
    NotModified,
    PermissionDenied,
    Unauthenticated,
    InvalidArgument,
    ConfigInvalid,
    Unsupported,
    RangeNotSatisfiable,
    RateLimited,
    Unavailable,
    Timeout,
    Canceled,
    DataCorrupted,
)
