"""Bucket: its keys, and what belongs to the bucket itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orlop import s3
from orlop.compat.boto.exception import BotoClientError, S3PermissionsError, S3ResponseError, of, translated
from orlop.compat.boto.resultset import ResultSet
from orlop.compat.boto.s3 import headers as wire
from orlop.compat.boto.s3.acl import CannedACLStrings, Policy
from orlop.compat.boto.s3.deletemarker import DeleteMarker
from orlop.compat.boto.s3.key import Key
from orlop.compat.boto.s3.multidelete import Deleted, Error, MultiDeleteResult
from orlop.compat.boto.s3.prefix import Prefix
from orlop.compat.boto.s3.tagging import Tags, TagSet
from orlop.exceptions import OrlopError
from orlop.ledger import current
from orlop.storage import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

S3Permissions = ["READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"]

_BEHIND_ALL = "\U0010ffff"  # sorts behind every key that begins with what it is appended to


class BucketListResultSet:
    """The keys of a listing, asked for as they are needed; each time from the beginning."""

    def __init__(self, iterate: Callable[[], Iterator[Any]]) -> None:
        self._iterate = iterate

    def __iter__(self) -> Iterator[Any]:
        return self._iterate()


class Bucket:
    def __init__(self, connection: Any = None, name: str | None = None, key_class: type[Key] = Key) -> None:
        self.connection = connection
        self.name = name
        self.key_class = key_class
        self.creation_date: str | None = None
        self._bucket: s3.Bucket | None = None

    def __repr__(self) -> str:
        return f"<Bucket: {self.name}>"

    def __iter__(self) -> Iterator[Any]:
        return iter(self.list())

    def __contains__(self, key_name: str) -> bool:
        return self.get_key(key_name) is not None

    def set_key_class(self, key_class: type[Key]) -> None:
        self.key_class = key_class

    # -- What is behind it -------------------------------------------------------------------------------------------

    @property
    def _engine(self) -> s3.Bucket:
        if self._bucket is None:
            with translated(self.name):
                self._bucket = self.connection._service.bucket(self.name)
        return self._bucket

    def _object(self, key_name: Any, version_id: str | None = None) -> s3.Object:
        if not key_name:
            raise ValueError("Empty key names are not allowed")
        return self._engine.object(self.connection._wire_key(_text(key_name)), version_id or "")

    def _place(self, key_name: Any, version_id: str | None = None) -> Any:
        return self._object(key_name, version_id) if key_name else self._engine

    # -- Keys --------------------------------------------------------------------------------------------------------

    def new_key(self, key_name: str | None = None) -> Key:
        if not key_name:
            raise ValueError("Empty key names are not allowed")
        return self.key_class(self, key_name)

    def get_key(
        self,
        key_name: str,
        headers: Mapping[str, str] | None = None,
        version_id: str | None = None,
        response_headers: Mapping[str, str] | None = None,
        validate: bool = True,
    ) -> Key | None:
        """The key with what is known of it, or None."""
        if validate is False:
            if headers or version_id or response_headers:
                raise BotoClientError("When providing 'validate=False', no other params are allowed.")
            return self.new_key(key_name)
        try:
            with translated(self.name, key_name):
                meta = self._object(key_name, version_id).stat()
        except S3ResponseError as error:
            if error.status == 404:
                return None
            raise
        key = self.key_class(self, key_name)
        wire.adopt(key, meta)
        return key

    def lookup(self, key_name: str, headers: Mapping[str, str] | None = None) -> Key | None:
        return self.get_key(key_name, headers=headers)

    def list(
        self,
        prefix: Any = "",
        delimiter: str = "",
        marker: Any = "",
        headers: Mapping[str, str] | None = None,
        encoding_type: str | None = None,
    ) -> BucketListResultSet:
        prefix, after = _text(prefix), _behind(_text(marker), delimiter)

        def iterate() -> Iterator[Any]:
            with translated(self.name):
                for entry in self._engine.list(prefix, delimiter, after):
                    yield self._line(entry)

        return BucketListResultSet(iterate)

    def get_all_keys(self, headers: Mapping[str, str] | None = None, **params: Any) -> ResultSet:
        """One page: max_keys, prefix, marker, delimiter."""
        known = {"maxkeys", "max_keys", "prefix", "marker", "delimiter", "encoding_type"}
        for name in params:
            if name not in known:
                raise TypeError(f'Invalid argument "{name}"')
        size = int(params.get("max_keys", params.get("maxkeys", 1000)))
        if size <= 0:
            return ResultSet()
        delimiter = params.get("delimiter") or ""
        after = _behind(_text(params.get("marker") or ""), delimiter)
        with translated(self.name):
            page = self._engine._store.list(_text(params.get("prefix") or ""), delimiter, "", after, size, current())
        result = ResultSet(self._line(Entry._make(entry)) for entry in page.entries())
        result.marker = params.get("marker") or None
        result.is_truncated = bool(page.next)
        result.next_marker = result[-1].name if result.is_truncated and delimiter and result else None
        return result

    def list_versions(
        self,
        prefix: Any = "",
        delimiter: str = "",
        key_marker: str = "",
        version_id_marker: str = "",
        headers: Mapping[str, str] | None = None,
        encoding_type: str | None = None,
    ) -> BucketListResultSet:
        if key_marker or version_id_marker:
            raise BotoClientError("key_marker and version_id_marker are not available here; ask for a prefix")

        def iterate() -> Iterator[Any]:
            with translated(self.name):
                for version in self._engine.versions(_text(prefix), delimiter):
                    yield self._version_line(version)

        return BucketListResultSet(iterate)

    def delete_key(
        self,
        key_name: str,
        headers: Mapping[str, str] | None = None,
        version_id: str | None = None,
        mfa_token: None = None,
    ) -> Key:
        """Removes a key, which need not be there; the Key tells what became of its versions."""
        _refuse_mfa(mfa_token)
        with translated(self.name, key_name):
            removed = self._object(key_name, version_id).remove()
        key = self.key_class(self, key_name)
        key.version_id, key.delete_marker = removed.version or None, removed.is_delete_marker
        return key

    def delete_keys(
        self,
        keys: Iterable[Any],
        quiet: bool = False,
        mfa_token: None = None,
        headers: Mapping[str, str] | None = None,
    ) -> MultiDeleteResult:
        """Removes many: names, (name, version) pairs, Keys and DeleteMarkers; a thousand in one request."""
        _refuse_mfa(mfa_token)
        result = MultiDeleteResult(self)
        names: list[str] = []
        for key in keys:
            name, version = _name_of(key)
            if name is None:
                result.errors.append(_skipped(key))
            elif version:
                self._delete_version(name, version, result)
            else:
                names.append(name)
        with translated(self.name):
            outcomes = self._engine.remove_many(self.connection._wire_key(name) for name in names)
        for removed, error in zip(names, outcomes):
            if error is None:
                result.deleted.append(Deleted(removed))
            else:
                code, message = getattr(error, "service_code", None), getattr(error, "message", str(error))
                result.errors.append(Error(removed, code=code, message=message))
        if quiet:
            result.deleted = []
        return result

    def _delete_version(self, name: str, version: str, result: MultiDeleteResult) -> None:
        try:
            removed = self._object(name, version).remove()
        except OrlopError as error:
            if not error.status:
                raise of(error) from error
            result.errors.append(Error(name, version, error.service_code, error.message))
        else:
            marker = removed.version if removed.is_delete_marker else None
            result.deleted.append(Deleted(name, version, removed.is_delete_marker, marker))

    def copy_key(
        self,
        new_key_name: str,
        src_bucket_name: str,
        src_key_name: str,
        metadata: Mapping[str, str] | None = None,
        src_version_id: str | None = None,
        storage_class: str | None = "STANDARD",
        preserve_acl: bool = False,
        encrypt_key: bool = False,
        headers: Mapping[str, str] | None = None,
        query_args: None = None,
    ) -> Key:
        """Copies on the service; without `metadata` the source's goes along."""
        if query_args:
            raise BotoClientError("query_args are not available here")
        attrs, _ = wire.described(metadata or {}, headers)
        if storage_class and storage_class != "STANDARD":
            attrs["provider"]["StorageClass"] = storage_class
        if encrypt_key:
            attrs["provider"]["ServerSideEncryption"] = "AES256"
        with translated(self.name, new_key_name):
            source = self.connection._bucket_of(src_bucket_name)._object(src_key_name, src_version_id)
            target = self._object(new_key_name)
            meta = source.copy_to(target, keep_acl=preserve_acl, replace=metadata is not None, **attrs)
        key = self.new_key(new_key_name)
        key.etag, key.version_id, key.source_version_id = meta.etag, meta.version or None, src_version_id
        return key

    def _line(self, entry: Entry) -> Key | Prefix:
        if entry.is_directory:
            return Prefix(self, entry.name)
        key = self.key_class(self, entry.name)
        key.size, key.etag, key.last_modified = entry.size, entry.etag, _stamp(entry.modified)
        return key

    def _version_line(self, version: s3.Version) -> Any:
        if version.is_prefix:
            return Prefix(self, version.key)
        line: Any = DeleteMarker(self, version.key) if version.is_delete_marker else self.key_class(self, version.key)
        line.version_id, line.is_latest, line.last_modified = version.id, version.is_latest, _stamp(version.modified)
        if not version.is_delete_marker:
            line.size, line.etag = version.size, version.etag
        return line

    # -- Access ------------------------------------------------------------------------------------------------------

    def set_acl(
        self,
        acl_or_str: str | Policy,
        key_name: str = "",
        headers: Mapping[str, str] | None = None,
        version_id: str | None = None,
    ) -> None:
        if isinstance(acl_or_str, Policy):
            with translated(self.name, key_name):
                self._place(key_name, version_id).set_acl(acl_or_str._plain())
        else:
            self.set_canned_acl(acl_or_str, key_name, headers, version_id)

    def set_canned_acl(
        self,
        acl_str: str,
        key_name: str = "",
        headers: Mapping[str, str] | None = None,
        version_id: str | None = None,
    ) -> None:
        if acl_str not in CannedACLStrings:
            raise AssertionError(f"{acl_str!r} is none of {', '.join(CannedACLStrings)}")
        with translated(self.name, key_name):
            self._place(key_name, version_id).set_acl(acl_str)

    def get_acl(
        self, key_name: str = "", headers: Mapping[str, str] | None = None, version_id: str | None = None
    ) -> Policy:
        with translated(self.name, key_name):
            return Policy._of(self._place(key_name, version_id).acl(), self)

    def get_xml_acl(
        self, key_name: str = "", headers: Mapping[str, str] | None = None, version_id: str | None = None
    ) -> str:
        return self.get_acl(key_name, headers, version_id).to_xml()

    def set_xml_acl(
        self,
        acl_str: str | bytes,
        key_name: str = "",
        headers: Mapping[str, str] | None = None,
        version_id: str | None = None,
    ) -> None:
        text = acl_str.decode() if isinstance(acl_str, bytes) else acl_str
        with translated(self.name, key_name):
            self._place(key_name, version_id).set_acl(s3.Acl.from_xml(text))

    def make_public(self, recursive: bool = False, headers: Mapping[str, str] | None = None) -> None:
        self.set_canned_acl("public-read", headers=headers)
        if recursive:
            for key in self:
                self.set_canned_acl("public-read", key.name, headers=headers)

    def add_email_grant(
        self,
        permission: str,
        email_address: str,
        recursive: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._check_permission(permission)
        policy = self.get_acl(headers=headers)
        policy.acl.add_email_grant(permission, email_address)
        self.set_acl(policy, headers=headers)
        if recursive:
            for key in self:
                key.add_email_grant(permission, email_address, headers=headers)

    def add_user_grant(
        self,
        permission: str,
        user_id: str,
        recursive: bool = False,
        headers: Mapping[str, str] | None = None,
        display_name: str | None = None,
    ) -> None:
        self._check_permission(permission)
        policy = self.get_acl(headers=headers)
        policy.acl.add_user_grant(permission, user_id, display_name)
        self.set_acl(policy, headers=headers)
        if recursive:
            for key in self:
                key.add_user_grant(permission, user_id, headers=headers, display_name=display_name)

    def list_grants(self, headers: Mapping[str, str] | None = None) -> Any:
        return self.get_acl(headers=headers).acl.grants

    def _check_permission(self, permission: str) -> None:
        if permission not in S3Permissions:
            raise S3PermissionsError(f"Unknown Permission: {permission}")

    # -- The bucket itself -------------------------------------------------------------------------------------------

    def get_location(self, headers: Mapping[str, str] | None = None) -> str:
        """ "" for the oldest region, as in create_bucket()."""
        with translated(self.name):
            location = self._engine.location()
        return "" if location == "us-east-1" else location

    def configure_versioning(
        self,
        versioning: bool,
        mfa_delete: bool = False,
        mfa_token: None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bool:
        _refuse_mfa(mfa_delete or mfa_token)
        with translated(self.name):
            self._engine.set_versioning(bool(versioning))
        return True

    def get_versioning_status(self, headers: Mapping[str, str] | None = None) -> dict[str, str]:
        """{} for a bucket that never kept versions, else {"Versioning": "Enabled" or "Suspended"}."""
        with translated(self.name):
            state = self._engine.versioning()
        return {} if state is None else {"Versioning": "Enabled" if state else "Suspended"}

    def get_tags(self, headers: Mapping[str, str] | None = None) -> Tags:
        with translated(self.name):
            stored = self._engine.tags()
        if not stored:
            error = S3ResponseError(404, "Not Found")
            error.error_code, error.message, error.bucket = "NoSuchTagSet", "The TagSet does not exist", self.name
            raise error
        tags, tag_set = Tags(), TagSet()
        for name, value in stored.items():
            tag_set.add_tag(name, value)
        tags.add_tag_set(tag_set)
        return tags

    def set_tags(self, tags: Tags, headers: Mapping[str, str] | None = None) -> bool:
        wanted = {tag.key or "": tag.value or "" for tag_set in tags for tag in tag_set}
        with translated(self.name):
            self._engine.set_tags(wanted)
        return True

    def delete_tags(self, headers: Mapping[str, str] | None = None) -> bool:
        with translated(self.name):
            self._engine.remove_tags()
        return True

    def delete(self, headers: Mapping[str, str] | None = None) -> None:
        self.connection.delete_bucket(self.name, headers=headers)

    def generate_url(
        self,
        expires_in: int,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        force_http: bool = False,
        response_headers: Mapping[str, str] | None = None,
        expires_in_absolute: bool = False,
    ) -> str:
        raise BotoClientError("a URL is signed for a key: use the key's generate_url()")


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _behind(marker: str, delimiter: str) -> str:
    """A marker that is a common prefix stands behind everything the prefix stands for."""
    return marker + _BEHIND_ALL if delimiter and marker.endswith(delimiter) else marker


def _stamp(modified: datetime | None) -> str | None:
    return None if modified is None else f"{modified:%Y-%m-%dT%H:%M:%S}.{modified.microsecond // 1000:03}Z"


def _name_of(key: Any) -> tuple[str | None, str | None]:
    """Name and version of what delete_keys() was given; no name: nothing that can be removed."""
    if isinstance(key, str):
        return key, None
    if isinstance(key, tuple) and len(key) == 2:
        return key
    if isinstance(key, (Key, DeleteMarker)) and key.name:
        return key.name, key.version_id
    return None, None


def _skipped(key: Any) -> Error:
    message = "Invalid. No delete action taken for this object."
    if isinstance(key, Prefix):
        return Error(key.name, code="PrefixSkipped", message=message)
    return Error(repr(key), code="InvalidArgument", message=message)


def _refuse_mfa(wanted: object) -> None:
    if wanted:
        raise BotoClientError("deleting with a second factor (mfa_token, mfa_delete) is not available here")
