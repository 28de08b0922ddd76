"""Django storages on S3 and everything that speaks its protocol."""

import mimetypes
import posixpath
import re
import warnings
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import NamedTuple, Optional
from urllib.parse import urlencode

from django.conf import settings as django_settings
from django.contrib.staticfiles.storage import ManifestFilesMixin
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.files.storage import Storage
from django.utils import timezone
from django.utils.deconstruct import deconstructible
from django.utils.encoding import filepath_to_uri
from django.utils.functional import cached_property
from orlop import AlreadyExists, ConfigInvalid, InvalidArgument, NotFound, native
from orlop.ledger import current

from storages import content as contents
from storages.aio import AsyncStorageMixin
from storages.base import DJANGO_SAVE, BaseStorage, save_as_django, twinned
from storages.compress import CompressStorageMixin
from storages.s3.dropped import DROPPED
from storages.s3.errors import describe_missing, explain, explained
from storages.s3.file import S3File
from storages.s3.options import ClientConfig, TransferConfig, attempts, engine_options, is_unsigned
from storages.s3.parameters import encode_query, filter_download, to_attrs, to_request
from storages.s3.secrets import hidden, unseen
from storages.s3.validation import check_object, check_options
from storages.signing import SigningMixin, signed_method
from storages.uploads.storage import UploadTicketsMixin
from storages.utils import (
    any_is_set,
    check_location,
    clean_name,
    get_available_overwrite_name,
    lookup_env,
    safe_join,
    settings_reader,
)

__all__ = ["S3File", "S3ManifestStaticStorage", "S3StaticStorage", "S3Storage"]

# What may stand for a bucket in a URL of the engine; which of these are good names is the service's business.
_BUCKET = re.compile(r"[A-Za-z0-9._-]+")

# Names tried before giving up on finding one that is not taken.
_ALTERNATIVES = 100

# Directories that listdir() showed and exists() knows: a walk that shows more begins anew.
_SHOWN_DIRECTORIES = 10_000

_UNSET = object()


_IS_NAME_AVAILABLE = getattr(Storage, "is_name_available", None)  # Django >= 5.1


class _Saving:
    """A save() in progress that left finding a free name to the store."""

    def __init__(self, storage, only_plans=False):
        self.storage = storage
        self.only_plans = only_plans  # what _save() would do is left in `planned`
        self.planned = None
        self.deferred = False
        self.max_length = None


class _Planned(NamedTuple):
    """What a save() sends, under which name; `deferred`: or under another one, if that is taken."""

    name: str
    content: object
    body: object
    parameters: dict
    deferred: bool
    max_length: Optional[int]


_saving = ContextVar("storages_saving", default=None)


class _Naming(Storage):
    """Django's rules for the name to take when one is taken."""

    def __init__(self, storage, taken):
        self.get_alternative_name = storage.get_alternative_name
        self._taken = taken

    def exists(self, name):
        return name == self._taken


@deconstructible
class S3Storage(AsyncStorageMixin, SigningMixin, UploadTicketsMixin, CompressStorageMixin, BaseStorage):
    """Keeps files in a bucket. Made without I/O, shared by threads, pickled as its configuration."""

    default_content_type = "application/octet-stream"
    config = None  # deprecated: client_config

    # What settings of earlier releases say: see storages/s3/legacy.py.
    _old_parameters = None
    _auto_create_bucket = False
    _bucket_acl = None

    # Directories that listdir() has shown. They exist while something is in them, which collectstatic --clear asks on
    # its way down; to ask it of every name would cost a request for each that is not there.
    _shown = frozenset()

    @unseen
    def __init__(self, **settings):
        signer = settings.pop("cloudfront_signer", _UNSET) if not hasattr(self, "cloudfront_signer") else _UNSET
        super().__init__(**settings)
        self._adopt_old_settings()
        check_options(self)
        self._check_location()
        self._check_profile()
        if signer is not _UNSET:
            self.cloudfront_signer = signer
        self._complete_settings()

    def get_default_settings(self):
        setting = settings_reader()
        return {
            "access_key": setting(
                "AWS_S3_ACCESS_KEY_ID",
                setting("AWS_ACCESS_KEY_ID", lookup_env(["AWS_S3_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"])),
            ),
            "secret_key": setting(
                "AWS_S3_SECRET_ACCESS_KEY",
                setting("AWS_SECRET_ACCESS_KEY", lookup_env(["AWS_S3_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"])),
            ),
            "security_token": setting(
                "AWS_SESSION_TOKEN",
                setting("AWS_SECURITY_TOKEN", lookup_env(["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"])),
            ),
            "session_profile": setting("AWS_S3_SESSION_PROFILE", lookup_env(["AWS_S3_SESSION_PROFILE"])),
            "file_overwrite": setting("AWS_S3_FILE_OVERWRITE", True),
            "object_parameters": setting("AWS_S3_OBJECT_PARAMETERS", {}),
            "bucket_name": setting("AWS_STORAGE_BUCKET_NAME"),
            "querystring_auth": setting("AWS_QUERYSTRING_AUTH", True),
            "querystring_expire": setting("AWS_QUERYSTRING_EXPIRE", 3600),
            "querystring_stable_for": setting("AWS_QUERYSTRING_STABLE_FOR"),
            "signature_version": setting("AWS_S3_SIGNATURE_VERSION"),
            "location": setting("AWS_LOCATION", ""),
            "custom_domain": setting("AWS_S3_CUSTOM_DOMAIN"),
            "cloudfront_key_id": setting("AWS_CLOUDFRONT_KEY_ID"),
            "cloudfront_key": setting("AWS_CLOUDFRONT_KEY"),
            "addressing_style": setting("AWS_S3_ADDRESSING_STYLE"),
            "file_name_charset": setting("AWS_S3_FILE_NAME_CHARSET", "utf-8"),
            "gzip": setting("AWS_IS_GZIPPED", False),
            "gzip_content_types": setting(
                "GZIP_CONTENT_TYPES",
                (
                    "text/css",
                    "text/javascript",
                    "application/javascript",
                    "application/x-javascript",
                    "image/svg+xml",
                ),
            ),
            "url_protocol": setting("AWS_S3_URL_PROTOCOL") or "https:",
            "endpoint_url": setting("AWS_S3_ENDPOINT_URL"),
            "public_endpoint_url": setting("AWS_S3_PUBLIC_ENDPOINT_URL"),
            "proxies": setting("AWS_S3_PROXIES"),
            "region_name": setting("AWS_S3_REGION_NAME"),
            "use_ssl": setting("AWS_S3_USE_SSL", True),
            "verify": setting("AWS_S3_VERIFY"),
            "max_memory_size": setting("AWS_S3_MAX_MEMORY_SIZE", 0),
            "default_acl": setting("AWS_DEFAULT_ACL"),
            "use_threads": setting("AWS_S3_USE_THREADS", True),
            "transfer_config": setting("AWS_S3_TRANSFER_CONFIG"),
            "client_config": setting("AWS_S3_CLIENT_CONFIG"),
            "dialect": setting("AWS_S3_DIALECT"),
            "clamp_expiry": setting("AWS_S3_CLAMP_EXPIRY", True),
        }

    def _explain_option(self, name):
        from storages.check import eras

        successor = eras.SUCCESSORS_OF_OPTIONS.get(name)
        return f"; {successor}" if successor else ""

    def _adopt_old_settings(self):
        if any_is_set(DROPPED):
            from storages.s3.legacy import adopt_dropped_settings

            adopt_dropped_settings(self)

    def _check_location(self):
        try:
            check_location(self)
        except ImproperlyConfigured as error:
            raise ImproperlyConfigured(f"{error} [AWS_LOCATION]") from None

    def _check_profile(self):
        if (self.access_key or self.secret_key) and self.session_profile:
            raise ImproperlyConfigured(
                "AWS_S3_SESSION_PROFILE/session_profile should not be provided with "
                "AWS_S3_ACCESS_KEY_ID/access_key and AWS_S3_SECRET_ACCESS_KEY/secret_key"
            )

    def _complete_settings(self):
        """Makes what is made of several options, where it was not given as one object."""
        if self.config is not None:
            warnings.warn(
                "The 'config' class property is deprecated and will be removed in a future version. "
                "Use AWS_S3_CLIENT_CONFIG to customize any of the botocore.config.Config parameters.",
                DeprecationWarning,
                stacklevel=3,
            )
            self.client_config = self.config
        if self.client_config is None:
            self._derive("client_config", self._default_client_config())
        else:
            check_object(self, "client_config")
        if self.use_threads is False:
            warnings.warn(
                "The AWS_S3_USE_THREADS setting is deprecated. Use AWS_S3_TRANSFER_CONFIG to customize any of the "
                "boto.s3.transfer.TransferConfig parameters.",
                DeprecationWarning,
                stacklevel=3,
            )
        if self.transfer_config is None:
            self._derive("transfer_config", TransferConfig(use_threads=self.use_threads))
        else:
            check_object(self, "transfer_config")
        if not hasattr(self, "cloudfront_signer"):
            self._derive("cloudfront_signer", self._default_signer())
        check_object(self, "cloudfront_signer")

    def _derive(self, name, value):
        # Like a value that was looked up, it is made again after unpickling.
        setattr(self, name, value)
        self._looked_up[name] = value

    def _default_client_config(self):
        return ClientConfig(
            s3={"addressing_style": self.addressing_style},
            signature_version=self.signature_version,
            proxies=self.proxies,
        )

    def _default_signer(self):
        if self.cloudfront_key_id and self.cloudfront_key:
            return self.get_cloudfront_signer(self.cloudfront_key_id, self.cloudfront_key)
        if bool(self.cloudfront_key_id) ^ bool(self.cloudfront_key):
            raise ImproperlyConfigured(
                "Both AWS_CLOUDFRONT_KEY_ID/cloudfront_key_id and "
                "AWS_CLOUDFRONT_KEY/cloudfront_key must be provided together."
            )
        return None

    def get_cloudfront_signer(self, key_id, key):
        from storages.cloudfront import signer_for

        return signer_for(key_id, bytes(key) if isinstance(key, bytearray) else key)

    def __getstate__(self):
        state = super().__getstate__()
        for made in ("_store", "_shown", "_sdk", "_old_parameters", "_auto_create_bucket", "_bucket_acl"):
            state.pop(made, None)
        return state

    @unseen
    def __setstate__(self, state):
        super().__setstate__(state)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._adopt_old_settings()
            self._complete_settings()

    def __repr__(self):
        return f"<{type(self).__name__} bucket={self.bucket_name!r} location={self.location!r}>"

    @cached_property
    def _store(self):
        """The engine's handle, opened with the first use."""
        if not _BUCKET.fullmatch(self.bucket_name or ""):
            raise ImproperlyConfigured("Set AWS_STORAGE_BUCKET_NAME, or the option bucket_name, to the bucket's name.")
        options = self._engine_options()
        try:
            store = native.Store(
                f"s3://{self.bucket_name}",
                options,
                attempts(self.client_config),
                0.0,
                self.transfer_config.multipart_threshold,
            )
        except ConfigInvalid as error:
            explain(error)
            raise ImproperlyConfigured(str(error)) from None
        if self._auto_create_bucket:
            from storages.s3.legacy import make_missing_bucket

            make_missing_bucket(self, store, options)
        return store

    def _engine_options(self):
        options = engine_options(self)
        if self._bucket_acl:
            options["bucket_acl"] = self._bucket_acl
        return options

    # -- boto3's objects, where it is installed ----------------------------------------------------------------------

    @cached_property
    def _sdk(self):
        from storages.s3.sdk import SdkObjects

        return SdkObjects(self)

    @property
    def connection(self):
        """boto3's resource of this thread; nothing here uses it."""
        return self._sdk.connection()

    @property
    def unsigned_connection(self):
        return self._sdk.connection(unsigned=True)

    @property
    def bucket(self):
        return self._sdk.bucket()

    # -- Names -------------------------------------------------------------------------------------------------------

    def _normalize_name(self, name):
        """The key of a cleaned name. SuspiciousOperation for one that leaves the location."""
        try:
            return safe_join(self.location, name)
        except ValueError:
            raise SuspiciousOperation(f"Attempted access to '{name}' denied.") from None

    @twinned
    def get_available_name(self, name, max_length=None):
        """A name that may be written to: itself when files are overwritten, else one that is not taken."""
        name = clean_name(name)
        if self.file_overwrite:
            return get_available_overwrite_name(name, max_length)
        saving = _saving.get()
        if saving is not None and saving.storage is self and self._names_freely() and self._store.can("put_create"):
            saving.deferred, saving.max_length = True, max_length
            if max_length is not None and len(name) > max_length:  # Django gives what it shortens an end of its own
                return _Naming(self, name).get_available_name(name, max_length)
            return get_available_overwrite_name(name, max_length)
        return super().get_available_name(name, max_length)

    def _names_freely(self):
        """Whether only what is stored takes a name: a subclass may know of more, and is asked as Django does."""
        kind = type(self)
        return kind.exists is S3Storage.exists and getattr(kind, "is_name_available", None) is _IS_NAME_AVAILABLE

    def _free_name(self, name, max_length):
        """As get_available_name() finds it by asking."""
        return super().get_available_name(name, max_length)

    def _candidates(self, name, max_length):
        yield name
        naming = _Naming(self, name)
        for _ in range(_ALTERNATIVES):
            yield naming.get_available_name(name, max_length)

    # -- Parameters --------------------------------------------------------------------------------------------------

    def get_object_parameters(self, name):
        """Parameters of the object `name`: of its upload, and those among them its reads need. For overriding."""
        return self.object_parameters.copy()

    def _get_write_parameters(self, name, content=None):
        parameters = self._base_parameters(name, content)
        if "SSECustomerKey" in parameters:
            parameters["SSECustomerKey"] = hidden(parameters["SSECustomerKey"])
        if parameters.get("ContentType") is None:
            guessed, encoding = mimetypes.guess_type(name)
            parameters["ContentType"] = getattr(content, "content_type", None) or guessed or self.default_content_type
            if encoding:
                parameters["ContentEncoding"] = encoding
        if "ACL" not in parameters and self.default_acl:
            parameters["ACL"] = self.default_acl
        return parameters

    def _base_parameters(self, name, content):
        parameters = self.get_object_parameters(name)
        return {**self._old_parameters, **parameters} if self._old_parameters else parameters

    def _compresses(self, parameters):
        return (
            self.gzip and parameters["ContentType"] in self.gzip_content_types and "ContentEncoding" not in parameters
        )

    # -- Reading and writing -----------------------------------------------------------------------------------------

    @twinned
    def _open(self, name, mode="rb"):
        return S3File(self._normalize_name(clean_name(name)), mode, self)

    @twinned
    def save(self, name, content, max_length=None):
        return self._run_save(_Saving(self), name, content, max_length)

    def _run_save(self, saving, name, content, max_length):
        token = _saving.set(saving)
        try:
            inherited = super().save
            if getattr(inherited, "__func__", None) is DJANGO_SAVE:
                return save_as_django(self, name, content, max_length)
            return inherited(name, content, max_length=max_length)
        finally:
            _saving.reset(token)

    def _plan_save(self, name, content, max_length):
        """Django's save() up to where something is sent."""
        saving = _Saving(self, only_plans=True)
        self._run_save(saving, name, content, max_length)
        return saving.planned

    @twinned
    @explained
    def _save(self, name, content):
        name = clean_name(name)
        parameters = self._get_write_parameters(self._normalize_name(name), content)
        body = self._body(content, parameters)
        saving = _saving.get()
        ours = saving is not None and saving.storage is self
        deferred = ours and saving.deferred
        planned = _Planned(name, content, body, parameters, deferred, saving.max_length if deferred else None)
        if not ours or not saving.only_plans:
            return self._carry_out(planned)
        saving.planned = planned
        return name

    @explained
    def _carry_out(self, planned):
        if planned.deferred:
            return self._save_under_free_name(planned)
        self._upload(planned.name, planned.body, planned.parameters, False)
        return planned.name

    def _body(self, content, parameters):
        limit = self.transfer_config.multipart_threshold
        if not self._compresses(parameters):
            return contents.body_of(content, limit)
        parameters["ContentEncoding"] = "gzip"
        return contents.body_of_readable(self._compress_content(contents.readable_bytes(content)), limit)

    def _upload(self, name, body, parameters, exclusive):
        key = self._normalize_name(name)
        attrs = to_attrs(parameters)
        if isinstance(body, contents.FileRange):
            self._store.put_file(key, body.descriptor, 0, body.size, attrs, exclusive, current())
        elif isinstance(body, contents.Stream):
            writer = self._store.write(key, attrs, exclusive, current())
            for chunk in body.chunks():
                writer.write(chunk)
            writer.commit()
        else:
            self._store.put(key, body, attrs, exclusive, current())

    def _save_under_free_name(self, planned):
        # The store decides who gets a name. What takes long to send, or can be sent only once, asks beforehand as well.
        large = contents.size_of(planned.body) >= self.transfer_config.multipart_threshold
        if large:
            planned = planned._replace(name=self._free_name(planned.name, planned.max_length))
        exclusive = not large or self._store.can("write_create")
        for candidate, parameters in self._attempts(planned):
            try:
                self._upload(candidate, planned.body, parameters, exclusive)
                return candidate
            except AlreadyExists as error:
                taken = error
                if isinstance(planned.body, contents.Stream):
                    break
        raise taken

    def _attempts(self, planned):
        """The names to try one after the other, with their parameters."""
        for candidate in self._candidates(planned.name, planned.max_length):
            parameters = self._get_write_parameters(self._normalize_name(candidate), planned.content)
            if self._compresses(parameters):
                parameters["ContentEncoding"] = "gzip"
            yield candidate, parameters

    @twinned
    @explained
    def delete(self, name):
        name = clean_name(name)
        if not name:
            raise InvalidArgument("The name must be given to delete a file.")
        for error in self._store.remove([self._normalize_name(name)], current()):
            if error:
                raise error

    # -- Looking -----------------------------------------------------------------------------------------------------

    @twinned
    @explained
    def exists(self, name):
        name = clean_name(name)
        key = self._normalize_name(name)
        if not name:
            return self._answers(key)
        if name in self._shown and len(self._store.list(f"{key}/", "", "", "", 1, current())):
            return True
        provider, version = filter_download(self.get_object_parameters(key))
        return self._store.exists(key, current(), provider, version)

    def _answers(self, prefix):
        """Whether the place itself is there, which collectstatic --clear asks."""
        try:
            self._store.list(prefix, "", "", "", 1, current())
        except NotFound:
            return False
        return True

    @twinned
    def _stat(self, name):
        key, provider, version = self._target(name)
        try:
            return self._store.stat(key, current(), provider, version)
        except NotFound as error:
            describe_missing(error, key)
            raise

    @twinned
    @explained
    def size(self, name):
        return self._stat(name).size

    @twinned
    @explained
    def get_modified_time(self, name):
        """Aware in UTC with USE_TZ, else naive in the current time zone."""
        return self._as_time(self._stat(name))

    def _as_time(self, meta):
        modified = meta.modified
        return modified if django_settings.USE_TZ else timezone.make_naive(modified)

    @twinned
    @explained
    def listdir(self, name):
        return self._shown_as(name, *self._list_below(name))

    def _shown_as(self, name, groups, objects):
        directories = [posixpath.normpath(group) for group in groups]
        self._remember_directories(name, directories)
        return directories, [file for file in objects if file]  # one without a name is the marker of the directory

    def _directory_prefix(self, name):
        prefix = self._normalize_name(clean_name(name))
        return f"{prefix}/" if prefix and not prefix.endswith("/") else prefix

    @twinned
    def _list_below(self, name):
        """What is in a directory: the directories with their slash, and the files, each without the path to them."""
        prefix = self._directory_prefix(name)
        skip = len(prefix.encode())
        groups, objects, token = [], [], ""
        while True:
            page = self._store.list(prefix, "/", token, "", 0, current())
            more_groups, more_objects = page.split(skip)
            groups += more_groups
            objects += more_objects
            token = page.next
            if not token:
                return groups, objects

    def _remember_directories(self, name, directories):
        name = clean_name(name).strip("/")
        shown = {posixpath.join(name, directory) for directory in directories}
        self._shown = shown if len(self._shown) > _SHOWN_DIRECTORIES else self._shown | shown

    # -- Addresses ---------------------------------------------------------------------------------------------------

    @twinned
    @explained
    def url(self, name, parameters=None, expire=None, http_method=None, *, stable_for=None):
        name = self._normalize_name(clean_name(name))
        if expire is None:
            expire = self.querystring_expire
        signs = self._signs_urls()
        # What nobody signs has no end: as in django-storages, `expire` may then be anything.
        signed_at, expire = self._window(expire, stable_for) if signs else (0, 0)
        if self.custom_domain:
            return self._custom_url(name, parameters, signed_at + expire)
        query, headers = to_request(parameters) if parameters else ([], [])
        if not signs:
            return self._public_url(name, query)
        method = signed_method(http_method)
        signed_at *= 1_000_000
        return self._store.presign(name, method, expire, [], query, headers, signed_at, None, current()).url

    def _signs_urls(self):
        if not self.querystring_auth:
            return False
        return self.cloudfront_signer if self.custom_domain else not is_unsigned(self.client_config)

    def _public_url(self, key, query):
        url = self._store.public_url(key)
        return f"{url}?{encode_query(query)}" if query else url

    def _custom_url(self, key, parameters, ends):
        query = f"?{urlencode(parameters)}" if parameters else ""
        url = f"{self._domain_url(key)}{query}"
        if self.querystring_auth and self.cloudfront_signer:
            expiration = datetime(1970, 1, 1) + timedelta(seconds=ends)
            return self.cloudfront_signer.generate_presigned_url(url, date_less_than=expiration)
        return url

    def _domain_url(self, key):
        protocol = "https:" if self.url_protocol is None else self.url_protocol
        return f"{protocol}//{self.custom_domain}/{filepath_to_uri(key)}"

    def _unsigned_url(self, order):
        """That of a file read through a domain of one's own, or by everybody."""
        if self.custom_domain:
            return self._custom_url(order.key, dict(order.query), order.ends)
        return self._public_url(order.key, order.query)

    def _signs_in_bulk(self):
        kind = type(self)
        own = kind.url is not S3Storage.url or kind._normalize_name is not S3Storage._normalize_name
        return self._signs_urls() and not self.custom_domain and not own

    def _checksum(self, meta, key):
        """(algorithm, bytes) that the service vouches for, or None."""
        return native.checksum_of(meta)


class S3StaticStorage(S3Storage):
    """Static files are public: their URLs carry no signature."""

    querystring_auth = False


class S3ManifestStaticStorage(ManifestFilesMixin, S3StaticStorage):
    """Static files under names that change with their content."""

    __init__ = unseen(ManifestFilesMixin.__init__)


def __getattr__(name):
    # The class that had this path until release 1.1.9 had others beside it.
    if name in ("PreloadingS3Storage", "S3StorageFile"):
        from storages.s3 import oldest

        return getattr(oldest, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
