"""The class on boto, with its settings; deprecated for storages.backends.s3."""

import os
import re
import time
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.deconstruct import deconstructible
from django.utils.encoding import filepath_to_uri
from orlop import NotFound, OrlopError
from orlop.compat.boto.addresses import in_botos_order
from orlop.ledger import current

from storages.backends.s3 import S3File, S3Storage
from storages.base import twinned
from storages.check import eras
from storages.compress import gzip_compressor
from storages.s3.boto import (
    OrdinaryCallingFormat,
    ProtocolIndependentOrdinaryCallingFormat,
    SubdomainCallingFormat,
    VHostCallingFormat,
    signed_pairs,
    unsigned_query,
    without_scheme,
)
from storages.s3.errors import explained
from storages.s3.file import default_buffer_size
from storages.s3.legacy import adopt, client_config, is_default, translate, warn_once
from storages.s3.preload import Preloading
from storages.s3.validation import checked_bucket_acl
from storages.utils import clean_name, lookup_env, settings_reader, to_bytes

__all__ = [
    "OrdinaryCallingFormat",
    "ProtocolIndependentOrdinaryCallingFormat",
    "S3BotoStorage",
    "S3BotoStorageFile",
    "SubdomainCallingFormat",
    "VHostCallingFormat",
]

_HOST = "s3.amazonaws.com"
_HOST_NAME = re.compile(r"[a-z0-9.-]*")


class S3BotoStorageFile(S3File):
    """As S3File; what replaces a compressed file is compressed as well, where the storage compresses."""

    buffer_size = None  # AWS_S3_FILE_BUFFER_SIZE

    def __init__(self, name, mode, storage, buffer_size=None):
        super().__init__(name, mode, storage, buffer_size or type(self).buffer_size or default_buffer_size())
        self._compressor = self._make_compressor() if self._writable and storage.gzip else None

    @explained
    def _make_compressor(self):
        try:
            meta = self._storage._store.stat(self._key, current(), None, "")
        except NotFound:
            return None
        return gzip_compressor() if meta.content_encoding == "gzip" else None

    def _attrs(self):
        attrs = super()._attrs()
        return {**attrs, "content_encoding": "gzip"} if self._compressor else attrs

    def write(self, content):
        if self._compressor is None:
            return super().write(content)
        content = to_bytes(content)
        super().write(self._compressor.compress(content))
        return len(content)

    def _publish(self):
        if self._compressor is not None and self._is_dirty:
            super().write(self._compressor.flush())
        super()._publish()
        self._storage._remember(self._key)


@deconstructible(path="storages.backends.s3boto.S3BotoStorage")
class S3BotoStorage(Preloading, S3Storage):
    """Takes boto's settings beside today's, which win. URLs are signed as boto signed them."""

    storages_check_era = "boto"
    file_class = S3BotoStorageFile
    access_key_names = ["AWS_S3_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"]
    secret_key_names = ["AWS_S3_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"]
    security_token_names = ["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"]
    connection_response_error = OrlopError

    _request_signature = None

    def __init__(self, acl=None, bucket=None, **settings):
        warn_once("storages.backends.s3boto.S3BotoStorage", "is deprecated; use storages.backends.s3.S3Storage")
        for option, old, value in (("default_acl", "acl", acl), ("bucket_name", "bucket", bucket)):
            if value is not None:
                warn_once(f"S3BotoStorage({old}=...)", f"is deprecated; use {option}")
                settings[option] = value
        known = self.get_default_settings().keys() | {"cloudfront_signer"}
        for name in settings.keys() - known:
            warn_once(f"S3BotoStorage({name}=...)", "there is no such option; it is ignored, as it always was")
        super().__init__(**{name: value for name, value in settings.items() if name in known})

    def get_default_settings(self):
        setting = settings_reader()

        def first_setting(one, other, variables):
            return setting(one, setting(other, lookup_env(variables)))

        settings = super().get_default_settings()
        settings.update(
            {
                "access_key": first_setting("AWS_S3_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID", self.access_key_names),
                "secret_key": first_setting("AWS_S3_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", self.secret_key_names),
                "security_token": first_setting("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", self.security_token_names),
                "headers": setting("AWS_HEADERS", {}),
                "auto_create_bucket": setting("AWS_AUTO_CREATE_BUCKET", False),
                "bucket_acl": setting("AWS_BUCKET_ACL"),
                "reduced_redundancy": setting("AWS_REDUCED_REDUNDANCY", False),
                "origin": setting("AWS_ORIGIN", ""),
                "encryption": setting("AWS_S3_ENCRYPTION", False),
                "calling_format": setting("AWS_S3_CALLING_FORMAT") or SubdomainCallingFormat(),
                "secure_urls": setting("AWS_S3_SECURE_URLS", True),
                "preload_metadata": setting("AWS_PRELOAD_METADATA", False),
                "url_protocol": setting("AWS_S3_URL_PROTOCOL", "http:"),
                "host": setting("AWS_S3_HOST") or _HOST,
                "port": setting("AWS_S3_PORT"),
                "proxy": setting("AWS_S3_PROXY_HOST"),
                "proxy_port": setting("AWS_S3_PROXY_PORT"),
                "use_sigv4": setting("S3_USE_SIGV4", bool(os.environ.get("S3_USE_SIGV4")) or None),
            }
        )
        return settings

    # -- What the settings are today ---------------------------------------------------------------------------------

    def _adopt_old_settings(self):
        context = {
            "AWS_STORAGE_BUCKET_NAME": self.bucket_name or "",
            "AWS_S3_USE_SSL": self.use_ssl,
            "AWS_QUERYSTRING_AUTH": True,  # which leaves a host that is the bucket's name to the calling format
            **({"AWS_S3_REGION_NAME": self.region_name} if self.region_name else {}),
        }
        adopt(self, translate(self._given(), "boto", context))
        # The one header that has no other word today: of the type of what is written to an open file.
        kind = eras.parameters_of_headers(self.headers or {})[0].get("ContentType")
        if kind is not None:
            self._old_parameters = {**(self._old_parameters or {}), "ContentType": kind}
        if self.secure_urls:
            self._derive("url_protocol", "https:")
        self._check_calling_format()
        self._choose_version()
        self._choose_addresses()
        self._auto_create_bucket = bool(self.auto_create_bucket)
        self._bucket_acl = checked_bucket_acl(self.bucket_acl) if self._auto_create_bucket else None
        if is_default(self, "default_acl"):
            warn_once("AWS_DEFAULT_ACL", eras.IMPLICIT_ACL)

    def _given(self):
        """Boto's settings that say something, by the names they had."""
        defaults = {"host": _HOST, "calling_format": SubdomainCallingFormat(), "secure_urls": True, "use_sigv4": None}
        options = eras.ATTRIBUTES.keys() - {"acl", "bucket"}
        values = {option: getattr(self, option) for option in sorted(options)}
        return {
            eras.ATTRIBUTES[option]: value
            for option, value in values.items()
            if (value != defaults[option] if option in defaults else value)
        }

    def _choose_version(self):
        """Boto signed URLs with version 2 but where the host's name told it not to; S3_USE_SIGV4 chooses."""
        host = urlsplit(self.endpoint_url).hostname if self.endpoint_url else None
        if self.signature_version is None and not self.use_sigv4:
            named = host or (self.host if self._is_hosted else None)
            if not eras.boto_signs_version_4(self.region_name, named):
                self._derive("signature_version", "s3")
        self._version_2 = self.signature_version in ("s3", "s3-query")
        if self._version_2 and eras.refuses_version_2(self.region_name, host):
            raise ImproperlyConfigured(
                f"S3_USE_SIGV4/AWS_S3_SIGNATURE_VERSION: {host or self.region_name} knows SigV4 only; "
                "write S3_USE_SIGV4 = True, or leave both out"
            )
        self._request_signature = "v2" if self.use_sigv4 is False else None

    def _choose_addresses(self):
        """Hosts as boto wrote them into URLs, which for Amazon's are not those that are spoken to."""
        elsewhere = self.endpoint_url or lookup_env(["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])
        if self.public_endpoint_url or elsewhere:
            return
        if self._is_hosted or (self._version_2 and self.region_name):
            self._derive("public_endpoint_url", f"{'https' if self.use_ssl else 'http'}://{self.host}")

    @property
    def _is_hosted(self):
        return self.host not in (None, "", _HOST)

    def _check_calling_format(self):
        vhost = eras.name_of_calling_format(self.calling_format) == "VHostCallingFormat"
        if vhost and not _HOST_NAME.fullmatch(self.bucket_name or ""):
            raise ImproperlyConfigured(
                f"AWS_S3_CALLING_FORMAT/calling_format: {self.bucket_name!r} is the bucket's name and cannot be "
                "a host; write OrdinaryCallingFormat"
            )

    def _default_client_config(self):
        vhost = eras.name_of_calling_format(self.calling_format) == "VHostCallingFormat"
        of_boto = vhost and is_default(self, "addressing_style")
        return client_config(self, "host" if of_boto else self.addressing_style)

    def _engine_options(self):
        options = super()._engine_options()
        return {**options, "request_signature": self._request_signature} if self._request_signature else options

    def __getstate__(self):
        state = super().__getstate__()
        for made in ("_request_signature", "_version_2"):
            state.pop(made, None)
        return state

    # -- Files -------------------------------------------------------------------------------------------------------

    def _open(self, name, mode="rb"):
        return self.file_class(self._normalize_name(clean_name(name)), mode, self)

    def _base_parameters(self, name, content):
        parameters = super()._base_parameters(name, content)
        if content is not None and "ContentType" in (self._old_parameters or ()):
            # AWS_HEADERS has a say in the type of what is written to an open file only.
            own = self.get_object_parameters(name)
            parameters = {**parameters, **own}
            if "ContentType" not in own:
                del parameters["ContentType"]
        return parameters

    @twinned
    def exists(self, name):
        try:
            return super().exists(name)
        except ImproperlyConfigured:
            if clean_name(name):
                raise
            return False

    def _shown_as(self, name, groups, files):
        """As ever: a directory's marker is a file without a name."""
        directories = [group.rstrip("/") for group in groups]
        self._remember_directories(name, directories)
        return directories, files

    def modified_time(self, name):
        """Naive, in the current time zone."""
        modified = self.get_modified_time(name)
        return timezone.make_naive(modified) if django_settings.USE_TZ else modified

    # -- Addresses ---------------------------------------------------------------------------------------------------

    @twinned
    @explained
    def url(self, name, headers=None, response_headers=None, expire=None):
        key = self._normalize_name(clean_name(name))
        if self.custom_domain:
            return f"{self.url_protocol}//{self.custom_domain}/{filepath_to_uri(key)}"
        if not self.querystring_auth:
            url = self._store.public_url(key) + unsigned_query(headers, response_headers)
        else:
            url = self._signed_url(key, headers, response_headers, expire)
        if without_scheme(self.calling_format):
            return url.partition(":")[2]
        if not self.secure_urls and (self._version_2 or not self.querystring_auth):
            return "http:" + url.partition(":")[2]
        return url

    def _signed_url(self, key, headers, response_headers, expire):
        expire = int(self.querystring_expire if expire is None else expire)
        pairs = signed_pairs(headers, response_headers)
        signed_at = int(time.time()) * 1_000_000
        if not self._version_2:
            pairs = [(name, value) for name, value in pairs if not name.startswith("content-")]
        url = self._store.presign(key, "GET", expire, pairs, [], [], signed_at, None, current()).url
        return in_botos_order(url) if self._version_2 else url
