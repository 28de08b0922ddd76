"""What an upload says of itself, and gzip: reference sections 2.2.4, 2.2.5, traps T5, T19 - T22, T62."""

from __future__ import annotations

import gzip
import mimetypes
import os
from datetime import datetime, timezone

import orlop
import pytest
from django.core.files.base import ContentFile
from helpers.contents import PART, NonSeekable, content_of, described, on_disk
from storages.backends.s3 import S3Storage
from storages.s3.options import TransferConfig

# -- Parameters of uploads ---------------------------------------------------------------------------------------------


def test_content_type_in_order_t19_t20(storage):
    content = ContentFile(b"x")
    storage.save("a.jpg", content)
    assert described(storage, "a.jpg") == ("image/jpeg", "")
    for nothing in (None, ""):
        content.content_type = nothing
        storage.save("b.jpg", content)
        assert described(storage, "b.jpg") == ("image/jpeg", "")
    content.content_type = "text/x-given"
    storage.save("c.jpg", content)
    assert described(storage, "c.jpg") == ("text/x-given", "")
    storage.object_parameters = {"ContentType": "text/x-parameter"}
    storage.save("d.jpg", content)
    assert described(storage, "d.jpg") == ("text/x-parameter", "")
    plain = ContentFile(b"x")
    storage.object_parameters = {}
    storage.save("no-extension", plain)
    assert described(storage, "no-extension") == ("application/octet-stream", "")
    storage.default_content_type = "text/x-default"
    storage.save("no-extension", plain)
    assert described(storage, "no-extension") == ("text/x-default", "")


# Appendix A.4.
@pytest.mark.parametrize(
    ("name", "content_type", "encoding"),
    [
        ("x.gz", "application/octet-stream", "gzip"),
        ("a.css.gz", "text/css", "gzip"),
        ("a.tar.gz", "application/x-tar", "gzip"),
        ("a.tgz", "application/x-tar", "gzip"),
        ("a.css.br", "text/css", "br"),
        ("a.svgz", "image/svg+xml", "gzip"),
        ("a.Z", "application/octet-stream", "compress"),
        ("a.txt.xz", "text/plain", "xz"),
        ("a.CSS.GZ", None, ""),
        ("a.CSS", "text/css", ""),
        ("none", "application/octet-stream", ""),
    ],
)
def test_guessed_types(name, content_type, encoding):
    parameters = S3Storage(gzip=True)._get_write_parameters(name)
    assert content_type in (parameters["ContentType"], None)
    assert parameters.get("ContentEncoding", "") == encoding


def test_types_follow_the_interpreter_t62():
    mimetypes.add_type("text/x-orlop", ".orlop")
    assert S3Storage()._get_write_parameters("a.orlop") == {"ContentType": "text/x-orlop"}


def test_explicit_type_suppresses_the_guessed_encoding_t19():
    storage = S3Storage(object_parameters={"ContentType": "application/gzip"})
    assert storage._get_write_parameters("x.gz") == {"ContentType": "application/gzip"}
    storage = S3Storage(object_parameters={"ContentEncoding": "identity"})
    assert storage._get_write_parameters("x.gz")["ContentEncoding"] == "gzip"


def test_acl_t5():
    assert "ACL" not in S3Storage()._get_write_parameters("x")
    assert S3Storage(default_acl="private")._get_write_parameters("x")["ACL"] == "private"
    both = S3Storage(default_acl="public-read", object_parameters={"ACL": "private"})
    assert both._get_write_parameters("x")["ACL"] == "private"


def test_object_parameters_arrive(storage):
    storage.object_parameters = {
        "CacheControl": "max-age=86400",
        "ContentDisposition": "attachment",
        "ContentLanguage": "de",
        "Expires": datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
        "Metadata": {"Owner": "me"},
    }
    storage.save("a.txt", ContentFile(b"x"))
    with storage.open("b.txt", "w") as file:
        file.write("x")
    for name in ("a.txt", "b.txt"):
        meta = storage._store.stat(name, None, None, "")
        assert (meta.cache_control, meta.content_disposition, meta.content_language) == (
            "max-age=86400",
            "attachment",
            "de",
        )
        assert (meta.expires, meta.user) == ("Wed, 02 Jan 2030 03:04:05 GMT", {"owner": "me"})
        assert meta.content_type == "text/plain"


def test_unknown_object_parameters_are_named(storage):
    storage.object_parameters = {"Nonsense": "x"}
    with orlop.requests(max=0), pytest.raises(ValueError, match="'Nonsense', must be one of: ACL, CacheControl"):
        storage.save("x", ContentFile(b""))


def test_object_parameters_are_not_changed(storage):
    storage.object_parameters = {"CacheControl": "no-cache"}
    storage.save("x.gz", ContentFile(b""))
    assert storage.object_parameters == {"CacheControl": "no-cache"}


# -- gzip --------------------------------------------------------------------------------------------------------------


def test_gzip_t21_t22(storage):
    storage.gzip = True
    for content in (ContentFile("body{}"), NonSeekable(b"body{}"), on_disk(b"body{}"), b"body{}"):
        storage.save("a.css", content)
        assert described(storage, "a.css") == ("text/css", "gzip")
        assert content_of(storage, "a.css") == b"body{}"
        assert storage.open("a.css", "r").read() == b"body{}"  # bytes, as ever
        storage.gzip = False
        stored = content_of(storage, "a.css")
        storage.gzip = True
        assert stored[:10].hex() == "1f8b0800000000000203"
        assert gzip.decompress(stored) == b"body{}"
        assert storage.size("a.css") == storage.open("a.css").size == len(stored)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("a.css.gz", {}),
        ("a.txt", {}),
        ("a.css", {"ContentEncoding": "identity"}),
        ("a.css", {"ContentType": "text/css; charset=utf-8"}),
    ],
)
def test_what_is_not_compressed(storage, name, parameters):
    storage.gzip, storage.object_parameters = True, parameters
    storage.save(name, ContentFile(b"body{}"))
    storage.gzip = False
    assert content_of(storage, name) == b"body{}"


def test_large_gzip(place):
    config = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART)
    storage = place.storage(gzip=True, transfer_config=config)
    data = os.urandom(PART + 1000)
    storage.save("a.css", NonSeekable(data))
    assert content_of(storage, "a.css") == data


def test_what_open_writes_is_not_compressed(storage):
    storage.gzip = True
    with storage.open("a.css", "wb") as file:
        file.write(b"body{}")
    assert described(storage, "a.css") == ("text/css", "")
