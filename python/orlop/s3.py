"""The S3 object API: accounts, buckets and objects as S3 has them, with ACLs, versions and tags.

>>> import orlop.s3
>>> service = orlop.s3.Service(access_key_id="AKIA...", secret_access_key="...")
>>> bucket = service.create("photos")
>>> bucket.object("hello.txt").write("hello", metadata={"colour": "red"})

For what all storages can do, `orlop.open()` is the simpler face.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from orlop import native
from orlop.exceptions import InvalidArgument, NotFound
from orlop.ledger import current
from orlop.storage import PART_SIZE, Entry, _spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Data = bytes | bytearray | memoryview | str | IO[Any]
    Progress = Callable[[int], object]
    PlainAcl = tuple[str, str, list[tuple[str, str, str, str]]]
    Outcomes = list[Exception | None]
    Buckets = list["Bucket"]

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED_USERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_STEP = 1 << 20  # bytes between two words on how far a transfer is
_TEXTS = ("content_encoding", "content_language", "content_disposition", "cache_control", "expires")


class Owner(NamedTuple):
    id: str
    name: str


class Grant(NamedTuple):
    """Who may do what: READ, WRITE, READ_ACP, WRITE_ACP or FULL_CONTROL."""

    to: str  # "user", "email" or "group"
    grantee: str  # canonical user id, e-mail address, or the group's URI
    permission: str
    name: str = ""  # of a user, as the service tells


@dataclass
class Acl:
    """An access control list with whom the bucket or object belongs to."""

    owner: Owner
    grants: list[Grant] = field(default_factory=list)

    def to_xml(self) -> str:
        return native.acl_to_xml(self._plain())

    @classmethod
    def from_xml(cls, text: str) -> Acl:
        return cls._of(native.acl_from_xml(text))

    def _plain(self) -> PlainAcl:
        return (*self.owner, [(grant.to, grant.grantee, grant.permission, grant.name) for grant in self.grants])

    @classmethod
    def _of(cls, plain: PlainAcl) -> Acl:
        return cls(Owner(plain[0], plain[1]), [Grant(*grant) for grant in plain[2]])


class Version(NamedTuple):
    """One line of a listing of versions."""

    key: str
    id: str
    is_latest: bool
    is_delete_marker: bool
    is_prefix: bool
    size: int
    modified: datetime | None
    etag: str


class Removed(NamedTuple):
    """What a removal left behind where versions are kept."""

    version: str
    is_delete_marker: bool


def canned_acls() -> list[str]:
    """The names `set_acl` and `acl=` take."""
    return native.canned_acls()


class Service:
    """An account at a service. Made without a request; options are those of the s3 backend.

    ``access_key_id`` and ``secret_access_key``, ``profile="work"``, or ``anonymous=True``; without them keys are looked
    for where Amazon's tools look.
    """

    def __init__(self, *, attempts: int = 5, timeout: float = 0, **options: object) -> None:
        self._configuration = {"attempts": attempts, "timeout": timeout, **options}
        self._options = {name: _spelled(value) for name, value in options.items() if value is not None}
        self._attempts = attempts
        self._timeout = float(timeout)
        self._service = native.S3Service(self._options, attempts, self._timeout)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._configuration)

    def __repr__(self) -> str:
        return f"<orlop.s3.Service {self._options.get('endpoint', 'Amazon')}>"

    def bucket(self, name: str) -> Bucket:
        """The bucket, without asking whether it is there."""
        return Bucket(self, name)

    def get(self, name: str) -> Bucket:
        """The bucket, which is there: else `NotFound`."""
        self._service.head(name, current())
        return Bucket(self, name)

    def look_up(self, name: str) -> Bucket | None:
        try:
            return self.get(name)
        except NotFound:
            return None

    def create(self, name: str, *, location: str = "", acl: str = "") -> Bucket:
        """Makes a bucket, in `location` or the region of the service."""
        self._service.create(name, location, acl, current())
        region = "eu-west-1" if location == "EU" else location
        return Bucket(self, name, region="" if "endpoint" in self._options else region)

    def remove(self, name: str) -> None:
        """Removes a bucket that is empty."""
        self._service.remove(name, current())

    def list(self) -> tuple[Owner, Buckets]:
        """Who the keys belong to, and that account's buckets, in one request."""
        id, name, found = self._service.buckets(current())
        return Owner(id, name), [Bucket(self, bucket, created=_time(created)) for bucket, created in found]

    def buckets(self) -> Buckets:
        return self.list()[1]

    def owner(self) -> Owner:
        return self.list()[0]

    def __iter__(self) -> Iterator[Bucket]:
        return iter(self.buckets())

    def __contains__(self, name: str) -> bool:
        return self.look_up(name) is not None


class _Place:
    """What has an ACL and tags: a bucket, whose key is empty, or an object."""

    _at: tuple[str, str]  # key and version
    _handle: native.S3Bucket

    def acl(self) -> Acl:
        return Acl._of(self._handle.acl(*self._at, current()))

    def set_acl(self, acl: Acl | str) -> None:
        """A whole list, or the name of a canned one."""
        if isinstance(acl, Acl):
            self._handle.set_acl(*self._at, acl._plain(), current())
        else:
            self._handle.set_canned_acl(*self._at, acl, current())

    def grant(self, grant: Grant) -> None:
        """Adds to what the list has."""
        acl = self.acl()
        self.set_acl(replace(acl, grants=[*acl.grants, grant]))

    def tags(self) -> dict[str, str]:
        return self._handle.tags(*self._at, current())

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """In place of those there are."""
        self._handle.set_tags(*self._at, dict(tags), current())

    def remove_tags(self) -> None:
        self._handle.remove_tags(*self._at, current())


class Bucket(_Place):
    def __init__(self, service: Service, name: str, *, created: datetime | None = None, region: str = "") -> None:
        self.service = service
        self.name = name
        self.created = created
        self._region = region
        self._at = ("", "")
        options = service._options
        if region:
            options = {**options, "region": region}
        known = service._service if not region else native.S3Service(options, service._attempts, service._timeout)
        self._handle = known.bucket(name)
        self._store = native.Store(f"s3://{name}", options, service._attempts, service._timeout, PART_SIZE)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_bucket, (type(self), self.service, self.name, self.created, self._region)

    def __repr__(self) -> str:
        return f"<orlop.s3.Bucket {self.name!r}>"

    def object(self, key: str, version: str = "") -> Object:
        """The object of that key, or one version of it. Makes no request."""
        return Object(self, key, version)

    def look_up(self, key: str) -> native.Meta | None:
        """Facts of the object, if it is there."""
        try:
            return self.object(key).stat()
        except NotFound:
            return None

    def list(self, prefix: str = "", delimiter: str = "", start_after: str = "") -> Iterator[Entry]:
        """Objects by their keys, page by page as they are asked for; with a delimiter one level of them."""
        token = ""
        while True:
            page = self._store.list(prefix, delimiter, token, start_after, 0, current())
            yield from map(Entry._make, page.entries())
            token = page.next
            if not token:
                return

    def __iter__(self) -> Iterator[Entry]:
        return self.list()

    def versions(self, prefix: str = "", delimiter: str = "") -> Iterator[Version]:
        """Versions and delete markers by key, the newest first, as they are asked for."""
        lister = self._handle.versions(prefix, delimiter, current())
        while line := lister.next():
            yield Version(*line[:6], _time(line[6]), line[7])

    def remove_many(self, keys: Iterable[str]) -> Outcomes:
        """Per key what went wrong, or None. An absent key is success."""
        return self._store.remove([*keys], current())

    def location(self) -> str:
        """The region's name."""
        return self._handle.location(current())

    def versioning(self) -> bool | None:
        """Whether versions are kept; None: they never were."""
        return self._handle.versioning(current())

    def set_versioning(self, enabled: bool) -> None:
        self._handle.set_versioning(enabled, current())


class Object(_Place):
    def __init__(self, bucket: Bucket, key: str, version: str = "") -> None:
        if not key:
            raise InvalidArgument("the key is empty")
        self.bucket = bucket
        self.key = key
        self.version = version
        self._at = (key, version)
        self._handle = bucket._handle

    def __repr__(self) -> str:
        return f"<orlop.s3.Object {self.bucket.name!r} {self.key!r}>"

    @property
    def _store(self) -> native.Store:
        return self.bucket._store

    # -- Looking and reading -----------------------------------------------------------------------------------------

    def stat(self) -> native.Meta:
        return self._store.stat(self.key, current(), None, self.version)

    def exists(self) -> bool:
        return self._store.exists(self.key, current(), None, self.version)

    def open(self) -> IO[bytes]:
        """A file object to read from; seekable."""
        from orlop import files

        return cast("IO[bytes]", files.open_reader(self._open(), self.key, None))

    def read_bytes(self) -> bytes:
        return self._open().read(-1)

    def read_text(self, encoding: str = "utf-8") -> str:
        return self.read_bytes().decode(encoding)

    def read_into(self, file: IO[bytes], *, progress: Progress | None = None) -> native.Meta:
        """Writes the content to a file object, and tells `progress` how many bytes are done."""
        opened = self._open()
        done = 0
        while chunk := opened.read(_STEP):
            file.write(chunk)
            done += len(chunk)
            if progress:
                progress(done)
        return opened.meta

    def download(self, path: str | os.PathLike[str], *, progress: Progress | None = None) -> native.Meta:
        """Writes the object to `path`; what was there stays as it is when something goes wrong."""
        path = os.fspath(path)
        if progress is None:
            return self._handle.download(*self._at, path, current())
        temporary = f"{path}.{os.getpid()}.part"
        try:
            with open(temporary, "xb") as file:
                meta = self.read_into(file, progress=progress)
            os.replace(temporary, path)
        except BaseException:
            if os.path.exists(temporary):
                os.unlink(temporary)
            raise
        return meta

    def _open(self) -> native.File:
        return self._store.open(self.key, current(), None, self.version)

    # -- Writing -----------------------------------------------------------------------------------------------------

    def write(
        self,
        data: Data,
        *,
        acl: str = "",
        overwrite: bool = True,
        progress: Progress | None = None,
        **attrs: Any,
    ) -> native.Meta:
        """Stores bytes, text (as UTF-8), or what a file object has from where it stands.

        `attrs`: content_type, content_encoding, content_language, content_disposition, cache_control, expires,
        metadata (a dict), and provider (a dict of what only S3 knows: {"StorageClass": "STANDARD_IA"}). Without
        `overwrite` a key that is taken is `AlreadyExists`.
        """
        self._check_latest()
        described = _attrs(self.key, acl, attrs)
        if isinstance(data, str):
            data = data.encode()
        if hasattr(data, "read"):
            return self._pour(cast("IO[Any]", data), described, overwrite, progress)
        meta = self._store.put(self.key, data, described, not overwrite, current())
        if progress:
            progress(meta.size)
        return meta

    def upload(
        self,
        path: str | os.PathLike[str],
        *,
        acl: str = "",
        overwrite: bool = True,
        progress: Progress | None = None,
        **attrs: Any,
    ) -> native.Meta:
        """Stores the file at `path`, which must not change meanwhile; a large one in parallel parts."""
        with open(path, "rb", buffering=0) as file:
            if progress:
                return self.write(file, acl=acl, overwrite=overwrite, progress=progress, **attrs)
            self._check_latest()
            size = os.fstat(file.fileno()).st_size
            described = _attrs(self.key, acl, attrs)
            return self._store.put_file(self.key, file.fileno(), 0, size, described, not overwrite, current())

    def _pour(
        self, stream: IO[Any], described: dict[str, Any], overwrite: bool, progress: Progress | None
    ) -> native.Meta:
        """What is small goes in one request, which can be a conditional one everywhere."""
        chunks = _chunks(stream, progress)
        begun: list[bytes] = []
        while (chunk := next(chunks, None)) is not None:
            begun.append(chunk)
            if sum(map(len, begun)) >= PART_SIZE:
                break
        else:
            return self._store.put(self.key, b"".join(begun), described, not overwrite, current())
        writer = self._store.write(self.key, described, not overwrite, current())
        try:
            for chunk in itertools.chain(begun, chunks):
                writer.write(chunk)
            return writer.commit()
        except BaseException:
            writer.abort()
            raise

    def _check_latest(self) -> None:
        if self.version:
            raise InvalidArgument("a version that is there cannot be changed; write to the object itself")

    # -- Changing ----------------------------------------------------------------------------------------------------

    def copy_to(
        self, target: Object, *, acl: str = "", keep_acl: bool = False, replace: bool | None = None, **attrs: Any
    ) -> native.Meta:
        """Copies on the service, to any of its buckets. With `attrs` (see `write`) other than `provider`, or `replace`,
        they replace what the source has; `keep_acl` gives the copy the source's list, which takes two more requests."""
        target._check_latest()
        described = _attrs(target.key, acl, attrs)
        provider = {**described["provider"], "CopySource": f"{self.bucket.name}/{self.key}"}
        replaced = bool(attrs.keys() - {"provider"}) if replace is None else replace
        provider["MetadataDirective"] = "REPLACE" if replaced else "COPY"
        if self.version:
            provider["CopySourceVersion"] = self.version
        described["provider"] = provider
        meta = target._store.copy(self.key, target.key, described, False, current())
        if keep_acl:
            target.set_acl(self.acl())
        return meta

    def set_attrs(self, **attrs: Any) -> native.Meta:
        """Replaces what goes with the content (see `write`): a copy onto itself, which keeps no ACL."""
        if not attrs:
            raise InvalidArgument("there is nothing to set: write content_type, metadata, ...")
        return self.copy_to(self, replace=True, **attrs)

    def remove(self) -> Removed:
        """Removing what is absent succeeds. Where versions are kept, the latest is hidden by a marker; one that was
        named is removed for good."""
        return Removed(*self._handle.remove(*self._at, current()))

    # -- Addresses ---------------------------------------------------------------------------------------------------

    def url(self, *, expires: int = 3600, method: str = "GET", parameters: Mapping[str, str] | None = None) -> str:
        """A signed address; the public one of an anonymous service."""
        if not self._store.can("presign_get"):
            return self.public_url()
        pairs = list((parameters or {}).items())
        query = [("versionId", self.version)] if self.version else []
        return self._store.presign(self.key, method, expires, pairs, query, [], None, None, current()).url

    def public_url(self) -> str:
        return self._store.public_url(self.key)


def _chunks(stream: IO[Any], progress: Progress | None) -> Iterator[bytes]:
    done = 0
    while chunk := stream.read(_STEP):
        data = chunk.encode() if isinstance(chunk, str) else chunk
        done += len(data)
        yield data
        if progress:
            progress(done)


def _rebuild(kind: type[Service], configuration: dict[str, Any]) -> Service:
    return kind(**configuration)


def _rebuild_bucket(kind: type[Bucket], service: Service, name: str, created: datetime | None, region: str) -> Bucket:
    return kind(service, name, created=created, region=region)


def _time(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def _attrs(key: str, acl: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What goes with a content, in the engine's words."""
    unknown = given.keys() - {"content_type", "metadata", "provider", *_TEXTS}
    if unknown:
        names = ", ".join(["content_type", *_TEXTS, "metadata", "provider"])
        raise InvalidArgument(f"{min(unknown)} is nothing an object has; there are {names}")
    if acl and acl not in canned_acls():
        raise InvalidArgument(f'"{acl}" is no canned ACL; there are {", ".join(canned_acls())}')
    described: dict[str, Any] = {name: given[name] for name in _TEXTS if given.get(name)}
    described["content_type"] = given.get("content_type") or ""
    if not described["content_type"]:
        guessed, encoding = native.guess_type(key)
        described["content_type"] = guessed or "application/octet-stream"
        if encoding:
            described.setdefault("content_encoding", encoding)
    described["user"] = dict(given.get("metadata") or {})
    described["provider"] = {**(given.get("provider") or {}), **({"ACL": acl} if acl else {})}
    return described
