"""The engine's errors in the words of Django settings, and for who catches botocore's."""

import re
import sys
from functools import cache, wraps

from orlop import OrlopError

from storages.s3.options import SETTINGS


@cache  # nothing to compile while all goes well
def _option():
    return re.compile(r"\b(" + "|".join(SETTINGS) + r")\b")


# What ClientError.operation_name says in django-storages, by our operation or, where an error has none, by method.
# Its open() asks with a HEAD before it reads.
_SDK_OPERATIONS = {
    "stat": "HeadObject",
    "read": "HeadObject",
    "put": "PutObject",
    "write": "CreateMultipartUpload",
    "list": "ListObjects",
    "remove": "DeleteObject",
    "delete": "DeleteObject",
}

# What S3 would have answered, where its double in memory found out by itself.
_STATUS = {"not_found": 404, "already_exists": 412}
_SERVICE_CODES = {404: "NoSuchKey", 412: "PreconditionFailed"}


def explained(method):
    """Of a method that does I/O: what fails names the Django settings to look at, in the same line."""

    @wraps(method)
    def call(*args, **kwargs):
        try:
            return method(*args, **kwargs)
        except OrlopError as error:
            explain_call(error, method.__name__)
            raise

    return call


def explain_call(error, method):
    """The same for an error that `method` of a storage ends with."""
    explain(error)
    _make_catchable(error, method)


def describe_missing(error, key):
    if error.service_code != "NoSuchBucket":
        rephrase(error, f"File does not exist: {key}")


def explain(error):
    text = str(error)
    # The engine's hint comes behind what a service said, which may use the same words by chance.
    hint = error.message.rpartition(";")[2] if error.service_code else error.message
    options = _option().findall(hint)
    if not options and error.code == "unavailable" and not error.status:
        options = ["endpoint"]  # nobody answered
    settings = list(dict.fromkeys(SETTINGS[option] for option in options))
    if settings and settings[0] not in text:
        error.args = (f"{text} [{', '.join(settings)}]",)


def rephrase(error, text):
    """`text` in place of the engine's; the class and the attributes stay."""
    error.args = (text,)
    return error


def _make_catchable(error, method):
    """What the service answered is a ClientError too, where botocore is in use."""
    botocore = sys.modules.get("botocore.exceptions")
    status = error.status or _STATUS.get(error.code)
    if botocore is None or not status or isinstance(error, botocore.ClientError):
        return
    operation = _SDK_OPERATIONS.get(error.operation or method, error.operation)
    # An answer to HEAD has no body.
    code = str(status) if operation == "HeadObject" else error.service_code or _SERVICE_CODES.get(status, str(status))
    error.__class__ = _client_error(type(error), botocore.ClientError)
    error.operation_name = operation
    error.response = {
        "Error": {"Code": code, "Message": error.message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": error.request_id, "RetryAttempts": 0},
    }


@cache
def _client_error(kind, client_error):
    def reduce(self):
        return kind, self.args, self.__dict__

    return type(kind.__name__, (kind, client_error), {"__module__": kind.__module__, "__reduce__": reduce})
