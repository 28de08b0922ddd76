"""Tickets and receipts: what a browser carries, signed, and what is refused of it."""

import contextlib
import secrets
import time
from dataclasses import dataclass, replace

from django.apps import apps
from django.core import signing
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured, SuspiciousOperation
from django.core.files.utils import validate_file_name
from django.template.defaultfilters import filesizeformat
from orlop import OrlopError

from storages.orders import ANY_TYPE
from storages.places import unwrapped
from storages.utils import clean_name

#: Uploads in progress are kept below this, until they are verified: one rule of the bucket's lifecycle can clear it.
PENDING = ".uploads"

FORMS = ("put", "post", "multipart")

_TICKET_SALT = "storages.uploads.ticket"
_RECEIPT_SALT = "storages.uploads.receipt"


class UploadRefused(SuspiciousOperation):
    """An upload that is not accepted; `str()` is a sentence for who tried it."""

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True)
class Ticket:
    """What may be uploaded."""

    id: str
    place: str  # of the storage: its name in STORAGES, or "app.Model.field"
    name: str
    max_size: int
    types: tuple
    ends: int
    form: str
    user: str

    def __str__(self):
        return self.token

    def __repr__(self):
        return f"<Ticket {self.name!r} max_size={self.max_size} types={list(self.types)}>"

    @property
    def token(self):
        return signing.dumps(self.__dict__, salt=_TICKET_SALT)

    @property
    def storage(self):
        return find_storage(self.place)

    @classmethod
    def read(cls, token, user=None):
        """The ticket of a token. UploadRefused when it was altered, has expired, or is somebody else's."""
        values = _loads(token, _TICKET_SALT, "ticket")
        return _checked(cls(**{**values, "types": tuple(values["types"])}), user)

    def begin(self, *, size, content_type, checksum=None, name=None):
        """Receipt of an upload that begins, and the request (or the parts) to send."""
        from storages.uploads.plan import begin

        return begin(self, size, content_type, checksum, name)

    def check_time(self):
        if time.time() >= self.ends:
            raise UploadRefused("expired", "This upload ticket has expired; load the page again.")

    def check_promise(self, size, content_type):
        """Refuses what a browser says it will send, if that is not covered."""
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise UploadRefused("no_size", "The size of the file was not said.")
        if self.max_size is not None and size > self.max_size:
            raise UploadRefused(
                "too_large",
                f"The file has {filesizeformat(size)}; at most {filesizeformat(self.max_size)} are allowed.",
            )
        if not self.allows(content_type):
            raise UploadRefused(
                "forbidden_type",
                f"Files of type {content_type or 'unknown'} are not allowed; allowed are {', '.join(self.types)}.",
            )

    def allows(self, content_type):
        kind = (content_type or "").partition(";")[0].strip().lower()
        return not self.types or any(
            kind == each or (each.endswith("*") and kind.startswith(each[:-1])) for each in self.types
        )

    def name_for(self, chosen):
        """The name to upload as, where a browser may have `chosen` the last part of it."""
        if not self.name.endswith("/"):
            if chosen and chosen.replace("\\", "/") not in (self.name, self.name.rpartition("/")[2]):
                raise UploadRefused("other_name", "This upload ticket is for a file of another name.")
            return self.name
        storage = self.storage
        last = (chosen or "").replace("\\", "/").rpartition("/")[2]
        try:
            last = storage.get_valid_name(last)
        except SuspiciousOperation:
            last = ""
        name = (self.name + last).lstrip("/")
        if last in ("", ".", "..") or name == PENDING:
            raise UploadRefused("no_name", "The file has no name.")
        return name


@dataclass(frozen=True)
class Receipt:
    """What is being uploaded: a ticket that has been used for one file."""

    ticket: Ticket
    name: str
    nonce: str
    size: int
    type: str
    checksum: str  # CRC-32 in base64; "" when none was promised
    form: str
    upload: str = ""  # id of a multipart upload
    part_size: int = 0

    def __str__(self):
        return self.token

    @property
    def token(self):
        return signing.dumps({**self.__dict__, "ticket": self.ticket.__dict__}, salt=_RECEIPT_SALT)

    @property
    def storage(self):
        return self.ticket.storage

    @property
    def pending(self):
        """Where the bytes are until they are verified."""
        return f"{PENDING}/{self.nonce}/{self.name.rpartition('/')[2]}"

    @property
    def part_count(self):
        return -(-self.size // self.part_size) if self.part_size else 1

    def part_length(self, number):
        return min(self.part_size, self.size - (number - 1) * self.part_size)

    def with_checksum(self, checksum):
        return replace(self, checksum=checksum)

    @classmethod
    def read(cls, token, user=None):
        receipt = token if isinstance(token, Receipt) else cls._loaded(token)
        try:
            _checked(receipt.ticket, user)
        except UploadRefused as refusal:
            if refusal.code == "expired":
                receipt.drop()
            raise
        return receipt

    @classmethod
    def _loaded(cls, token):
        values = _loads(token, _RECEIPT_SALT, "receipt")
        ticket = values["ticket"]
        return cls(**{**values, "ticket": Ticket(**{**ticket, "types": tuple(ticket["types"])})})

    def drop(self):
        """Of a receipt that is refused: leaves nothing of its upload, if that can be done."""
        from storages.uploads.plan import give_up

        # What naming refuses is a SuspiciousOperation, as UploadRefused is.
        with contextlib.suppress(OrlopError, ImproperlyConfigured, SuspiciousOperation):
            give_up(self)


def make_ticket(storage, name, max_size, content_types, expires, form, user, place):
    if form is not None and form not in FORMS:
        raise ValueError(f"form: expected {', '.join(FORMS)}, not {form!r}")
    if isinstance(content_types, str):
        raise TypeError("content_types: expected a list of types, not one text")
    if max_size is not None and not (isinstance(max_size, (int, float)) and max_size >= 0):
        raise ValueError(f"max_size: expected a number of bytes, not {max_size!r}")
    directory = str(name).endswith("/")
    name = clean_name(name).strip("/") if directory else clean_name(name)
    if (not name and not directory) or name.split("/")[0] == PENDING:
        raise ValueError(f"{name!r} is no name to upload a file as")
    if name:
        validate_file_name(name, allow_relative_path=True)
    storage._normalize_name(name)
    types = [each.lower() for each in content_types or ()]
    return Ticket(
        id=secrets.token_hex(8),
        place=place or ticket_place(storage),
        name=f"{name}/" if directory else name,  # "/" where files have no directory
        max_size=max_size,
        types=() if ANY_TYPE.intersection(types) else tuple(types),
        ends=int(time.time()) + int(expires),
        form=form or "",
        user=_user_id(user),
    )


def ticket_place(storage):
    from storages.served import alias_of

    alias = alias_of(unwrapped(storage), unwrapped)
    if alias is None:
        raise ImproperlyConfigured(
            "upload_ticket: this storage is not in STORAGES, by which the views find it; list it there, or say "
            'place="app.Model.field"'
        )
    return alias


def find_storage(place):
    """The storage of a ticket: "default", or "app.Model.field"."""
    from storages.served import listed

    try:
        if "." in place:
            label, model, field = place.split(".")
            return unwrapped(apps.get_model(label, model)._meta.get_field(field).storage)
    except (LookupError, ValueError, AttributeError, FieldDoesNotExist):
        raise _no_storage() from None
    storage = listed(place)
    if storage is None:
        raise _no_storage()
    return unwrapped(storage)


def _no_storage():
    return UploadRefused("no_storage", "The place this upload is for is no longer there.")


def _loads(token, salt, what):
    if not token or not isinstance(token, str):
        raise UploadRefused("no_token", f"There is no upload {what}.")
    try:
        return signing.loads(token, salt=salt)
    except (signing.BadSignature, ValueError):  # what no signature is made of, half of a surrogate pair
        raise UploadRefused("altered", f"This upload {what} is not one of this site, or was altered.") from None


def _checked(ticket, user):
    ticket.check_time()
    if ticket.user and ticket.user != _user_id(user):
        raise UploadRefused("other_user", "This upload ticket was given to somebody else.")
    return ticket


def _user_id(user):
    if user is None or getattr(user, "is_anonymous", False):
        return ""
    return str(getattr(user, "pk", user))
