"""How an upload is sent: one request, a form, or parts; by its size, and by what the store can do."""

import secrets
import time
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass, field
from types import SimpleNamespace

from django.core.exceptions import SuspiciousOperation
from django.template.defaultfilters import filesizeformat
from orlop import InvalidArgument, NotFound, PreconditionFailed
from orlop.ledger import current

from storages.orders import Signed, SigningOrder
from storages.s3.errors import explained
from storages.s3.parameters import ONLY_IN_PLACE, to_attrs
from storages.uploads.tickets import Receipt, UploadRefused

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
_LARGEST_PUT = 5 << 30
_MOST_PARTS = 10_000
_LARGEST = _MOST_PARTS * _LARGEST_PUT

#: Parts that one request signs.
PARTS_AT_ONCE = 100

# What parameters of an upload are called as headers, those of a form too: what the first request has to have, and
# nothing that would show the object to anybody before it is verified.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
_HEADERS = {
    "BucketKeyEnabled": "x-amz-server-side-encryption-bucket-key-enabled",
    "ExpectedBucketOwner": "x-amz-expected-bucket-owner",
    "RequestPayer": "x-amz-request-payer",
    "SSEKMSEncryptionContext": "x-amz-server-side-encryption-context",
    "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
    "ServerSideEncryption": "x-amz-server-side-encryption",
}


@dataclass
class Beginning:
    """An upload that has begun."""

    receipt: Receipt
    request: Signed = None  # of a put or a post
    parts: list = field(default_factory=list)  # of a multipart upload: those the store has already

    @property
    def form(self):
        return self.receipt.form

    def as_dict(self):
        answer = {"receipt": self.receipt.token, "form": self.form, "name": self.receipt.name}
        if self.request:
            answer["request"] = self.request.as_dict()
        else:
            answer.update(part_size=self.receipt.part_size, size=self.receipt.size, parts=self.parts)
        return answer


@explained
def begin(ticket, size, content_type, checksum=None, name=None):
    ticket.check_time()
    ticket.check_promise(size, content_type)
    if size > _LARGEST:
        raise UploadRefused("too_large", f"No file of {filesizeformat(size)} can be stored.")
    content_type = content_type or "application/octet-stream"
    if not (content_type.isascii() and content_type.isprintable()) or len(content_type) > 255:
        raise UploadRefused("forbidden_type", "The type of the file cannot be the value of a header.")
    storage = ticket.storage
    form = _form(ticket, storage, size)
    promised = _checked_sum(checksum) if checksum else ""
    receipt = Receipt(
        ticket=ticket,
        name=ticket.name_for(name),
        nonce=secrets.token_hex(8),
        size=size,
        type=content_type,
        checksum=promised if form != "multipart" and _sums(storage) else "",
        form=form,
    )
    _check_names(storage, receipt)
    if form == "multipart":
        return _begin_parts(storage, receipt)
    return Beginning(receipt, _sign_whole(storage, receipt))


def _check_names(storage, receipt):
    try:
        for name in (receipt.name, receipt.pending):
            storage._store.public_url(storage._normalize_name(name))  # refuses the keys S3 refuses
    except (SuspiciousOperation, InvalidArgument):
        raise UploadRefused("no_name", "This cannot be the name of a file.") from None


def _form(ticket, storage, size):
    form = ticket.form or ("multipart" if size > storage.transfer_config.multipart_threshold else "put")
    if form == "post" and not storage._store.can("presign_post") and not getattr(storage, "is_served", False):
        form = "put"  # Cloudflare R2, Backblaze
    if size > _LARGEST_PUT:
        return "multipart"
    return "put" if form == "multipart" and size == 0 else form


def _sign_whole(storage, receipt):
    given = _parameters(storage, receipt)
    common = {"expires": _left(receipt), "stable_for": 0, "content_type": receipt.type, "size": receipt.size}
    if receipt.checksum:
        common["checksum"] = receipt.checksum
    return storage.sign(receipt.pending, method="POST" if receipt.form == "post" else "PUT", headers=given, **common)


def _parameters(storage, receipt):
    """Of the object's parameters those that the first request has to have; the rest come when it gets its name."""
    parameters = write_parameters(storage, receipt)
    return {_HEADERS[name]: str(value) for name, value in parameters.items() if name in _HEADERS and value is not None}


def write_parameters(storage, receipt):
    key = storage._normalize_name(receipt.name)
    content = SimpleNamespace(content_type=receipt.type)
    parameters = {**storage._get_write_parameters(key, content), "ContentType": receipt.type}
    if "SSECustomerKey" in parameters:
        raise InvalidArgument(
            "AWS_S3_OBJECT_PARAMETERS/object_parameters: SSECustomerKey would have to be told to the browser; direct "
            "uploads are for keys the service keeps"
        )
    for name in [name for name in parameters if name.startswith("Checksum")]:
        del parameters[name]
    return parameters


# -- Parts -------------------------------------------------------------------------------------------------------------


def _begin_parts(storage, receipt):
    part_size = max(storage.transfer_config.multipart_chunksize, 5 << 20, -(-receipt.size // _MOST_PARTS))
    algorithm = {"ChecksumAlgorithm": "CRC32"} if _sums(storage) else {}
    parameters = write_parameters(storage, receipt)
    before = {name: value for name, value in parameters.items() if name not in ONLY_IN_PLACE}
    attrs = to_attrs({**before, **algorithm})
    user, provider = attrs.pop("user", {}), attrs.pop("provider", {})
    upload = storage._store.driver.begin_upload(
        storage._normalize_name(receipt.pending),
        list(attrs.items()),
        list(user.items()),
        list(provider.items()),
        current(),
    )
    return Beginning(Receipt(**{**receipt.__dict__, "upload": upload, "part_size": part_size}))


@explained
def sign_parts(receipt, checksums):
    """{number: checksum} as the requests that send these parts: [{"number", "url", "headers", "method"}]."""
    _need_parts(receipt)
    if len(checksums) > PARTS_AT_ONCE:
        raise UploadRefused("too_many_parts", f"At most {PARTS_AT_ONCE} parts are signed at once.")
    storage = receipt.storage
    key = storage._normalize_name(receipt.pending)
    now = int(time.time())
    signed = []
    for number, checksum in checksums.items():
        if not 1 <= number <= receipt.part_count:
            raise UploadRefused("no_such_part", f"This upload has no part {number}.")
        query = [("partNumber", str(number)), ("uploadId", receipt.upload)]
        headers = [("content-length", str(receipt.part_length(number)))]
        checksum = _checked_sum(checksum)
        if _sums(storage):
            headers.append(("x-amz-checksum-crc32", checksum))
        request = storage._sign(SigningOrder("PUT", key, _left(receipt), now, query, headers))
        signed.append({"number": number, **request.as_dict()})
    return signed


@explained
def parts_there(receipt):
    """What has arrived: [{"number", "size", "checksum"}]."""
    _need_parts(receipt)
    storage = receipt.storage
    try:
        listed = storage._store.driver.list_parts(storage._normalize_name(receipt.pending), receipt.upload, current())
    except NotFound:
        raise UploadRefused("gone", "This upload was given up, or is finished; begin it anew.") from None
    return [
        {"number": index, "size": size, "checksum": b64encode(checksum[1]).decode() if checksum else ""}
        for index, size, _, checksum in listed
    ]


@explained
def complete(receipt):
    """The receipt of the finished upload, with the checksum the store made of its parts."""
    _need_parts(receipt)
    storage = receipt.storage
    try:
        meta = storage._store.driver.complete_upload(
            storage._normalize_name(receipt.pending), receipt.upload, receipt.size, current()
        )
    except NotFound:
        # Finished, perhaps: the answer to an earlier question may have got lost.
        meta = _whole(storage, receipt)
        if meta is None:
            raise UploadRefused("gone", "This upload was given up, or is finished; begin it anew.") from None
    except PreconditionFailed as error:
        give_up(receipt)
        raise UploadRefused("other_size", f"The upload was given up: {error.message or error}.") from None
    checksum = storage._checksum(meta, storage._normalize_name(receipt.pending))
    if checksum and checksum[0] == "crc32":
        return receipt.with_checksum(b64encode(checksum[1]).decode())
    return receipt


@explained
def give_up(receipt):
    """Leaves nothing of an upload behind. One that was attached is no longer where it was, and stays."""
    storage = receipt.storage
    key = storage._normalize_name(receipt.pending)
    if receipt.upload:
        storage._store.driver.abort_upload(key, receipt.upload, current())
    for error in storage._store.remove([key], current()):
        if error:
            raise error


def _whole(storage, receipt):
    """What is known of an upload that is there as a whole; None if there is none."""
    try:
        meta = storage._store.stat(storage._normalize_name(receipt.pending), current(), None, "")
    except NotFound:
        return None
    return meta if meta.size == receipt.size else None


def _sums(storage):
    """Whether what is signed may name a checksum; some that do not compare it refuse the header (Backblaze)."""
    return storage._store.can("presign_checksum") or getattr(storage, "is_served", False)


def _need_parts(receipt):
    if receipt.form != "multipart":
        raise UploadRefused("no_parts", "This upload is not one in parts.")


def _left(receipt):
    return max(1, min(receipt.ticket.ends - int(time.time()), 604_800))


def _checked_sum(checksum):
    try:
        if len(b64decode(checksum, validate=True)) == 4:
            return checksum
    except (NotBase64, TypeError, ValueError):
        pass
    raise UploadRefused("no_checksum", "The checksum of the file is no CRC-32 in base64.")
