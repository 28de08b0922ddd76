"""Django's options as those of the engine. SDK objects people pass are read by their attributes."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from storages.utils import text_of

# Engine option -> Django setting, for messages.
SETTINGS = {
    "access_key_id": "AWS_S3_ACCESS_KEY_ID",
    "secret_access_key": "AWS_S3_SECRET_ACCESS_KEY",
    "session_token": "AWS_SESSION_TOKEN",
    "profile": "AWS_S3_SESSION_PROFILE",
    "bucket": "AWS_STORAGE_BUCKET_NAME",
    "region": "AWS_S3_REGION_NAME",
    "endpoint": "AWS_S3_ENDPOINT_URL",
    "public_endpoint": "AWS_S3_PUBLIC_ENDPOINT_URL",
    "addressing": "AWS_S3_ADDRESSING_STYLE",
    "use_ssl": "AWS_S3_USE_SSL",
    "verify": "AWS_S3_VERIFY",
    "ca_file": "AWS_S3_VERIFY",
    "proxy": "AWS_S3_PROXIES",
    "signature": "AWS_S3_SIGNATURE_VERSION",
    "request_signature": "S3_USE_SIGV4",
    "bucket_acl": "AWS_BUCKET_ACL",
    "part_size": "AWS_S3_TRANSFER_CONFIG",
    "concurrency": "AWS_S3_TRANSFER_CONFIG",
    "max_bandwidth": "AWS_S3_TRANSFER_CONFIG",
    "connect_timeout": "AWS_S3_CLIENT_CONFIG",
    "first_byte_timeout": "AWS_S3_CLIENT_CONFIG",
    "dualstack": "AWS_S3_CLIENT_CONFIG",
    "fips": "AWS_S3_CLIENT_CONFIG",
    "accelerate": "AWS_S3_CLIENT_CONFIG",
    "dialect": "AWS_S3_DIALECT",
    "expires": "AWS_QUERYSTRING_EXPIRE",
    "clamp_expiry": "AWS_S3_CLAMP_EXPIRY",
}


class TransferConfig:
    """How uploads are cut, and how fast contents may travel; with the attributes of boto3's class of that name.

    num_download_attempts, max_io_queue and io_chunksize are for who reads them: here a read is one request, and how
    often one is tried is the client's matter.
    """

    def __init__(
        self,
        multipart_threshold=8 << 20,
        max_concurrency=10,
        multipart_chunksize=8 << 20,
        num_download_attempts=5,
        max_io_queue=100,
        io_chunksize=256 << 10,
        use_threads=True,
        max_bandwidth=None,
    ):
        self.multipart_threshold = multipart_threshold
        self.multipart_chunksize = multipart_chunksize
        self.max_concurrency = self.max_request_concurrency = max_concurrency
        self.use_threads = use_threads
        self.num_download_attempts = num_download_attempts
        self.max_io_queue = self.max_io_queue_size = max_io_queue
        self.io_chunksize = io_chunksize
        self.max_bandwidth = max_bandwidth


class ClientConfig:
    """How the service is spoken to; with the attributes of botocore's Config."""

    def __init__(
        self,
        s3=None,
        signature_version=None,
        proxies=None,
        connect_timeout=None,
        read_timeout=None,
        retries=None,
        region_name=None,
        use_dualstack_endpoint=None,
        use_fips_endpoint=None,
    ):
        self.s3 = s3
        self.signature_version = signature_version
        self.proxies = proxies
        self.connect_timeout = connect_timeout
        self.read_timeout = read_timeout
        self.retries = retries
        self.region_name = region_name
        self.use_dualstack_endpoint = use_dualstack_endpoint
        self.use_fips_endpoint = use_fips_endpoint


def engine_options(storage):
    """The options of the engine's S3 for a storage; what is None is left to the engine."""
    client = storage.client_config
    transfer = storage.transfer_config
    s3 = getattr(client, "s3", None) or {}
    # Acceleration has the bucket in the host's name, whatever the style.
    addressing = None if s3.get("use_accelerate_endpoint") else s3.get("addressing_style")
    options = {
        "region": storage.region_name or getattr(client, "region_name", None),
        "endpoint": storage.endpoint_url or None,
        "public_endpoint": storage.public_endpoint_url or None,
        "addressing": _addressing(addressing, storage.endpoint_url),
        "use_ssl": None if storage.endpoint_url else _flag(storage.use_ssl),
        "accelerate": _wanted(s3.get("use_accelerate_endpoint")),
        "dualstack": _wanted(s3.get("use_dualstack_endpoint") or getattr(client, "use_dualstack_endpoint", None)),
        "fips": _wanted(getattr(client, "use_fips_endpoint", None)),
        "dialect": storage.dialect or None,
        "clamp_expiry": _flag(storage.clamp_expiry),
        "proxy": _proxy(getattr(client, "proxies", None), storage),
        "connect_timeout": _duration(getattr(client, "connect_timeout", None)),
        "first_byte_timeout": _duration(getattr(client, "read_timeout", None)),
        "part_size": str(max(transfer.multipart_chunksize, 5 << 20)),
        "concurrency": str(transfer.max_concurrency if transfer.use_threads else 1),
        "max_bandwidth": _bandwidth(getattr(transfer, "max_bandwidth", None)),
        **_credentials(storage),
        **_verification(storage.verify),
    }
    if not storage.endpoint_url and addressing in (None, "auto"):
        # SDKs sign URLs for the host without a region in it, where it serves the region; and URLs get stored.
        options["global_urls"] = "true"
    signature = getattr(client, "signature_version", None)
    if is_unsigned(client):
        options["anonymous"] = "true"
    if signature in ("s3", "s3-query"):
        options["signature"] = "v2"
    return {name: text_of(value) for name, value in options.items() if value is not None}


def is_unsigned(client):
    """Whether nothing is signed: botocore's UNSIGNED, for buckets everybody may read."""
    return type(getattr(client, "signature_version", None)).__name__ == "UNSIGNED"


def attempts(client):
    """Of a request, in the spellings of botocore."""
    retries = getattr(client, "retries", None) or {}
    if "total_max_attempts" in retries:
        return retries["total_max_attempts"]
    return retries["max_attempts"] + 1 if "max_attempts" in retries else 5


def _credentials(storage):
    if storage.session_profile:
        return {"profile": storage.session_profile}
    return {
        "access_key_id": storage.access_key or None,
        "secret_access_key": storage.secret_key or None,
        "session_token": storage.security_token or None,
    }


def _verification(verify):
    if verify is None or verify is True:
        return {}
    return {"ca_file": str(verify)} if verify else {"verify": "false"}


def _addressing(style, endpoint):
    if not style or style == "auto":
        return "path" if endpoint else None
    if style == "virtual" and endpoint and _is_ip(urlsplit(endpoint).hostname):
        return "path"  # an address has no names below it
    return style


def _is_ip(host):
    try:
        ip_address(host or "")
    except ValueError:
        return False
    return True


def _proxy(proxies, storage):
    if not proxies:
        return None
    url = urlsplit(storage.endpoint_url or f"{'https' if storage.use_ssl else 'http'}://s3.amazonaws.com")
    return proxies.get(f"{url.scheme}://{url.hostname}") or proxies.get(url.scheme)


def _bandwidth(rate):
    return None if rate is None else str(max(int(rate), 1))


def _wanted(value):
    return "true" if value else None


def _flag(value):
    return "true" if value else "false"


def _duration(seconds):
    return None if seconds is None else f"{round(seconds * 1000)}ms"
