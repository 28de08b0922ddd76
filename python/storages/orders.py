"""What is to be signed, and what comes of it. Loaded when something is signed by sign(); url() needs none of it."""

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timezone

from storages.s3.parameters import to_request

METHODS = ("GET", "HEAD", "PUT", "DELETE", "POST")

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
        return moment_of(self.ends)


def moment_of(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc)


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


def make_order(
    basis,
    *,
    response_headers,
    parameters,
    content_type,
    content_types,
    size,
    min_size,
    max_size,
    checksum,
    headers,
    exclusive,
):
    """The order of sign(), whose options these are. ValueError for what does not go together."""
    order = SigningOrder(*basis)
    method = order.method
    if method not in METHODS:
        raise ValueError(f"method: expected {', '.join(METHODS)}, not {method!r}")
    if method in ("PUT", "POST"):
        _refuse(response_headers, f"response_headers: a {method} is answered by the store alone")
        _refuse(parameters, f"parameters: those of url(), which a {method} has none of")
    else:
        _refuse(
            content_type or content_types or checksum or max_size is not None or size is not None or exclusive,
            f"limits of types and sizes are for what is sent: for PUT and POST, not {method}",
        )
    if method == "POST":
        _order_form(order, content_type, content_types, size, min_size, max_size, checksum, headers)
    elif method == "PUT":
        _refuse(content_types, "content_types: a PUT is bound to one type, content_type")
        _refuse(max_size is not None, "max_size: a PUT is bound to one size; give size, or sign a POST")
        _order_put(order, content_type, size, checksum, headers, exclusive)
    else:
        order.query, order.headers = to_request({**_answers(response_headers), **(parameters or {})})
    return order


def _order_form(order, content_type, content_types, size, min_size, max_size, checksum, headers):
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
