"""Direct uploads as a browser makes them, on every storage, and how they are refused."""

from __future__ import annotations

import json

import pytest
from django.core.cache import cache
from django.core.files.storage import storages
from django.test import Client
from storages.uploads import UploadRefused

from helpers.direct import ALIASES, crc32, send, site

BODY = b"0123456789" * 100
TYPES = ["text/plain", "image/*"]


@pytest.fixture
def places(s3_server, tmp_path):
    s3_server.create_bucket("media")
    cache.clear()
    with site(s3_server, tmp_path):
        yield s3_server


@pytest.fixture(params=ALIASES)
def storage(request, places):
    return storages[request.param]


def names_in(storage):
    return [name for name, *_ in storage._store.list("", "", "", "", 0, None).entries()]


def ask(verb, **question):
    answer = Client().post(f"/storage/uploads/{verb}", json.dumps(question), content_type="application/json")
    return answer.status_code, answer.json()


def begun(ticket, body=BODY, **question):
    asked = {"size": len(body), "type": "text/plain", "checksum": crc32(body), **question}
    status, answer = ask("begin", ticket=str(ticket), **asked)
    assert status == 200, answer
    return answer


def upload(ticket, body=BODY, **question):
    """The receipt of an upload that went well, as a browser makes it."""
    answer = begun(ticket, body, **question)
    if answer["form"] != "multipart":
        assert send(answer["request"], body)[0] < 300
        return answer["receipt"]
    for signed, part in signed_parts(answer, body):
        assert send(signed, part)[0] == 200
    status, done = ask("complete", receipt=answer["receipt"])
    assert status == 200, done
    return done["receipt"]


def signed_parts(answer, body):
    size = answer["part_size"]
    parts = {number: body[at : at + size] for number, at in enumerate(range(0, len(body), size), 1)}
    checksums = {str(number): crc32(part) for number, part in parts.items()}
    status, signed = ask("parts", receipt=answer["receipt"], checksums=checksums)
    assert status == 200, signed
    return [(each, parts[each["number"]]) for each in signed["parts"]]


def refuses(code, action):
    with pytest.raises(UploadRefused) as caught:
        action()
    assert caught.value.code == code and str(caught.value).endswith(".")
