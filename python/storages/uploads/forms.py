"""A form field whose file goes to the store while the form is still on the screen."""

import contextlib

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.forms.models import ModelForm
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from storages.served import woken
from storages.uploads.tickets import Receipt, UploadRefused, ticket_place
from storages.uploads.verify import arrival_for


class DirectUploadInput(forms.Widget):
    """A file input that uploads by itself, and a hidden one with the receipt, which is what the form sends."""

    template_name = "storages/direct_upload.html"
    field = None  # the DirectUploadField it belongs to

    @property
    def media(self):
        return forms.Media(css={"all": ["storages/direct-upload.css"]}, js=["storages/direct-upload.js"])

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"].update(self._uploading(value))
        return context

    def _uploading(self, value):
        try:
            addresses = {
                verb: reverse(f"storages:{verb}") for verb in ("begin", "parts", "resume", "complete", "abort")
            }
        except NoReverseMatch:
            raise NoReverseMatch(
                'DirectUploadField: add path("storage/", include("storages.urls")) to the URLs of the site'
            ) from None
        field = self.field
        return {
            "value": value or "",
            "file_name": _name_in(value, field.user),
            "ticket": field.ticket().token,
            "addresses": addresses,
            "accept": ",".join(field.content_types or ()),
            "max_size": field.max_size,
        }

    def use_required_attribute(self, initial):
        return False  # the file input sends nothing, and a hidden one cannot be pointed at


def _name_in(value, user):
    """Of a form that comes back with errors: the file that has been uploaded."""
    try:
        return Receipt.read(value, user).name.rpartition("/")[2]
    except UploadRefused:
        return ""


class DirectUploadField(forms.Field):
    """Its value is the receipt of a finished upload, for verify_and_attach().

    `upload_to` is a directory; the browser's name for the file is made a valid one. `storage` is the one the model's
    field has. `user`, set by a view on `form.fields[...]`, makes the tickets good for that visitor alone.
    """

    widget = DirectUploadInput
    default_error_messages = {"required": _("Choose a file, and wait until it is uploaded.")}

    def __init__(
        self,
        *,
        upload_to="",
        storage=None,
        max_size=None,
        content_types=None,
        expires=3600,
        form=None,
        place=None,
        **kw,
    ):
        self.upload_to = upload_to
        self._storage = storage
        self.max_size = max_size
        self.content_types = content_types
        self.expires = expires
        self.form = form
        self.place = place
        self.user = None
        super().__init__(**kw)
        self.widget.field = self

    def __deepcopy__(self, memo):
        copied = super().__deepcopy__(memo)
        copied.widget.field = copied
        return copied

    @property
    def storage(self):
        storage = default_storage if self._storage is None else self._storage
        return woken(storage() if callable(storage) else storage)

    def ticket(self):
        directory = self.upload_to() if callable(self.upload_to) else self.upload_to
        return self.storage.upload_ticket(
            f"{directory.rstrip('/')}/",
            max_size=self.max_size,
            content_types=self.content_types,
            expires=self.expires,
            form=self.form,
            user=self.user,
            place=self.place,
        )

    def to_python(self, value):
        if value in self.empty_values:
            return None
        try:
            receipt = Receipt.read(value, self.user)
            self._check(receipt)
        except UploadRefused as error:
            raise ValidationError(error.sentence, code=error.code) from None
        return receipt

    def _check(self, receipt):
        """A ticket of another field of the site's may allow more than this one does."""
        ticket, own = receipt.ticket, self.ticket()
        elsewhere = ticket.name != own.name and not callable(self.upload_to)  # which may say another one by now
        try:
            if elsewhere or ticket.place != (self.place or ticket_place(self.storage)):
                raise UploadRefused("other_name", "This upload is for another field.")
            own.check_promise(receipt.size, receipt.type)
        except UploadRefused:
            receipt.drop()
            raise


class DirectUploadFormMixin:
    """Of a ModelForm: its DirectUploadFields named like file fields of the model become those fields' files.

    Once all else is valid, so that an upload is not used up by a form that comes back.
    """

    def _direct_fields(self):
        names = {field.name for field in self._meta.model._meta.get_fields() if hasattr(field, "upload_to")}
        return [name for name, field in self.fields.items() if isinstance(field, DirectUploadField) and name in names]

    def _get_validation_exclusions(self):
        names = super()._get_validation_exclusions()
        return type(names)([*names, *self._direct_fields()])  # a list before Django 4.1

    def _post_clean(self):
        receipts = {name: self.cleaned_data.pop(name) for name in self._direct_fields() if name in self.cleaned_data}
        super()._post_clean()
        self.cleaned_data.update(receipts)
        if not self.errors:
            self._attach({name: receipt for name, receipt in receipts.items() if receipt is not None})

    def _attach(self, receipts):
        """All or none: those that are not refused can be sent again with the form that comes back."""
        arrivals, done = {}, False
        try:
            for name, receipt in receipts.items():
                with self._refusals_of(name):
                    arrivals[name] = arrival_for(self.instance, name, receipt, self.fields[name].user)
            for name, arrival in arrivals.items():
                with self._refusals_of(name):
                    if not self.errors:
                        arrival.put_in_place()
            done = not self.errors
        finally:
            for name, arrival in arrivals.items():
                if done:
                    setattr(self.instance, name, arrival.finish())
                else:
                    arrival.give_back()

    @contextlib.contextmanager
    def _refusals_of(self, name):
        try:
            yield
        except UploadRefused as error:
            self.add_error(name, ValidationError(error.sentence, code=error.code))


class DirectUploadModelForm(DirectUploadFormMixin, ModelForm):
    """A ModelForm with the mixin."""
