"""Direct uploads to every server there is, in every form: what is signed must mean the same to all of them."""

from __future__ import annotations

import http.client
import os
import ssl
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.core.files.storage import storages
from django.test import override_settings
from helpers.direct import crc32, form_body
from storages.uploads import plan

django_storages = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def send(place, signed, content):
    """As a browser does, which adds no header of its own that is signed about."""
    url = urlsplit(signed["url"])
    context = ssl.create_default_context(cafile=place.ca) if url.scheme == "https" else None
    options = {"context": context} if context else {}
    kind = http.client.HTTPSConnection if context else http.client.HTTPConnection
    connection = kind(url.hostname, url.port, timeout=20, **options)
    headers, body = dict(signed["headers"]), content
    headers.pop("content-length", None)  # that of the body
    if signed["method"] == "POST":
        body, headers["Content-Type"] = form_body(dict(signed["fields"]), content)
    connection.request(signed["method"], f"{url.path}?{url.query}" if url.query else url.path, body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


@pytest.mark.parametrize("form", ["put", "post", "multipart"])
def test_each_form(place, form):
    cache.clear()
    backend = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": place.options}
    with override_settings(STORAGES={**django_storages, "uploads": backend}):
        storage = storages["uploads"]
        body = os.urandom((5 << 20) + 1000 if form == "multipart" else 1000)
        ticket = storage.upload_ticket("docs/a b.bin", max_size=6 << 20, content_types=["application/*"], form=form)
        begun = ticket.begin(size=len(body), content_type="application/x-test", checksum=crc32(body))
        receipt = begun.receipt
        if form == "multipart":
            for signed in plan.sign_parts(receipt, {1: crc32(body)}):
                assert send(place, signed, body) == 200
            assert [part["size"] for part in plan.parts_there(receipt)] == [len(body)]
            receipt = plan.complete(receipt)
        else:
            assert send(place, begun.request.as_dict(), body + b"!") >= 400
            assert send(place, begun.request.as_dict(), body) < 300
        name = storage.verify_upload(receipt.token)
        assert storage.open(name).read() == body
        assert [entry.name for entry in place.handle().list()] == ["docs/a b.bin"]
