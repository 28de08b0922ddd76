"""Key: an object of a bucket."""

from __future__ import annotations

import base64
import hashlib
import io
import os
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from orlop.compat.boto.exception import BotoClientError, S3ResponseError, translated
from orlop.compat.boto.s3 import headers as wire
from orlop.compat.boto.s3.progress import Progress
from orlop.exceptions import AlreadyExists
from orlop.storage import PART_SIZE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orlop.compat.boto.s3.acl import Policy
    from orlop.compat.boto.s3.progress import Callback


class Key:
    DefaultContentType = "application/octet-stream"
    BufferSize = 1 << 20
    base_user_settable_fields = {*wire.CONTENT, "content-md5", "x-robots-tag"}

    def __init__(self, bucket: Any = None, name: str | None = None) -> None:
        self.bucket = bucket
        self.name = name
        self.metadata: dict[str, str] = {}
        self.cache_control: str | None = None
        self.content_type: str | None = self.DefaultContentType
        self.content_encoding: str | None = None
        self.content_disposition: str | None = None
        self.content_language: str | None = None
        self.expires: str | None = None
        self.filename = None
        self.etag: str | None = None
        self.is_latest = False
        self.last_modified: str | None = None
        self.owner = None
        self.path: str | None = None
        self.mode: str | None = None
        self.size: int | None = None
        self.version_id: str | None = None
        self.source_version_id: str | None = None
        self.delete_marker = False
        self.encrypted: str | None = None
        self.closed = False
        self._md5: bytes | None = None
        self._storage_class: str | None = None
        self._file: Any = None

    def __repr__(self) -> str:
        return f"<Key: {self.bucket.name if self.bucket else None},{self.name}>"

    @property
    def key(self) -> str | None:
        return self.name

    @key.setter
    def key(self, value: str | None) -> None:
        self.name = value

    @property
    def md5(self) -> bytes | None:
        return self._md5.hex().encode() if self._md5 else None

    @property
    def base64md5(self) -> str | None:
        return base64.b64encode(self._md5).decode() if self._md5 else None

    @property
    def storage_class(self) -> str:
        if self._storage_class is None and self.bucket and self.name:
            with self._translated():
                self._storage_class = self._object(self.version_id).stat().provider.get("StorageClass", "STANDARD")
        return self._storage_class or "STANDARD"

    @storage_class.setter
    def storage_class(self, value: str) -> None:
        self._storage_class = value

    def _object(self, version_id: str | None = None) -> Any:
        if not self.bucket:
            raise BotoClientError("the key has no bucket")
        return self.bucket._object(self.name, version_id)

    def _translated(self) -> Any:
        return translated(self.bucket.name if self.bucket else None, self.name)

    # -- Metadata ----------------------------------------------------------------------------------------------------

    def get_metadata(self, name: str) -> str | None:
        return self.metadata.get(name)

    def set_metadata(self, name: str, value: str) -> None:
        """Kept here until the next upload."""
        spelled = {"content-type": "Content-Type", "content-md5": "Content-MD5"}
        self.metadata[spelled.get(name.lower(), name)] = value
        if name.lower() in self.base_user_settable_fields:
            setattr(self, "_content_md5" if name.lower() == "content-md5" else name.lower().replace("-", "_"), value)

    def update_metadata(self, d: Mapping[str, str]) -> None:
        self.metadata.update(d)

    def set_remote_metadata(
        self,
        metadata_plus: Mapping[str, str],
        metadata_minus: list[str],
        preserve_acl: bool,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Changes the metadata of what is stored: a copy onto itself."""
        with self._translated():
            stored = Key(self.bucket, self.name)
            wire.adopt(stored, self._object().stat())
        metadata = wire.metadata_of(stored)
        metadata.update({name.lower(): value for name, value in metadata_plus.items()})
        for name in metadata_minus:
            metadata.pop(name.lower(), None)
        self.bucket.copy_key(self.name, self.bucket.name, self.name, metadata, preserve_acl=preserve_acl)

    # -- Access ------------------------------------------------------------------------------------------------------

    def set_acl(self, acl_str: str | Policy, headers: Mapping[str, str] | None = None) -> None:
        self.bucket.set_acl(acl_str, self.name, headers=headers, version_id=self.version_id)

    def get_acl(self, headers: Mapping[str, str] | None = None) -> Policy:
        return self.bucket.get_acl(self.name, headers=headers)

    def set_canned_acl(self, acl_str: str, headers: Mapping[str, str] | None = None) -> None:
        self.bucket.set_canned_acl(acl_str, self.name, headers)

    def get_xml_acl(self, headers: Mapping[str, str] | None = None) -> str:
        return self.bucket.get_xml_acl(self.name, headers=headers)

    def set_xml_acl(self, acl_str: str, headers: Mapping[str, str] | None = None) -> None:
        self.bucket.set_xml_acl(acl_str, self.name, headers=headers)

    def make_public(self, headers: Mapping[str, str] | None = None) -> None:
        self.bucket.set_canned_acl("public-read", self.name, headers)

    def add_email_grant(self, permission: str, email_address: str, headers: Mapping[str, str] | None = None) -> None:
        policy = self.get_acl(headers=headers)
        policy.acl.add_email_grant(permission, email_address)
        self.set_acl(policy, headers=headers)

    def add_user_grant(
        self,
        permission: str,
        user_id: str,
        headers: Mapping[str, str] | None = None,
        display_name: str | None = None,
    ) -> None:
        policy = self.get_acl(headers=headers)
        policy.acl.add_user_grant(permission, user_id, display_name)
        self.set_acl(policy, headers=headers)

    # -- Reading -----------------------------------------------------------------------------------------------------

    def exists(self, headers: Mapping[str, str] | None = None) -> bool:
        return bool(self.bucket.lookup(self.name, headers=headers))

    def open_read(self, headers: Mapping[str, str] | None = None) -> None:
        if self._file is None:
            with self._translated():
                self._file = _Reading(self._object(self.version_id)._open(), headers)
            self.mode = "r"
            wire.adopt(self, self._file.meta)

    def open(self, mode: str = "r", headers: Mapping[str, str] | None = None) -> None:
        if mode != "r":
            raise BotoClientError(f"Invalid mode: {mode}")
        self.open_read(headers)

    def read(self, size: int = 0) -> bytes:
        """The next `size` bytes, or all of them; at the end the key is closed."""
        self.open_read()
        with self._translated():
            data: bytes = self._file.read(size or -1)
        if not data:
            self.close()
        return data

    def close(self, fast: bool = False) -> None:
        if self._file is not None:
            self._file.close()
        self._file = self.mode = None
        self.closed = True

    def __iter__(self) -> Key:
        return self

    def __next__(self) -> bytes:
        data = self.read(self.BufferSize)
        if not data:
            raise StopIteration
        return data

    next = __next__

    def get_contents_to_file(
        self,
        fp: Any,
        headers: Mapping[str, str] | None = None,
        cb: Callback | None = None,
        num_cb: int = 10,
        torrent: bool = False,
        version_id: str | None = None,
        res_download_handler: None = None,
        response_headers: Mapping[str, str] | None = None,
    ) -> None:
        """Writes the content to a file object."""
        if torrent or res_download_handler or response_headers:
            raise BotoClientError("torrent, res_download_handler and response_headers are not available here")
        if fp is None:
            raise BotoClientError("fp: a file object to write to is needed")
        with self._translated():
            reading = _Reading(self._object(version_id or self.version_id)._open(), headers)
            wire.adopt(self, reading.meta)
            progress = Progress(cb, num_cb, reading.left)
            digest = hashlib.md5(usedforsecurity=False)
            done = 0
            while data := reading.read(self.BufferSize):
                fp.write(data)
                digest.update(data)
                done += len(data)
                progress(done)
            progress.finish(done)
        self._md5 = digest.digest()

    get_file = get_contents_to_file

    def get_contents_to_filename(
        self,
        filename: str | os.PathLike[str],
        headers: Mapping[str, str] | None = None,
        cb: Callback | None = None,
        num_cb: int = 10,
        torrent: bool = False,
        version_id: str | None = None,
        res_download_handler: None = None,
        response_headers: Mapping[str, str] | None = None,
    ) -> None:
        """Writes a file, which has the object's time. Nothing is left behind, and what was there stays, when something
        goes wrong."""
        temporary = f"{os.fspath(filename)}.{os.getpid()}.part"
        try:
            with open(temporary, "wb") as fp:
                self.get_contents_to_file(
                    fp, headers, cb, num_cb, torrent, version_id, res_download_handler, response_headers
                )
            if self.last_modified:
                modified = parsedate_to_datetime(self.last_modified).timestamp()
                os.utime(temporary, (modified, modified))
            os.replace(temporary, filename)
        except BaseException:
            if os.path.exists(temporary):
                os.unlink(temporary)
            raise

    def get_contents_as_string(
        self,
        headers: Mapping[str, str] | None = None,
        cb: Callback | None = None,
        num_cb: int = 10,
        torrent: bool = False,
        version_id: str | None = None,
        response_headers: Mapping[str, str] | None = None,
        encoding: str | None = None,
    ) -> Any:
        """The content as bytes, or as text with an `encoding`."""
        fp = io.BytesIO()
        self.get_contents_to_file(fp, headers, cb, num_cb, torrent, version_id, None, response_headers)
        return fp.getvalue() if encoding is None else fp.getvalue().decode(encoding)

    # -- Writing -----------------------------------------------------------------------------------------------------

    def set_contents_from_string(
        self,
        string_data: str | bytes,
        headers: Mapping[str, str] | None = None,
        replace: bool = True,
        cb: Callback | None = None,
        num_cb: int = 10,
        policy: str | None = None,
        md5: tuple[str, str] | None = None,
        reduced_redundancy: bool = False,
        encrypt_key: bool = False,
    ) -> int | None:
        """Stores text (as UTF-8) or bytes. The number of them; None if the key is taken and not to be replaced."""
        data = string_data.encode() if isinstance(string_data, str) else string_data
        return self.set_contents_from_file(
            io.BytesIO(data), headers, replace, cb, num_cb, policy, md5, reduced_redundancy, encrypt_key=encrypt_key
        )

    def set_contents_from_filename(
        self,
        filename: str | os.PathLike[str],
        headers: Mapping[str, str] | None = None,
        replace: bool = True,
        cb: Callback | None = None,
        num_cb: int = 10,
        policy: str | None = None,
        md5: tuple[str, str] | None = None,
        reduced_redundancy: bool = False,
        encrypt_key: bool = False,
    ) -> int | None:
        """Stores a file, of the type its name tells."""
        with open(filename, "rb") as fp:
            return self.set_contents_from_file(
                fp, headers, replace, cb, num_cb, policy, md5, reduced_redundancy, encrypt_key=encrypt_key
            )

    def set_contents_from_file(
        self,
        fp: Any,
        headers: Mapping[str, str] | None = None,
        replace: bool = True,
        cb: Callback | None = None,
        num_cb: int = 10,
        policy: str | None = None,
        md5: tuple[str, str] | None = None,
        reduced_redundancy: bool = False,
        query_args: None = None,
        encrypt_key: bool = False,
        size: int | None = None,
        rewind: bool = False,
    ) -> int | None:
        """Stores what a file object has from where it stands."""
        if query_args:
            raise BotoClientError("query_args are not available here")
        if isinstance(getattr(fp, "name", None), str):
            self.path = fp.name
        attrs, announced = self._described(headers, policy, reduced_redundancy, encrypt_key)
        total = _left(fp, size, rewind)
        if not self.name:
            self.name = _digest_of(fp, total).hex()
        if not replace and total >= PART_SIZE and self.bucket.lookup(self.name):
            return None  # what goes in parts cannot be a conditional request everywhere
        stream = _Sending(fp, total, Progress(cb, num_cb, total), md5[1] if md5 else announced)
        with self._translated():
            try:
                overwrite = replace or total >= PART_SIZE
                meta = self._object().write(stream, overwrite=overwrite, **attrs)
            except AlreadyExists:
                if replace:
                    raise
                return None
        stream.progress.finish(stream.done)
        self.size, self.etag, self._md5 = stream.done, meta.etag, stream.digest.digest()
        self.version_id = meta.version or None
        return stream.done

    send_file = set_contents_from_file

    def _described(
        self, headers: Mapping[str, str] | None, policy: str | None, reduced_redundancy: bool, encrypt_key: bool
    ) -> tuple[dict[str, Any], str]:
        attrs, md5 = wire.described(self.metadata, headers)
        if "content_type" not in attrs:
            guessed = _type_of(self.path) if self.path else self.content_type
            attrs["content_type"] = guessed or self.DefaultContentType
        self.content_type = attrs["content_type"]
        provider = attrs["provider"]
        if policy:
            provider["ACL"] = policy
        if reduced_redundancy:
            self._storage_class = "REDUCED_REDUNDANCY"
        if self._storage_class and self._storage_class != "STANDARD":
            provider["StorageClass"] = self._storage_class
        if encrypt_key:
            provider["ServerSideEncryption"] = "AES256"
        return attrs, md5

    # -- Changing ----------------------------------------------------------------------------------------------------

    def copy(
        self,
        dst_bucket: str,
        dst_key: str,
        metadata: Mapping[str, str] | None = None,
        reduced_redundancy: bool = False,
        preserve_acl: bool = False,
        encrypt_key: bool = False,
        validate_dst_bucket: bool = True,
    ) -> Key:
        """Copies on the service; to the bucket of that name."""
        target = self.bucket.connection.lookup(dst_bucket, validate_dst_bucket)
        if target is None:
            raise BotoClientError(f"there is no bucket {dst_bucket}, or it is not yours")
        return target.copy_key(
            dst_key,
            self.bucket.name,
            self.name,
            metadata,
            storage_class="REDUCED_REDUNDANCY" if reduced_redundancy else self.storage_class,
            preserve_acl=preserve_acl,
            encrypt_key=encrypt_key,
            src_version_id=self.version_id,
        )

    def change_storage_class(
        self, new_storage_class: str, dst_bucket: str | None = None, validate_dst_bucket: bool = True
    ) -> Key:
        target = self.bucket.connection.get_bucket(dst_bucket, validate_dst_bucket) if dst_bucket else self.bucket
        self.storage_class = new_storage_class
        stored = self.bucket.get_key(self.name)
        if stored is None:
            raise S3ResponseError(404, "Not Found")
        metadata = wire.metadata_of(stored)
        return target.copy_key(self.name, self.bucket.name, self.name, metadata, storage_class=new_storage_class)

    def delete(self, headers: Mapping[str, str] | None = None) -> Key:
        """Removes the object; it is no error if there is none."""
        return self.bucket.delete_key(self.name, version_id=self.version_id, headers=headers)

    def generate_url(
        self,
        expires_in: int,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        query_auth: bool = True,
        force_http: bool = False,
        response_headers: Mapping[str, str] | None = None,
        expires_in_absolute: bool = False,
        version_id: str | None = None,
        policy: str | None = None,
        reduced_redundancy: bool = False,
        encrypt_key: bool = False,
    ) -> str:
        given = dict(headers or {})
        if policy:
            given["x-amz-acl"] = policy
        if reduced_redundancy:
            given["x-amz-storage-class"] = "REDUCED_REDUNDANCY"
        if encrypt_key:
            given["x-amz-server-side-encryption"] = "AES256"
        return self.bucket.connection.generate_url(
            expires_in,
            method,
            self.bucket.name,
            self.name,
            given,
            query_auth,
            force_http,
            response_headers,
            expires_in_absolute,
            version_id,
        )


class _Reading:
    """An open object, or the piece of it that a Range header asks for."""

    def __init__(self, file: Any, headers: Mapping[str, str] | None) -> None:
        self._file = file
        self.meta = file.meta
        first, behind = wire.read_range(headers) or (0, None)
        if first:
            file.seek(first)
        self.left = max(0, min(self.meta.size, self.meta.size if behind is None else behind) - first)

    def read(self, size: int) -> bytes:
        data: bytes = self._file.read(self.left if size < 0 else min(size, self.left))
        self.left -= len(data)
        return data

    def close(self) -> None:
        self._file.close()


class _Sending:
    """A file object read on its way out: counted, and its MD5 made. One that was announced must come true before the
    end of the object is told, so that nothing is stored otherwise."""

    def __init__(self, fp: Any, total: int, progress: Progress, announced: str) -> None:
        self._fp = fp
        self._left = total
        self.progress = progress
        self._announced = announced
        self.digest = hashlib.md5(usedforsecurity=False)
        self.done = 0

    def read(self, size: int) -> bytes:
        data = self._fp.read(min(size, self._left)) if self._left else b""
        if isinstance(data, str):
            data = data.encode()
        self._left -= min(len(data), self._left)
        if not data:
            self._check()
        self.digest.update(data)
        self.done += len(data)
        self.progress(self.done)
        return data

    def _check(self) -> None:
        if self._announced and base64.b64encode(self.digest.digest()).decode() != self._announced.strip():
            error = S3ResponseError(400, "Bad Request")
            error.error_code = "BadDigest"
            error.message = "the content does not have the MD5 that was given"
            raise error


def _left(fp: Any, size: int | None, rewind: bool) -> int:
    """How many bytes are to be sent from where the file stands."""
    if rewind:
        fp.seek(0)
    start = fp.tell()
    fp.seek(0, os.SEEK_END)
    end = fp.tell()
    if start == end and start:
        raise AttributeError("fp is at EOF. Use rewind option or seek() to data start.")
    fp.seek(start)
    return min(end - start, size) if size is not None else end - start


def _digest_of(fp: Any, total: int) -> bytes:
    start = fp.tell()
    digest = hashlib.md5(fp.read(total), usedforsecurity=False)
    fp.seek(start)
    return digest.digest()


def _type_of(path: str) -> str | None:
    import mimetypes

    return mimetypes.guess_type(path)[0]
