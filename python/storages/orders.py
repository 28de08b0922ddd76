"""What is to be signed, and what comes of it. Loaded when something is signed by sign(); url() needs none of it."""

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import datetime, timezone

from storages.s3.parameters import TOKEN, to_request

METHODS = ("GET", "HEAD", "PUT", "DELETE", "POST")

#: Of content_types, what covers every type.
ANY_TYPE = frozenset(["*", "*/*"])

_MOST_BYTES = (1 << 63) - 1

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
    """(type, None) for exactly one type, (None, prefix) for a group that has all of them.

    ValueError where a policy, which knows no others, would allow more than was asked for.
    """
    if isinstance(content_types, str):
        raise TypeError("content_types: expected a list of types, not one text")
    types = list(content_types or ())
    if not types or ANY_TYPE.intersection(types):
        return None, ""
    if len(types) == 1 and not types[0].endswith("*"):
        return types[0], None
    for group in types:
        if group.endswith("*") and all(each.startswith(group[:-1]) for each in types):
            return None, group[:-1]
    raise ValueError(
        f"content_types: the policy of a form holds one type or one group ('image/*'), and {', '.join(types)} are no "
        "one group: sign a form for the type that is going to be sent, or use upload_ticket(), which takes several"
    )


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
    _refuse(content_type is not None and not isinstance(content_type, str), f"content_type: no text: {content_type!r}")
    if method in ("PUT", "POST"):
        _refuse(response_headers, f"response_headers: a {method} is answered by the store alone")
        _refuse(parameters, f"parameters: those of url(), which a {method} has none of")
    else:
        _refuse(
            any((content_type, content_types, checksum, exclusive, min_size, max_size is not None, size is not None)),
            f"limits of types and sizes are for what is sent: for PUT and POST, not {method}",
        )
    if method == "POST":
        _order_form(order, content_type, content_types, size, min_size, max_size, checksum, headers)
    elif method == "PUT":
        _refuse(content_types, "content_types: a PUT is bound to one type, content_type")
        _refuse(min_size or max_size is not None, "max_size: a PUT is bound to one size; give size, or sign a POST")
        _order_put(order, content_type, size, checksum, headers, exclusive)
    else:
        order.query, order.headers = to_request({**_answers(response_headers), **(parameters or {})})
    return order


def _order_form(order, content_type, content_types, size, min_size, max_size, checksum, headers):
    order.fields = _checked_headers(headers)
    exact, prefix = (content_type, None) if content_type else common_type(content_types)
    if exact:
        order.fields.append(("Content-Type", exact))
    elif prefix is not None:
        order.prefixes.append(("Content-Type", prefix))
    if checksum:
        order.fields += [("x-amz-checksum-algorithm", "CRC32"), ("x-amz-checksum-crc32", _base64(checksum))]
    order.fields.append(("success_action_status", "204"))
    order.min_size, order.max_size = _limits(size, min_size, max_size)


def _limits(size, min_size, max_size):
    if size is not None:
        _refuse(min_size or max_size is not None, "size: says the only size there is; leave out min_size and max_size")
        return _bytes("size", size), size
    _bytes("min_size", min_size)
    if max_size is not None and _bytes("max_size", max_size) < min_size:
        raise ValueError(f"min_size={min_size} is more than max_size={max_size}: no file has such a size")
    return min_size, max_size


def _order_put(order, content_type, size, checksum, headers, exclusive):
    order.headers = [(name.lower(), value) for name, value in _checked_headers(headers)]
    if content_type:
        order.headers.append(("content-type", content_type))
    if size is not None:
        order.headers.append(("content-length", str(_bytes("size", size))))
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


def _bytes(name, number):
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= _MOST_BYTES:
        raise ValueError(f"{name}: expected a number of bytes, not {number!r}")
    return number


def _checked_headers(headers):
    for name, value in (headers or {}).items():
        if not isinstance(name, str) or not TOKEN.fullmatch(name):
            raise ValueError(f"headers: {name!r} is no name of a header")
        if not isinstance(value, str):
            raise ValueError(f"headers: {name}: expected a text, not {type(value).__name__}")
    return list((headers or {}).items())


def _base64(checksum):
    try:
        raw = b64decode(checksum, validate=True) if isinstance(checksum, str) else bytes(checksum)
    except (TypeError, ValueError):
        raw = b""
    if len(raw) != 4:
        raise ValueError("checksum: expected the CRC-32 of the file, as its four bytes or in base64")
    return b64encode(raw).decode()


def _refuse(value, why):
    if value:
        raise ValueError(why)
