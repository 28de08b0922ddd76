"""What has been uploaded, compared with what was promised, and given to a model."""

import contextlib
import os.path
import time
from base64 import b64encode

from django.core.cache import cache
from django.core.exceptions import SuspiciousOperation
from django.template.defaultfilters import filesizeformat
from orlop import AlreadyExists, InvalidArgument, NotFound, OrlopError, PreconditionFailed
from orlop.ledger import current

from storages.places import unwrapped
from storages.s3.errors import explained
from storages.s3.parameters import to_attrs
from storages.served import place_of, woken
from storages.uploads.plan import give_up, write_parameters
from storages.uploads.tickets import Receipt, UploadRefused
from storages.utils import get_available_overwrite_name

_MARK = "storages.uploads.used."


def verify_and_attach(instance, field_name, receipt, *, user=None):
    """Makes the finished upload of `receipt` the file of a field of an instance that is about to be saved. Its name.

    One request looks at size, type and checksum; then the object gets its name. UploadRefused, with nothing left of the
    upload, when it is not what was promised.
    """
    name = _taken(arrival_for(instance, field_name, receipt, user))
    setattr(instance, field_name, name)
    return name


def verify_upload(storage, receipt, *, user=None, max_length=None):
    return _taken(Arrival(storage, receipt, user, max_length))


def _taken(arrival):
    try:
        arrival.put_in_place()
        return arrival.finish()
    except BaseException:
        arrival.give_back()
        raise


def arrival_for(instance, field_name, receipt, user=None):
    model_field = instance._meta.get_field(field_name)
    return Arrival(model_field.storage, receipt, user, model_field.max_length)


class Arrival:
    """A finished upload that was found to be what was promised, and that nobody else is taking.

    put_in_place() and finish(), or give_back(), which leaves it to be tried again.
    """

    @explained
    def __init__(self, storage, receipt, user=None, max_length=None):
        self.receipt = receipt = Receipt.read(receipt, user)
        self.storage = unwrapped(storage)
        outer = woken(storage)
        self.journal = outer if hasattr(type(outer), "wraps_storage") else None
        self.max_length = max_length
        self.name = None
        _check_place(self.storage, receipt)
        self.meta = check_arrived(receipt)
        _claim(receipt)

    @explained
    def put_in_place(self):
        self.name = _promote(self.storage, self.receipt, self.meta, self._names())

    @explained
    def finish(self):
        """The name, when the object is no longer where it waited."""
        self.storage._store.remove([self.storage._normalize_name(self.receipt.pending)], current())
        return self.name

    def _names(self):
        for name in _names(self.storage, self.receipt.name, self.max_length):
            if self.journal is None or self.journal.may_be_put_in_place(name):
                yield name
            elif self.storage.file_overwrite:
                raise _busy()

    def give_back(self):
        if self.name and not self.storage.file_overwrite:
            # What was there before is gone where files are overwritten, and the next try overwrites again.
            with contextlib.suppress(OrlopError):
                self.storage._store.remove([self.storage._normalize_name(self.name)], current())
        cache.delete(_mark(self.receipt))


def _mark(receipt):
    return _MARK + receipt.ticket.id


def _claim(receipt):
    mark = _mark(receipt)
    if not cache.add(mark, receipt.nonce, max(1, receipt.ticket.ends - int(time.time()))):
        # With this nonce a form was sent twice, and the first is just taking the upload. With none, the first has just
        # failed and given the mark back, or the cache lost it: the upload may be tried again.
        if cache.get(mark) not in (None, receipt.nonce):
            give_up(receipt)
        raise _used()


def check_arrived(receipt):
    """What the store knows of an upload, in one request. UploadRefused, and the object gone, if that is not right."""
    storage = receipt.storage
    key = storage._normalize_name(receipt.pending)
    try:
        meta = storage._store.stat(key, current(), None, "")
    except NotFound:
        if cache.get(_mark(receipt)):
            raise _used() from None
        raise UploadRefused("not_there", "The upload was not finished, or was already used.") from None
    wrong = _what_is_wrong(storage, key, receipt, meta)
    if wrong:
        give_up(receipt)
        raise wrong
    return meta


def _what_is_wrong(storage, key, receipt, meta):
    if meta.size != receipt.size:
        return UploadRefused(
            "other_size", f"The file that arrived has {filesizeformat(meta.size)}, not {filesizeformat(receipt.size)}."
        )
    if meta.content_type != receipt.type or not receipt.ticket.allows(meta.content_type):
        return UploadRefused("other_type", f"The file that arrived is of type {meta.content_type}, not {receipt.type}.")
    told = storage._checksum(meta, key) if receipt.checksum else None
    if told and told[0] == "crc32" and b64encode(told[1]).decode() != receipt.checksum:
        return UploadRefused("other_checksum", "The file that arrived is not the one that was sent: checksums differ.")
    return None


def _check_place(storage, receipt):
    there = receipt.storage
    if there is not storage and (type(there), place_of(there)) != (type(storage), place_of(storage)):
        receipt.drop()
        raise UploadRefused("other_place", "This upload is for another field.")


def _promote(storage, receipt, meta, names):
    """Copies the object to its name."""
    source = storage._normalize_name(receipt.pending)
    parameters = write_parameters(storage, receipt)
    # Whoever holds the ticket can still send something else: what is copied is what was looked at.
    attrs = to_attrs({name: value for name, value in parameters.items() if value is not None})
    if meta.etag:
        attrs["provider"] = {**attrs.get("provider", {}), "CopySourceIfMatch": meta.etag}
    taken = _busy()
    for name in names:
        target = storage._normalize_name(name)
        exclusive = not storage.file_overwrite and storage._store.can("copy_create")
        try:
            storage._store.copy(source, target, attrs, exclusive, current())
        except AlreadyExists as error:
            taken = error
            continue
        except NotFound:
            raise _used() from None
        except PreconditionFailed:
            give_up(receipt)
            raise UploadRefused("changed", "The upload was replaced while it was being looked at.") from None
        return name
    raise taken


def _names(storage, name, max_length):
    try:
        if storage.file_overwrite:
            yield get_available_overwrite_name(name, max_length)
            return
        yield storage.get_available_name(name, max_length)
        for _ in range(10):
            yield storage.get_available_name(storage.get_alternative_name(*os.path.splitext(name)), max_length)
    except (SuspiciousOperation, InvalidArgument):  # it has no room for what makes it another one
        raise UploadRefused("no_name", "The name of the file is too long; give it another one.") from None


def _busy():
    return UploadRefused("busy", "The file of this name is just being changed; try again in a while.")


def _used():
    return UploadRefused("used", "This upload ticket was already used.")
