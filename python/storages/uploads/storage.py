"""What a storage has to say of direct uploads; the rest is loaded when it is used."""


class UploadTicketsMixin:
    def upload_ticket(
        self,
        name,
        max_size=None,
        content_types=None,
        expires=3600,
        *,
        size=None,
        content_type=None,
        checksum=None,
        form=None,
        user=None,
        place=None,
    ):
        """A signed permission to upload one file as `name`; a `name` that ends in "/" lets the browser choose the last
        part.

        `content_types` are types or groups of them ("image/*"); None is any. With `size` and `content_type` the upload
        begins at once, else when a browser asks for it. `form` ("put", "post", "multipart") forces one. `user` (or its
        primary key) makes it good for that one visitor. `place`: "app.Model.field" whose storage this is, where it is
        not in STORAGES.
        """
        from storages.uploads.tickets import make_ticket

        ticket = make_ticket(self, name, max_size, content_types, expires, form, user, place)
        if size is None and content_type is None:
            return ticket
        return ticket.begin(size=size, content_type=content_type, checksum=checksum)

    def verify_upload(self, receipt, *, user=None, max_length=None):
        """The name of the file of a finished upload, checked against its receipt and moved to its place."""
        from storages.uploads.verify import verify_upload

        return verify_upload(self, receipt, user=user, max_length=max_length)
