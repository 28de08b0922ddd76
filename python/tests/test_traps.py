"""Traps of the reference (section 7) that no other test has in its name."""

from __future__ import annotations

import copy
import inspect
import io

import pytest
from django.core.files.base import ContentFile
from parity.harness import Pipe
from storages.backends import s3, s3boto3
from storages.backends.s3 import S3Storage

TEXT = "héllo wörld ☃\n" * 1000


def test_the_path_is_the_modern_class_t1(place):
    assert s3.S3Storage is s3boto3.S3Boto3Storage
    storage = place.storage()
    assert (storage.default_acl, storage.querystring_auth, storage.querystring_expire) == (None, True, 3600)
    assert storage.file_overwrite is True and S3Storage().url_protocol == "https:"
    assert "Signature=" in storage.url("a") and "calling_format" not in storage.get_default_settings()


@pytest.mark.parametrize("content", [lambda: ContentFile(TEXT), lambda: io.StringIO(TEXT)], ids=["file", "StringIO"])
@pytest.mark.parametrize("gzip", [False, True])
def test_text_is_stored_whole_t2(place, content, gzip):
    storage = place.storage(gzip=gzip, object_parameters={"ContentType": "text/css"})
    storage.save("a.css", content())
    assert storage.open("a.css").read() == TEXT.encode()
    assert gzip or storage.size("a.css") == len(TEXT.encode())


@pytest.mark.parametrize("gzip", [False, True])
@pytest.mark.parametrize("size", [0, 5, 9 << 20])
def test_what_cannot_be_rewound_is_not_t24(own_place, gzip, size):
    data = b"body{}" * (size // 6)
    storage = own_place.storage(gzip=gzip)
    storage.save("a.css", Pipe(data))
    assert storage.open("a.css").read() == data


def test_services_without_the_second_listing_t52(own_place, own_server):
    names = [f"é {number:04}.txt" for number in range(1100)]
    own_place.handle().put_many([(name, b"x") for name in (*names, "d/b.txt", "z&/c.txt")])
    own_server.take_log()
    assert own_place.storage(dialect="generic").listdir("") == (["d", "z&"], names)
    assert [request.operation for request in own_server.take_log()] == ["ListObjects", "ListObjects"]
    assert own_place.storage(dialect="generic").listdir("d") == ([], ["b.txt"])


def test_what_the_caller_gave_is_not_changed_t65(own_place):
    given = {
        "object_parameters": {"Metadata": {"A": "b"}, "SSECustomerAlgorithm": None},
        "proxies": {"ftp": "proxy"},
        "gzip_content_types": ["text/css"],
    }
    before = copy.deepcopy(given)
    storage = own_place.storage(**given)
    storage.save("a.css", ContentFile(b"x"))
    storage.open("b", "w").close()
    parameters = {"ResponseContentType": "a/b", "SSECustomerKey": "k" * 32}
    storage.url("a.css", parameters)
    assert given == before and parameters == {"ResponseContentType": "a/b", "SSECustomerKey": "k" * 32}
    assert storage.object_parameters is given["object_parameters"]


# -- Names that something else than an object takes --------------------------------------------------------------------


class Reserving(S3Storage):
    """A site's rule of its own: names that are taken though nothing is stored under them."""

    def exists(self, name):
        return name == "reserved.txt" or super().exists(name)


def test_an_own_exists_is_asked_when_nothing_may_be_overwritten(own_place):
    storage = own_place.storage(Reserving, file_overwrite=False)
    saved = storage.save("reserved.txt", ContentFile(b"x"))
    assert saved.startswith("reserved_") and storage.listdir("")[1] == [saved]
    assert storage.save("free.txt", ContentFile(b"x")) == "free.txt"
    assert storage.save("free.txt", ContentFile(b"x")) != "free.txt"


@pytest.mark.skipif(not hasattr(S3Storage, "is_name_available"), reason="of Django 5.1")
def test_an_own_is_name_available_is_asked_when_nothing_may_be_overwritten(own_place):
    class Picky(S3Storage):
        def is_name_available(self, name, max_length=None):
            return name != "taken.txt" and super().is_name_available(name, max_length)

    assert own_place.storage(Picky, file_overwrite=False).save("taken.txt", ContentFile(b"x")) != "taken.txt"


def test_a_dict_is_no_content(own_place):
    with pytest.raises(TypeError, match="cannot be stored: dict"):
        own_place.storage().save("a", {"a": 1})
    assert own_place.storage().listdir("") == ([], [])


def test_the_signatures_are_those_people_override():
    names = {
        "url": ["self", "name", "parameters", "expire", "http_method"],
        "get_available_name": ["self", "name", "max_length"],
        "_save": ["self", "name", "content"],
        "_open": ["self", "name", "mode"],
        "_get_write_parameters": ["self", "name", "content"],
        "get_object_parameters": ["self", "name"],
        "listdir": ["self", "name"],
    }
    for name, expected in names.items():
        parameters = inspect.signature(getattr(S3Storage, name)).parameters.values()
        # What can only be said by name is nothing an override has to take.
        assert [each.name for each in parameters if each.kind != each.KEYWORD_ONLY] == expected
