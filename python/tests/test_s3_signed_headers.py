"""URLs that sign headers: who has one must send those, and cannot send others."""

from __future__ import annotations

import urllib.request
from urllib.error import HTTPError

import pytest
from django.core.files.base import ContentFile


def fetched(place, url, **headers):
    import ssl

    context = ssl.create_default_context(cafile=place.ca) if place.ca else None
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.status, b""


@pytest.fixture
def storage(place):
    storage = place.storage()
    storage.save("a.txt", ContentFile(b"content"))
    return storage


def test_a_signed_range(place, storage):
    url = storage.url("a.txt", {"Range": "bytes=1-3", "ResponseContentType": "text/x"})
    assert "X-Amz-SignedHeaders=host%3Brange&" in url
    assert fetched(place, url, Range="bytes=1-3") == (206, b"ont")
    assert fetched(place, url, Range="bytes=0-3")[0] == 403
    assert fetched(place, url)[0] in (400, 403)


def test_a_signed_condition(place, storage):
    url = storage.url("a.txt", {"IfNoneMatch": '"other"'})
    assert fetched(place, url, If_None_Match='"other"') == (200, b"content")


def test_headers_in_a_url_of_the_old_signature(own_place):
    storage = own_place.storage(signature_version="s3")
    storage.save("a.txt", ContentFile(b"content"))
    url = storage.url("a.txt", {"RequestPayer": "requester"})
    assert "&x-amz-request-payer=requester&" in url
    assert fetched(own_place, url) == (200, b"content")
    assert fetched(own_place, url.replace("requester", "nobody"))[0] == 403


def test_a_put_takes_a_query(own_place):
    url = own_place.storage().url("a.txt", {"VersionId": "v1"}, http_method="PUT")
    assert "?versionId=v1&" in url and "X-Amz-SignedHeaders=host&" in url
