"""boto's way with addresses: calling formats, and URLs as boto 2 wrote them."""

from urllib.parse import quote

from storages.check import eras


class _CallingFormat:
    """Where the bucket's name goes; boto's classes of the same names serve as well."""

    def __eq__(self, other):
        return type(self) is type(other)

    def __hash__(self):
        return hash(type(self))

    def __repr__(self):
        return f"{type(self).__name__}()"


class SubdomainCallingFormat(_CallingFormat):
    """https://bucket.host/key"""


class VHostCallingFormat(_CallingFormat):
    """https://bucket/key"""


class OrdinaryCallingFormat(_CallingFormat):
    """https://host/bucket/key"""


class ProtocolIndependentOrdinaryCallingFormat(OrdinaryCallingFormat):
    """//host/bucket/key"""


def without_scheme(calling_format):
    return eras.name_of_calling_format(calling_format) == "ProtocolIndependentOrdinaryCallingFormat"


def signed_pairs(headers, response_headers):
    """What url() was given, as pairs of a query; of the headers only those that a signature is about."""
    pairs = list((response_headers or {}).items())
    for name, value in (headers or {}).items():
        lower = name.lower()
        if lower.startswith("x-amz-") or lower in ("content-type", "content-md5"):
            pairs.append((lower, str(value)))
    return [(str(name), str(value)) for name, value in pairs]


def unsigned_query(headers, response_headers):
    pairs = [
        (name, value) for name, value in signed_pairs(headers, response_headers) if not name.startswith("content-")
    ]
    return "?" + "&".join(f"{name}={quote(value, safe='/~')}" for name, value in pairs) if pairs else ""
