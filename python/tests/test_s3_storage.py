"""Looking, deleting and listing on S3 servers: reference section 2.2.6, traps T4, T6, T7, T53, T58, T59, T67."""

from __future__ import annotations

import urllib.request
from datetime import datetime, timedelta, timezone

import orlop
import pytest
from django.core.exceptions import SuspiciousOperation
from django.core.files.base import ContentFile
from django.test import override_settings
from helpers.contents import content_of
from storages.backends.s3 import S3Storage

# -- Looking, deleting, listing ----------------------------------------------------------------------------------------


def test_exists_t4(storage):
    storage.save("d/a.txt", ContentFile(b""))
    with orlop.requests(max=3) as ledger:
        assert storage.exists("d/a.txt")
        assert not storage.exists("d")
        assert not storage.exists("nope")
    assert ledger.operations == {"HeadObject": 3}


@pytest.mark.parametrize("location", ["", "loc"])
def test_exists_of_nothing_t7(place, location):
    storage = place.storage(location=location)
    assert storage.exists("")
    assert storage.exists(".")
    assert not place.storage(location=location, bucket_name="orlop-never-made").exists("")


def test_exists_raises_what_is_no_absence_t6_t67(place):
    with pytest.raises(PermissionError) as caught:
        place.storage(secret_key="x" * 40).exists("a")
    assert caught.value.status == 403
    assert "AWS_S3_SECRET_ACCESS_KEY" in str(caught.value)


def test_delete(storage):
    storage.save("a", ContentFile(b""))
    assert storage.delete("a") is None
    assert not storage.exists("a")
    assert storage.delete("a") is None
    storage.save("d/a", ContentFile(b""))
    storage.delete("d")
    assert storage.exists("d/a")
    with orlop.requests(max=0), pytest.raises(ValueError):
        storage.delete("")


def test_size(storage):
    storage.save("a", ContentFile(b"12345"))
    assert storage.size("a") == 5
    with pytest.raises(FileNotFoundError, match="File does not exist: nope"):
        storage.size("nope")


def test_modified_time_t53(storage):
    storage.save("a", ContentFile(b""))
    aware = storage.get_modified_time("a")
    assert aware.utcoffset() == timedelta(0)
    assert abs(datetime.now(timezone.utc) - aware) < timedelta(minutes=2)
    with override_settings(USE_TZ=False, TIME_ZONE="America/Chicago"):
        naive = storage.get_modified_time("a")
        assert naive.tzinfo is None
        assert timedelta(hours=5) <= aware.replace(tzinfo=None) - naive <= timedelta(hours=6)
    with pytest.raises(FileNotFoundError):
        storage.get_modified_time("nope")
    for call in (storage.get_created_time, storage.get_accessed_time):
        with pytest.raises(NotImplementedError):
            call("a")


@pytest.mark.parametrize("location", ["", "loc"])
def test_listdir(place, location):
    storage = place.storage(location=location)
    for name in ("a.txt", "b \u20ac+&.txt", "d/e.txt", "d/f/g.txt", "\u00fc/h.txt"):
        storage.save(name, ContentFile(b""))
    for root in ("", "."):
        directories, files = storage.listdir(root)
        assert (sorted(directories), sorted(files)) == (["d", "\u00fc"], ["a.txt", "b \u20ac+&.txt"])
    assert storage.listdir("d") == storage.listdir("d/") == (["f"], ["e.txt"])
    assert storage.listdir("nope") == ([], [])


def test_listdir_slash_is_the_root_without_a_location(place):
    place.storage().save("a.txt", ContentFile(b""))
    assert place.storage().listdir("/") == ([], ["a.txt"])
    with pytest.raises(SuspiciousOperation):
        place.storage(location="loc").listdir("/")


def test_listdir_hides_the_marker(place):
    storage = place.storage()
    # Made by a program that does not know that S3Proxy would lose some keys like it.
    place.storage(dialect="generic")._store.put("d/", b"", None, False, None)
    storage.save("d/a", ContentFile(b""))
    assert storage.listdir("d") == ([], ["a"])


def test_listdir_of_many(own_place):
    handle = own_place.handle()
    for number in range(1005):
        handle.save(f"d/{number:04}", b"")
    with orlop.requests() as ledger:
        assert len(own_place.storage().listdir("d")[1]) == 1005
    assert ledger.count == 2


def test_locations_do_not_touch_t59(place):
    place.storage(location="locx").save("a", ContentFile(b""))
    assert place.storage(location="loc").listdir("") == ([], [])


ODD_NAMES = [
    "a b.txt",
    "a+b&c=d?e#f.txt",
    "100%.txt",
    "\u00fc/\u65e5\u672c.txt",
    "'q'(1)!*~.txt",
    "a:b;c,d.txt",
    "..a",
    "2023-01-02T03:04:05.678",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_t58(place, name):
    storage = place.storage(location="l\u00f6c")
    assert storage.save(name, ContentFile(b"x")) == name
    assert storage.exists(name)
    assert content_of(storage, name) == b"x"
    if not place.ca:
        assert urllib.request.urlopen(storage.url(name)).read() == b"x"
    storage.delete(name)
    assert not storage.exists(name)


# -- URLs that work ----------------------------------------------------------------------------------------------------


def test_signed_urls_work(place):
    if place.ca:
        pytest.skip("the same over HTTP")
    storage = place.storage()
    storage.save("a.txt", ContentFile(b"x"))
    url = storage.url("a.txt", parameters={"ResponseContentType": "text/x-other"})
    with urllib.request.urlopen(url) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"x", "text/x-other")
    put = urllib.request.Request(storage.url("b.txt", http_method="PUT"), data=b"put", method="PUT")
    put.add_header("Content-Type", "")
    urllib.request.urlopen(put)
    assert content_of(storage, "b.txt") == b"put"


# -- Requests: appendix B ----------------------------------------------------------------------------------------------


def test_requests_per_operation(place):
    storage = place.storage()

    def cost(operation):
        with orlop.requests() as ledger:
            operation()
        return ledger.operations

    assert cost(lambda: storage.save("a", ContentFile(b"x" * 4096))) == {"PutObject": 1}
    assert cost(lambda: content_of(storage, "a")) == {"GetObject": 1}
    assert cost(lambda: storage.exists("a")) == {"HeadObject": 1}
    assert cost(lambda: storage.size("a")) == {"HeadObject": 1}
    assert cost(lambda: storage.get_modified_time("a")) == {"HeadObject": 1}
    assert sum(cost(lambda: storage.listdir("")).values()) == 1
    assert cost(lambda: storage.url("a")) == {}
    assert cost(lambda: storage.delete("a")) == {"DeleteObject": 1}

    def write():
        with storage.open("w", "w") as file:
            file.write("small")

    assert cost(write) == {"PutObject": 1}


# -- Bad places --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call", [lambda s: s.save("x", ContentFile(b"")), lambda s: s.open("x"), lambda s: s.listdir("")]
)
def test_a_missing_bucket_names_the_setting(place, call):
    with pytest.raises(FileNotFoundError, match="AWS_STORAGE_BUCKET_NAME") as caught:
        call(place.storage(bucket_name="orlop-never-made"))
    assert "\n" not in str(caught.value)


def test_a_wrong_key_names_the_setting_and_shows_no_secret(place):
    storage = place.storage(access_key="AKIDWRONG", secret_key="hushhushhushhushhush")
    with pytest.raises(PermissionError, match="AWS_S3_ACCESS_KEY_ID") as caught:
        storage.save("x", ContentFile(b""))
    assert "hush" not in str(caught.value)


def test_nobody_there_names_the_setting(closed_port):
    storage = S3Storage(bucket_name="b", access_key="a", secret_key="s", endpoint_url=f"http://127.0.0.1:{closed_port}")
    with pytest.raises(ConnectionError, match="AWS_S3_ENDPOINT_URL"):
        storage.exists("x")


def test_an_untrusted_certificate_names_the_setting(place):
    if not place.ca:
        pytest.skip("the same as over TLS")
    with pytest.raises(orlop.ConfigInvalid, match="AWS_S3_VERIFY"):
        place.storage(verify=None).exists("x")
    assert place.storage(verify=False).exists("x") is False
