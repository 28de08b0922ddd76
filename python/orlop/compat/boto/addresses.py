"""boto's way with addresses: which region a host names, which signature boto chose, URLs as it wrote them."""

import re

# s3-eu-west-1.amazonaws.com, s3.eu-central-1.amazonaws.com, s3.cn-north-1.amazonaws.com.cn:
# https://docs.aws.amazon.com/general/latest/gr/s3.html
_REGIONAL_HOST = re.compile(r"s3[.-](?:dualstack\.)?(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?")


def region_of_host(host):
    """The region an endpoint of Amazon's names, "" for the one that names none, None for another service's host."""
    if host in ("s3.amazonaws.com", "s3-external-1.amazonaws.com"):
        return ""
    found = _REGIONAL_HOST.fullmatch(host)
    return found["region"] if found else None


def region_of_location(location):
    """AWS_ORIGIN, a location constraint, as the region it means."""
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
    return {"": None, "US": None, "EU": "eu-west-1"}.get(location or "", location)


#: Regions that know SigV2, for buckets made before June 2020; all that came later never did.
VERSION_2_REGIONS = frozenset(
    "ap-northeast-1 ap-southeast-1 ap-southeast-2 eu-west-1 sa-east-1 us-east-1 us-west-1 us-west-2 us-gov-east-1 "
    "us-gov-west-1".split()
)
_VERSION_4_ONLY = (".r2.cloudflarestorage.com", ".backblazeb2.com")
# In the host's name; of boto's own list those that are no region of Amazon's.
_VERSION_4_MARKS = re.compile(r"[.-](?:cn-|eu-central|ap-northeast-2|ap-south-1|us-east-2|ca-central|eu-west-2)")


def refuses_version_2(region, host):
    """Whether a signature of version 2 is of no use there: at an endpoint's host, or without one in Amazon's region."""
    amazon = region_of_host(host) if host else ""
    if amazon is None:
        return host.endswith(_VERSION_4_ONLY)
    return (amazon or region or "us-east-1") not in VERSION_2_REGIONS


def boto_signs_version_4(region, host):
    """As boto chose, by the host's name."""
    return refuses_version_2(region, host) or bool(_VERSION_4_MARKS.search(host or ""))


def in_botos_order(url):
    """A URL with a signature of version 2 as boto wrote it: URLs get stored, and compared."""
    address, _, query = url.partition("?")
    fields = [field.partition("=")[::2] for field in query.split("&")]
    first = ("Signature", "Expires", "AWSAccessKeyId")
    own = {name: value for name, value in fields if name in first}
    rest = [(name, value.replace("%2F", "/")) for name, value in fields if name not in first]
    rest.sort(key=lambda field: field[0].startswith("x-amz-"))
    return address + "?" + "&".join(f"{name}={value}" for name, value in [*((n, own[n]) for n in first), *rest])
