"""boto3's objects, for code that reaches through a storage to them, where boto3 is installed; nothing here needs it."""

import threading


class SdkObjects:
    """`connection`, `unsigned_connection` and `bucket` of a storage, made when they are asked for."""

    def __init__(self, storage):
        self._storage = storage
        self._resources = threading.local()
        self._bucket = None

    def connection(self, unsigned=False):
        """boto3's S3 resource: one a thread, as it may not be shared."""
        name = "unsigned" if unsigned else "signed"
        resource = getattr(self._resources, name, None)
        if resource is None:
            resource = self._make(unsigned)
            setattr(self._resources, name, resource)
        return resource

    def bucket(self):
        if self._bucket is None:
            self._bucket = self.connection().Bucket(self._storage.bucket_name)
        return self._bucket

    def _make(self, unsigned):
        session = _session(self._storage)
        return session.resource(
            "s3",
            region_name=self._storage.region_name,
            use_ssl=self._storage.use_ssl,
            endpoint_url=self._storage.endpoint_url,
            config=_config(self._storage.client_config, unsigned),
            verify=self._storage.verify,
        )


def _boto3():
    try:
        import boto3
    except ImportError:
        # An AttributeError, so that hasattr(storage, "connection") says what there is.
        raise AttributeError(
            "this is an object of boto3, which is not installed; orlop.open('s3://bucket') is the handle without it"
        ) from None
    return boto3


def _session(storage):
    boto3 = _boto3()
    if storage.session_profile:
        return boto3.Session(profile_name=storage.session_profile)
    return boto3.Session(
        aws_access_key_id=storage.access_key,
        aws_secret_access_key=storage.secret_key,
        aws_session_token=storage.security_token,
    )


def _config(client_config, unsigned):
    from botocore import UNSIGNED
    from botocore.config import Config

    if not isinstance(client_config, Config):
        names = "s3 signature_version proxies connect_timeout read_timeout retries region_name".split()
        given = {name: getattr(client_config, name, None) for name in names}
        client_config = Config(**{name: value for name, value in given.items() if value is not None})
    return client_config.merge(Config(signature_version=UNSIGNED)) if unsigned else client_config
