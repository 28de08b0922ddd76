"""One call that signs, on a bucket, in memory and on disk; and the view that answers for the latter."""

from __future__ import annotations

import contextlib
import datetime
import io
import subprocess
import time
from unittest import mock

import orlop
import pytest
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.http import HttpResponse
from django.test import Client, override_settings
from helpers.direct import ALIASES, crc32, get, send, site
from orlop.pytest_plugin import s3_server
from storages.backends.local import LocalStorage
from storages.backends.memory import MemoryStorage
from storages.backends.s3 import S3Storage
from storages.orders import common_type
from storages.signing import window

__all__ = ["s3_server"]

BODY = b"0123456789" * 10
SERVED = ("memory", "local")


@pytest.fixture
def places(s3_server, tmp_path):
    s3_server.create_bucket("media")
    with site(s3_server, tmp_path):
        yield s3_server


@pytest.fixture(params=ALIASES)
def storage(request, places):
    return storages[request.param]


@pytest.fixture(params=SERVED)
def served(request, places):
    return storages[request.param]


def save(storage, name="dir/a b.txt", content=BODY):
    return storage.save(name, ContentFile(content))


# -- The same everywhere -----------------------------------------------------------------------------------------------


def test_a_file_is_read_by_its_address(storage):
    name = save(storage)
    status, body, headers = get(storage.url(name))
    assert (status, body, headers["Content-Type"]) == (200, BODY, "text/plain")
    assert get(storage.sign(name).url)[1] == BODY
    assert storage.sign(name, expires=60).expires_at > datetime.datetime.now(datetime.timezone.utc)


def test_answers_say_what_was_signed(storage):
    name = save(storage)
    wanted = {
        "Content-Disposition": 'attachment; filename="é.txt"',
        "Content-Type": "text/csv",
        "Cache-Control": "no-store",
    }
    headers = get(storage.sign(name, response_headers=wanted).url)[2]
    assert headers["Content-Type"] == "text/csv" and headers["Cache-Control"] == "no-store"
    assert headers["Content-Disposition"].startswith(("attachment", "=?utf-8"))
    by_parameters = storage.url(name, parameters={"ResponseContentType": "text/csv"})
    assert get(by_parameters)[2]["Content-Type"] == "text/csv"


def test_ranges(storage):
    url = storage.url(save(storage))
    status, body, headers = get(url, Range="bytes=10-14")
    assert (status, body, headers["Content-Range"]) == (206, b"01234", "bytes 10-14/100")
    assert get(url, Range="bytes=-3")[:2] == (206, b"789")
    assert get(url, Range="bytes=95-500")[:2] == (206, b"56789")
    assert get(url, Range="bytes=100-")[0] == 416


def test_an_altered_address_opens_nothing(storage):
    name = save(storage)
    save(storage, "other.txt")
    url = storage.url(name)
    assert get(url.replace("a%20b.txt", "other.txt").replace("dir/", ""))[0] == 403
    assert get(url + "&response-content-type=text/html")[0] == 403
    assert get(url[:-4] + "AAAA")[0] == 403
    assert get(url.partition("?")[0])[0] == 403
    assert send({"method": "DELETE", "url": url}, None)[0] == 403
    assert storage.exists(name)


@contextlib.contextmanager
def a_minute_ago():
    now = time.time
    with mock.patch.object(time, "time", lambda: now() - 60):
        yield


def test_an_address_ends(storage):
    name = save(storage)
    with a_minute_ago():
        ended, open_yet = storage.sign(name, expires=30).url, storage.sign(name, expires=90).url
    assert (get(ended)[0], get(open_yet)[0]) == (403, 200)


def test_put_is_bound_to_what_was_promised(storage):
    order = {"method": "PUT", "content_type": "text/plain", "size": len(BODY), "checksum": crc32(BODY)}
    signed = storage.sign("put.txt", **order)
    assert send(signed, BODY, {"content-type": "text/html"})[0] == 403
    assert send(signed, BODY + b"more")[0] == 403
    assert send(signed, b"x" * len(BODY))[0] == 400
    assert not storage.exists("put.txt")
    assert send(signed, BODY)[0] == 200
    assert storage.open("put.txt").read() == BODY
    other = {**signed.as_dict(), "url": signed.url.replace("put.txt", "other.txt")}
    assert send(other, BODY)[0] == 403


def test_put_onto_a_free_name(storage):
    signed = storage.sign("new.txt", method="PUT", exclusive=True)
    assert send(signed, BODY)[0] == 200
    assert send(signed, b"again")[0] == 412
    assert storage.open("new.txt").read() == BODY


def test_a_form_is_bound_to_its_policy(storage):
    signed = storage.sign("form.txt", method="POST", max_size=200, min_size=10, content_types=["text/*"])
    fields = dict(signed.fields)
    assert send(signed, BODY, fields={**fields, "Content-Type": "image/png"})[0] == 403
    assert send(signed, BODY, fields={**fields, "Content-Type": "text/csv", "key": "other.txt"})[0] == 403
    assert send(signed, BODY, fields={**fields, "Content-Type": "text/csv", "x-amz-meta-more": "1"})[0] == 403
    assert send(signed, BODY, fields={**fields, "Content-Type": "text/csv", "policy": fields["policy"][:-3]})[0] == 403
    assert send(signed, b"x" * 201, fields={**fields, "Content-Type": "text/csv"})[0] == 400
    assert send(signed, b"x", fields={**fields, "Content-Type": "text/csv"})[0] == 400
    assert not storage.exists("form.txt")
    assert send(signed, BODY, fields={**fields, "Content-Type": "text/csv"})[0] == 204
    assert get(storage.url("form.txt"))[2]["Content-Type"] == "text/csv"


def test_a_form_that_ends(storage):
    with a_minute_ago():
        signed = storage.sign("form.txt", method="POST", max_size=200, expires=30, content_type="text/plain")
    assert send(signed, BODY)[0] == 403
    assert not storage.exists("form.txt")


def test_head_and_delete(storage):
    name = save(storage)
    assert send(storage.sign(name, method="HEAD"), None)[0] == 200
    assert send(storage.sign(name, method="DELETE"), None)[0] == 204
    assert not storage.exists(name)


def test_addresses_that_stay_the_same(storage, monkeypatch):
    moment = [1_709_620_200]  # a multiple of 600
    monkeypatch.setattr(time, "time", lambda: moment[0])
    first = storage.sign("a.txt", stable_for=600)
    moment[0] += 599
    assert storage.sign("a.txt", stable_for=600).url == storage.url("a.txt", stable_for=600) == first.url
    assert storage.urls(["a.txt"], stable_for=600) == [first.url]
    assert first.expires_at.timestamp() >= moment[0] + storage.querystring_expire
    moment[0] += 1
    assert storage.sign("a.txt", stable_for=600).url != first.url


def test_many_at_once_are_one_by_one(storage, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_709_620_200)
    names = ["a.txt", "dir/./b c+é.txt", "x\\y.txt", "'quote'", "a" * 200]
    assert storage.urls(names) == [storage.url(name) for name in names]
    parameters = {"ResponseContentType": "text/csv"}
    assert storage.urls(names, parameters, 60) == [storage.url(name, parameters, 60) for name in names]
    assert storage.urls(iter(())) == []


@pytest.mark.parametrize("kind", [S3Storage, MemoryStorage])
def test_many_at_once_refuse_what_one_refuses(kind):
    storage = kind(bucket_name="media", location="inside", access_key="a", secret_key="b")
    with pytest.raises(SuspiciousOperation):
        storage.urls(["fine", "../../escape"])
    with pytest.raises(TypeError):
        storage.urls(["fine", 5])


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"method": "PATCH"}, "method: expected GET"),
        ({"max_size": 5}, "limits of types and sizes"),
        ({"method": "PUT", "max_size": 5}, "one size"),
        ({"method": "PUT", "content_types": ["a/b"]}, "one type"),
        ({"method": "POST", "response_headers": {"Content-Type": "a/b"}}, "answered by the store"),
        ({"response_headers": {"X-Evil": "1"}}, "no answer can be told to say 'X-Evil'"),
        ({"response_headers": {"Content-Type": "a/b\r\nSet-Cookie: x=1"}}, "control characters"),
        ({"stable_for": -5}, "stable_for: expected"),
        ({"stable_for": 604_800}, "seven days"),
        ({"expires": 10**9}, "between 0 and 604800 seconds"),
        ({"expires": 10**30}, "expires: expected a number of seconds"),
        ({"expires": -1}, "cannot expire before it is made"),
        ({"method": "POST", "expires": 10**9}, "between 0 and 604800 seconds"),
        ({"method": "PUT", "expires": -1}, "cannot expire before it is made"),
        ({"name": ""}, "the name is empty"),
        ({"name": "", "method": "POST"}, "the name is empty"),
        ({"min_size": 5}, "limits of types and sizes"),
        ({"method": "PUT", "min_size": 5}, "one size"),
        ({"method": "PUT", "size": -1}, "size: expected a number of bytes, not -1"),
        ({"method": "POST", "size": "3"}, "size: expected a number of bytes, not '3'"),
        ({"method": "POST", "size": 5, "max_size": 3}, "leave out min_size and max_size"),
        ({"method": "POST", "max_size": -1}, "max_size: expected a number of bytes, not -1"),
        ({"method": "POST", "max_size": "3"}, "max_size: expected a number of bytes, not '3'"),
        ({"method": "POST", "max_size": 10**30}, "max_size: expected a number of bytes"),
        ({"method": "POST", "min_size": 5, "max_size": 3}, "min_size=5 is more than max_size=3"),
        ({"method": "POST", "content_types": ["image/*", "text/*"]}, r"image/\*, text/\* are no one group"),
        ({"method": "POST", "content_types": ["image/png", "image/jpeg"]}, "are no one group"),
        ({"method": "PUT", "content_type": 5}, "content_type: no text"),
        ({"method": "PUT", "checksum": "zz"}, "checksum: expected the CRC-32"),
        ({"method": "POST", "checksum": b"zz"}, "checksum: expected the CRC-32"),
        ({"method": "PUT", "headers": {"a b": "c"}}, "'a b' is no name of a header"),
        ({"method": "POST", "headers": {"a": 5}}, "headers: a: expected a text, not int"),
        ({"method": "POST", "headers": {"a": "b\r\nc: d"}}, "control characters"),
    ],
)
def test_what_cannot_be_signed(storage, given, why):
    with pytest.raises(ValueError, match=why):
        storage.sign(**{"name": "a.txt", **given})


@pytest.mark.parametrize(
    "given", [("x", None, 30 * 86400), ("x", None, -1), ("", None, 60), ("x", None, 60, "POST"), ("../x", None, -1)]
)
def test_addresses_of_a_laptop_are_refused_as_in_production(places, given):
    told = set()
    for alias in ALIASES:
        with pytest.raises((ValueError, SuspiciousOperation)) as caught:
            storages[alias].url(*given)
        told.add((type(caught.value), str(caught.value).partition(" (presign")[0]))
        if len(given) == 3:
            with pytest.raises(type(caught.value)):
                storages[alias].urls([given[0]], expire=given[2])
    assert len(told) == 1


def test_addresses_at_a_domain_of_ones_own(served, monkeypatch):
    monkeypatch.setattr(served, "custom_domain", "cdn.example.com")
    assert served.url("a.txt", expire=60) == served.sign("a.txt").url == "https://cdn.example.com/a.txt"
    assert served.urls(["a.txt"]) == ["https://cdn.example.com/a.txt"]


def test_the_repr_of_what_was_signed_hides_it(storage):
    signed = storage.sign("a.txt", method="POST", max_size=1)
    assert "ignature" not in repr(signed) and str(signed) == signed.url


def test_a_window():
    assert window(60, None, 1000.9) == (1000, 60)
    assert window(60, 300, 1000) == (900, 360)


def test_what_types_have_in_common():
    assert common_type(["image/png"]) == ("image/png", None)
    assert common_type(["image/*"]) == (None, "image/")
    assert common_type(["image/png", "image/*"]) == (None, "image/")
    assert common_type(["image/png", "*/*"]) == (None, "")
    with pytest.raises(TypeError, match="expected a list"):
        common_type("image/*")
    assert common_type(None) == (None, "")


# -- Overrides ---------------------------------------------------------------------------------------------------------


def test_a_subclass_with_addresses_of_its_own_is_asked():
    class Mirrored(S3Storage):
        def url(self, name, parameters=None, expire=None, http_method=None):
            return f"https://mirror/{name}?{expire}"

    storage = Mirrored(bucket_name="media", access_key="a", secret_key="b")
    assert storage.urls(["a", "b"], expire=5) == ["https://mirror/a?5", "https://mirror/b?5"]


def test_no_request_is_made_to_sign():
    storage = S3Storage(bucket_name="media", access_key="a", secret_key="b", region_name="us-east-1", location="x")
    with orlop.requests(max=0):
        assert storage.urls(["a"])[0].startswith("https://media.s3.amazonaws.com/x/a?X-Amz-Algorithm")
        storage.sign("a", method="POST", max_size=5)


def test_public_storages_sign_nothing():
    storage = S3Storage(bucket_name="media", querystring_auth=False, region_name="us-east-1")
    assert storage.urls(["a"]) == [storage.url("a")] == [storage.sign("a").url]


# -- CloudFront --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pem():
    return subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, text=True, check=True).stdout


def test_cloudfront_behind_the_same_call(pem, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_709_620_201)
    keys = {"custom_domain": "cdn.example.com", "cloudfront_key_id": "ID", "cloudfront_key": pem}
    storage = S3Storage(bucket_name="media", access_key="a", secret_key="b", **keys)
    signed = storage.sign("a.txt", expires=60, response_headers={"Content-Type": "text/csv"})
    assert signed.url.startswith("https://cdn.example.com/a.txt?response-content-type=text%2Fcsv&Expires=1709620261&")
    assert "Expires=1709620860&" in storage.url("a.txt", expire=60, stable_for=600)
    assert storage.sign("a.txt", expires=60, stable_for=600).url == storage.url("a.txt", expire=60, stable_for=600)
    assert storage.urls(["a.txt"], expire=60) == [storage.url("a.txt", expire=60)]
    opened = storage.sign("private/*", cookies=True)
    assert set(opened.cookies) == {"CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"}
    response = opened.set_cookies(HttpResponse(), domain=".example.com")
    assert response.cookies["CloudFront-Policy"]["domain"] == ".example.com"
    # What is written goes to the bucket.
    assert storage.sign("a.txt", method="PUT").url.startswith("https://media.s3.")


def test_cookies_without_cloudfront_are_refused():
    storage = S3Storage(bucket_name="media", access_key="a", secret_key="b")
    with pytest.raises(orlop.Unsupported, match="AWS_S3_CUSTOM_DOMAIN"):
        storage.sign("private/*", cookies=True)


# -- The view ----------------------------------------------------------------------------------------------------------


def test_cookies_open_what_they_match(served):
    save(served, "private/a.txt")
    save(served, "private/[x].txt")
    save(served, "other.txt")
    address = served.url("private/a.txt").partition("?")[0]
    client = Client()
    assert client.get(address).status_code == 403
    response = served.sign("private/*", cookies=True).set_cookies(HttpResponse(), secure=False)
    client.cookies.update(response.cookies)
    assert b"".join(client.get(address).streaming_content) == BODY
    assert client.get(address.replace("a.txt", "[x].txt")).status_code == 200
    assert client.get(address.replace("private/a.txt", "other.txt")).status_code == 403
    assert client.put(address, b"evil").status_code == 403
    name, grant = next(iter(served.sign("private/*", cookies=True, expires=0).cookies.items()))
    client.cookies[name] = grant
    assert client.get(address).status_code == 403


def test_keys_that_lead_out_are_refused(served, tmp_path):
    (tmp_path.parent / "secret.txt").write_text("secret")
    address = served.url("x").partition("?")[0].removesuffix("x")
    for key in ("../secret.txt", "%2e%2e/secret.txt", "a/../../secret.txt", "/etc/passwd", "a%00b", ".orlop-new-1"):
        assert Client().get(address + key).status_code in (400, 403, 404)
        signed = served._sign(_order(key))
        assert get(signed.url)[0] in (400, 403, 404)
        assert send({**signed.as_dict(), "method": "PUT"}, b"x")[0] in (400, 403, 404)
    assert (tmp_path.parent / "secret.txt").read_text() == "secret"


def _order(key):
    from storages.orders import SigningOrder

    return SigningOrder("GET", key, 60, int(time.time()))


def test_documents_run_no_scripts_of_the_sites(served):
    for name, kind in (("a.html", "text/html"), ("a.svg", "image/svg+xml"), ("a.xml", "text/xml")):
        headers = get(served.url(save(served, name)))[2]
        assert headers["Content-Type"].startswith(kind) or kind == "text/xml"
        assert (
            headers["Content-Security-Policy"].startswith("sandbox") and headers["X-Content-Type-Options"] == "nosniff"
        )


def test_conditions(served):
    url = served.url(save(served))
    headers = get(url)[2]
    assert get(url, If_None_Match=headers["Etag"])[0] == 304
    assert get(url, If_Modified_Since=headers["Last-Modified"])[0] == 304
    assert get(url, Range="bytes=0-4", If_Range='"other"')[0] == 200
    assert get(url, Range="bytes=0-4", If_Range=headers["Etag"])[0] == 206


def test_what_is_public_needs_no_signature(places):
    public = storages["public"]
    save(public, "style.css", b"a{}")
    url = public.url("style.css")
    assert "?" not in url and get(url)[:2] == (200, b"a{}")
    assert Client().put(url, b"evil").status_code == 403
    assert Client().delete(url).status_code == 403
    assert public.urls(["style.css"]) == [url] == [public.sign("style.css").url]


def test_only_storages_on_this_machine_are_served(places):
    address = storages["memory"].url("a.txt")
    assert Client().get(address.replace("/memory/", "/s3/")).status_code == 404
    assert Client().get(address.replace("/memory/", "/nowhere/")).status_code == 404
    assert Client().patch(address).status_code == 405


def test_an_earlier_key_still_opens(served):
    name = save(served)
    with override_settings(SECRET_KEY="old"):
        url = served.url(name)
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"]):
        assert get(url)[0] == 200
    with override_settings(SECRET_KEY="new"):
        assert get(url)[0] == 403


def test_an_upload_that_broke_off_leaves_nothing(served):
    signed = served.sign("half.bin", method="PUT")
    answer = Client().generic("PUT", signed.url, BODY, CONTENT_LENGTH="200", **{"wsgi.input": io.BytesIO(BODY)})
    assert answer.status_code == 400 and not served.exists("half.bin")


def test_without_the_view():
    memory = MemoryStorage(bucket_name="media")
    assert memory.url("a").startswith("https://media.s3.amazonaws.com/a?X-Amz-Algorithm")
    assert memory.sign("a", method="POST", max_size=1).fields
    assert memory.urls(["a"])[0].startswith("https://media.s3.amazonaws.com/a?")


def test_the_disk_says_what_is_missing(tmp_path):
    with override_settings(STORAGES={"default": {"BACKEND": "storages.backends.local.LocalStorage"}}):
        with pytest.raises(ImproperlyConfigured, match="STORAGES_LOCAL_ROOT, the option root, or MEDIA_ROOT"):
            LocalStorage().exists("a")
        with (
            pytest.raises(ImproperlyConfigured, match=r'include\("storages.urls"\)'),
            override_settings(MEDIA_ROOT=str(tmp_path)),
        ):
            LocalStorage().url("a")
        with (
            override_settings(MEDIA_ROOT=str(tmp_path / "other")),
            pytest.raises(ImproperlyConfigured, match="list it in STORAGES"),
        ):
            LocalStorage(root=str(tmp_path)).url("a")


def test_another_storage_that_cannot_be_made_is_in_nobodys_way(places, tmp_path):
    broken = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"no_such_option": 1}}
    listed = {"default": broken, "local": {"BACKEND": "storages.backends.local.LocalStorage"}}
    with override_settings(STORAGES=listed, MEDIA_ROOT=str(tmp_path)):
        assert storages["local"].url("a").startswith("/storage/files/local/a?")


def test_a_storage_of_the_same_place_is_the_one_listed(places, tmp_path):
    assert LocalStorage(root=str(tmp_path)).url("a").startswith("/storage/files/local/a?")


# -- The disk ----------------------------------------------------------------------------------------------------------


def test_the_disk_keeps_s3s_rules(tmp_path):
    storage = LocalStorage(root=str(tmp_path / "media #1%"), location="loc", file_overwrite=False)
    assert storage.listdir("") == ([], [])
    first, second = save(storage, "a/b.txt"), save(storage, "a/b.txt")
    assert first == "a/b.txt" and second.startswith("a/b_")
    assert (tmp_path / "media #1%" / "loc" / "a" / "b.txt").read_bytes() == BODY
    assert storage.size(first) == 100 and storage.exists(first)
    assert LocalStorage(root=str(tmp_path / "media #1%"), location="loc").open(first).read() == BODY
    storage.delete(first)
    assert storage.listdir("a") == ([], [second.rpartition("/")[2]])


def test_buckets_on_disk_are_directories(tmp_path):
    with override_settings(STORAGES_LOCAL_ROOT=str(tmp_path)):
        save(LocalStorage(bucket_name="media"), "a.txt")
    assert (tmp_path / "media" / "a.txt").read_bytes() == BODY
