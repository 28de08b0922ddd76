"""Direct uploads: what a ticket allows, what is refused of a browser, and what is left behind, on every storage."""

from __future__ import annotations

import base64
import time
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.files.storage import storages
from django.test import Client, override_settings
from helpers.direct import ALIASES, crc32, get, send, site
from helpers.uploads import BODY, TYPES, ask, begun, names_in, places, refuses, signed_parts, storage, upload
from orlop.pytest_plugin import s3_server
from storages.backends.memory import MemoryStorage
from storages.backends.s3 import S3Storage
from storages.uploads import Receipt, Ticket, verify

__all__ = ["places", "s3_server", "storage"]

MIB = 1 << 20


# -- The straight way --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["put", "post", "multipart"])
def test_each_form(storage, form):
    ticket = storage.upload_ticket("docs/a.txt", 2000, TYPES, form=form)
    receipt = upload(ticket)
    assert names_in(storage) == [Receipt.read(receipt).pending]
    assert storage.verify_upload(receipt) == "docs/a.txt"
    assert names_in(storage) == ["docs/a.txt"]
    assert storage.open("docs/a.txt").read() == BODY
    assert storage._store.stat("docs/a.txt", None, None, "").content_type == "text/plain"


def test_the_size_decides_on_the_form(storage):
    ticket = storage.upload_ticket("a.txt")
    threshold = storage.transfer_config.multipart_threshold
    assert ticket.begin(size=threshold, content_type="text/plain").form == "put"
    assert ticket.begin(size=threshold + 1, content_type="text/plain").form == "multipart"
    assert storage.upload_ticket("a.txt", form="post").begin(size=6 << 30, content_type="a/b").form == "multipart"
    assert storage.upload_ticket("a.txt", size=5, content_type="text/plain").request.method == "PUT"
    assert storage.upload_ticket("a.txt", form="multipart").begin(size=0, content_type="a/b").form == "put"


def test_parts_of_a_large_file(storage):
    body = bytes(range(256)) * (20 * MIB // 256) + b"the end"
    receipt = upload(storage.upload_ticket("large.bin"), body, checksum="")
    assert Receipt.read(receipt).checksum == crc32(body)
    assert storage.verify_upload(receipt) == "large.bin"
    assert storage.open("large.bin").read() == body


def test_looking_takes_one_request(places):
    receipt = upload(storages["s3"].upload_ticket("a.txt"))
    with places.expect(HeadObject=1, CopyObject=1, DeleteObject=1) as seen:
        storages["s3"].verify_upload(receipt)
    assert seen.requests[0].operation == "HeadObject"


def test_signing_takes_no_request(places):
    with places.expect(max=0):
        begun(storages["s3"].upload_ticket("a.txt", form="put"))
        begun(storages["s3"].upload_ticket("a.txt", form="post"))


def test_an_empty_file(storage):
    receipt = upload(storage.upload_ticket("empty.txt"), b"")
    assert storage.verify_upload(receipt) == "empty.txt" and storage.size("empty.txt") == 0


def test_names_follow_the_storage(s3_server, tmp_path):
    s3_server.create_bucket("media")
    cache.clear()
    with site(s3_server, tmp_path, file_overwrite=False, location="loc"):
        for alias in ALIASES:
            storage = storages[alias]
            first = storage.verify_upload(upload(storage.upload_ticket("a/b.txt")))
            second = storage.verify_upload(upload(storage.upload_ticket("a/b.txt")))
            assert first == "a/b.txt" and second.startswith("a/b_") and storage.open(second).read() == BODY
            assert sorted(names_in(storage)) == sorted([f"loc/{first}", f"loc/{second}"])


def test_a_directory_lets_the_browser_choose(storage):
    ticket = storage.upload_ticket("in/")
    assert storage.verify_upload(upload(ticket, name="a b.txt")) == "in/a_b.txt"
    for name, code in (("", "no_name"), ("..", "no_name"), ("x/..", "no_name")):
        status, answer = ask("begin", ticket=str(ticket), name=name, size=1, type="text/plain")
        assert (status, answer["code"]) == (400, code)
    answer = begun(ticket, name="../../evil\\..\\up.txt")
    assert answer["name"] == "in/up.txt"


def test_what_save_would_set_is_set(s3_server, tmp_path):
    s3_server.create_bucket("media")
    cache.clear()
    parameters = {"CacheControl": "max-age=60", "Metadata": {"origin": "browser"}, "ACL": "private"}
    with site(s3_server, tmp_path, object_parameters=parameters):
        for form in ("put", "post", "multipart"):
            storage = storages["s3"]
            name = storage.verify_upload(upload(storage.upload_ticket(f"{form}.txt", form=form)))
            meta = storage._store.stat(name, None, None, "")
            assert (meta.cache_control, meta.user, meta.content_type) == (
                "max-age=60",
                {"origin": "browser"},
                "text/plain",
            )


EVERYBODY = 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'


@pytest.mark.parametrize("form", ["put", "post", "multipart"])
@pytest.mark.parametrize("said", [{"default_acl": "public-read"}, {"object_parameters": {"GrantRead": EVERYBODY}}])
def test_nobody_reads_what_is_not_verified(s3_server, tmp_path, form, said):
    s3_server.create_bucket("media")
    cache.clear()
    with site(s3_server, tmp_path, **said):
        storage = storages["s3"]
        receipt = upload(storage.upload_ticket("a.txt", form=form))
        at = {name: storage._store.public_url(name) for name in ("a.txt", Receipt.read(receipt).pending)}
        assert get(at[Receipt.read(receipt).pending])[0] == 403
        storage.verify_upload(receipt)
        assert get(at["a.txt"])[:2] == (200, BODY)


# -- What is refused before a byte is sent -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "code", "sentence"),
    [
        ({"size": 2001}, "too_large", "at most 2.0"),
        ({"size": -1}, "no_size", "size"),
        ({"size": "12"}, "no_size", "size"),
        ({"size": True}, "no_size", "size"),
        ({"type": "text/html"}, "forbidden_type", "text/html are not allowed; allowed are text/plain, image/*"),
        ({"type": ""}, "forbidden_type", "unknown"),
        ({"type": "image/png\r\nX-Evil: 1"}, "forbidden_type", "header"),
        ({"type": 5}, "bad_question", "type is no text"),
        ({"type": "text/plain; \ud800"}, "forbidden_type", "header"),
        ({"name": "\ud800"}, "other_name", "another name"),
        ({"ticket": "\ud800"}, "altered", "not one of this site"),
        ({"checksum": "nonsense"}, "no_checksum", "CRC-32"),
        ({"name": "b.txt"}, "other_name", "another name"),
        ({"ticket": "nonsense"}, "altered", "not one of this site"),
        ({"ticket": None}, "no_token", "no upload ticket"),
    ],
)
def test_refused_before_a_byte_is_sent(storage, question, code, sentence):
    ticket = storage.upload_ticket("a.txt", 2000, TYPES)
    asked = {"ticket": str(ticket), "size": 5, "type": "text/plain", **question}
    status, answer = ask("begin", **asked)
    assert status in (400, 403) and answer["code"] == code and sentence in answer["error"].replace("\xa0", " ")
    assert names_in(storage) == []


@pytest.mark.parametrize("name", ["x" * 3000, ".uploads", "é" * 600])
def test_names_no_file_can_have(storage, name):
    status, answer = ask("begin", ticket=str(storage.upload_ticket("/")), name=name, size=1, type="text/plain")
    assert (status, answer["code"]) == (400, "no_name")


def test_a_size_no_file_can_have(storage):
    status, answer = ask("begin", ticket=str(storage.upload_ticket("a")), size=10**30, type="text/plain")
    assert (status, answer["code"]) == (400, "too_large")


def test_any_type(storage):
    for types in (["*/*"], ["image/*", "*"], None):
        assert storage.upload_ticket("a", content_types=types, size=1, content_type="x/y").request.method == "PUT"


def test_questions_that_are_none(places):
    client = Client()
    assert client.get("/storage/uploads/begin").status_code == 405
    for body in (b"", b"[]", b"{", b"\xff", b"[" * 60_000, b'{"x":"' + b"y" * (70 << 10) + b'"}'):
        answer = client.post("/storage/uploads/begin", body, content_type="application/json")
        assert answer.status_code == 400 and answer.json()["code"] in ("bad_question", "no_token")
    assert ask("parts", receipt="x", checksums={"a": "b"})[1]["code"] == "bad_question"
    assert ask("parts", receipt="x", checksums=[1])[1]["code"] == "bad_question"


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"form": "ftp"}, ValueError),
        ({"content_types": "text/plain"}, TypeError),
        ({"name": ""}, ValueError),
        ({"name": ".uploads/a"}, ValueError),
        ({"max_size": -1}, ValueError),
        ({"max_size": "5"}, ValueError),
        ({"name": "../x.txt"}, SuspiciousOperation),
        ({"name": "a/../../x/"}, SuspiciousOperation),
    ],
)
def test_tickets_that_cannot_be(places, given, kind):
    with pytest.raises(kind):
        storages["s3"].upload_ticket(**{"name": "a.txt", **given})


def test_a_storage_the_views_cannot_find(places):
    with pytest.raises(ImproperlyConfigured, match="place="):
        S3Storage(bucket_name="elsewhere").upload_ticket("a.txt")


# -- Altered, expired, of somebody else --------------------------------------------------------------------------------


def test_an_altered_ticket(storage):
    token = str(storage.upload_ticket("a.txt", 5))
    payload, _, rest = token.partition(":")
    wider = Ticket(**{**storage.upload_ticket("a.txt", 5).__dict__, "max_size": 1 << 40})
    with override_settings(SECRET_KEY="guessed"):
        forged = wider.token
    for bad in (forged, payload[:-1] + ":" + rest, token[:-1], "." + token):
        assert ask("begin", ticket=bad, size=10, type="a/b") == (
            403,
            {"code": "altered", "error": "This upload ticket is not one of this site, or was altered."},
        )


def test_a_ticket_is_no_receipt(storage):
    ticket = storage.upload_ticket("a.txt", 2000)
    receipt = upload(ticket)
    refuses("altered", lambda: storage.verify_upload(str(ticket)))
    assert ask("begin", ticket=receipt, size=1, type="a/b")[1]["code"] == "altered"


def test_an_expired_ticket(storage, monkeypatch):
    ticket = storage.upload_ticket("a.txt", expires=60)
    receipt = upload(ticket)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    status, answer = ask("begin", ticket=str(ticket), size=1, type="a/b")
    assert (status, answer["code"]) == (400, "expired") and "load the page again" in answer["error"]
    refuses("expired", lambda: storage.verify_upload(receipt))
    assert names_in(storage) == []


def test_an_expired_ticket_begins_nothing(storage):
    refuses("expired", lambda: storage.upload_ticket("a.txt", expires=0).begin(size=1, content_type="a/b"))


def test_an_expired_upload_in_parts(storage, monkeypatch):
    receipt = begun(storage.upload_ticket("a.txt", expires=60, form="multipart"), bytes(9 * MIB))["receipt"]
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    assert ask("complete", receipt=receipt)[1]["code"] == "expired"
    monkeypatch.undo()
    assert ask("resume", receipt=receipt)[1]["code"] == "gone"


def test_a_refusal_stays_one_where_nothing_can_be_removed(places, monkeypatch):
    """A storage that is misconfigured by now, and one that names files otherwise."""
    receipt = storages["memory"].upload_ticket("a", expires=60).begin(size=5, content_type="a/b").receipt
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    misconfigured = {"BACKEND": "storages.backends.memory.MemoryStorage", "OPTIONS": {"no": "option"}}
    with override_settings(STORAGES={**settings.STORAGES, "memory": misconfigured}):
        assert ask("complete", receipt=receipt.token)[1]["code"] == "expired"

    def refused(*_):
        raise SuspiciousOperation

    monkeypatch.setattr(MemoryStorage, "_normalize_name", refused)
    assert ask("complete", receipt=receipt.token)[1]["code"] == "expired"


def test_what_was_signed_ends_with_the_ticket(places):
    request = storages["s3"].upload_ticket("a.txt", expires=60).begin(size=5, content_type="a/b").request
    assert 55 <= int(request.url.partition("X-Amz-Expires=")[2].partition("&")[0]) <= 60


def test_a_ticket_of_somebody_else(storage):
    visitor, other = SimpleNamespace(pk=5, is_anonymous=False), SimpleNamespace(pk=6, is_anonymous=False)
    ticket = storage.upload_ticket("a.txt", user=visitor)
    assert ask("begin", ticket=str(ticket), size=1, type="a/b")[1]["code"] == "other_user"
    beginning = Ticket.read(ticket.token, visitor).begin(size=len(BODY), content_type="text/plain")
    assert send(beginning.request, BODY)[0] == 200
    for user in (None, other):
        refuses("other_user", lambda user=user: storage.verify_upload(str(beginning.receipt), user=user))
    assert storage.verify_upload(str(beginning.receipt), user=visitor) == "a.txt"


def test_used_twice(storage):
    ticket = storage.upload_ticket("a.txt")
    receipt, again = upload(ticket), upload(ticket, b"other content")
    assert storage.verify_upload(receipt) == "a.txt"
    refuses("used", lambda: storage.verify_upload(receipt))
    refuses("used", lambda: storage.verify_upload(again))  # another file on the same ticket
    assert names_in(storage) == ["a.txt"] and storage.open("a.txt").read() == BODY


def test_sent_twice_at_once(storage, monkeypatch):
    """As by two clicks: the second must not take away what the first is putting in place."""
    receipt = upload(storage.upload_ticket("a.txt"))
    promote = verify._promote

    def twice(*arguments):
        refuses("used", lambda: storage.verify_upload(receipt))
        return promote(*arguments)

    monkeypatch.setattr(verify, "_promote", twice)
    assert storage.verify_upload(receipt) == "a.txt"
    assert names_in(storage) == ["a.txt"]


def test_sent_twice_and_the_first_fails(storage, monkeypatch):
    """Between the two looks that the second takes at the mark: the upload can be tried again."""
    receipt = upload(storage.upload_ticket("a.txt"))

    def lost(mark):
        assert cache.get(mark) == Receipt.read(receipt).nonce
        cache.delete(mark)

    def fails(*_):
        refuses("used", lambda: storage.verify_upload(receipt))
        raise ConnectionError

    with monkeypatch.context() as patches, pytest.raises(ConnectionError):
        patches.setattr(verify, "_promote", fails)
        patches.setattr(verify, "cache", SimpleNamespace(add=cache.add, get=lost, delete=cache.delete))
        storage.verify_upload(receipt)
    assert storage.verify_upload(receipt) == "a.txt"


def test_used_for_another_place(places):
    receipt = upload(storages["memory"].upload_ticket("a.txt"))
    refuses("other_place", lambda: storages["local"].verify_upload(receipt))
    assert names_in(storages["local"]) == names_in(storages["memory"]) == []


def test_a_place_that_is_gone(places):
    ticket = Ticket(**{**storages["s3"].upload_ticket("a.txt").__dict__, "place": "gone"})
    assert ask("begin", ticket=ticket.token, size=1, type="a/b")[1]["code"] == "no_storage"
    ticket = Ticket(**{**ticket.__dict__, "place": "no.Such.field"})
    assert ask("begin", ticket=ticket.token, size=1, type="a/b")[1]["code"] == "no_storage"


# -- A browser that does otherwise than it said ------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["put", "post"])
def test_another_size_type_or_content_than_promised(storage, form):
    answer = begun(storage.upload_ticket("a.txt", form=form))
    fields = dict(answer["request"]["fields"])
    assert send(answer["request"], BODY + b"!")[0] in (400, 403)
    assert send(answer["request"], BODY[:-1])[0] in (400, 403)
    assert send(answer["request"], BODY[::-1])[0] == 400
    assert send(answer["request"], BODY, {"content-type": "text/html"}, {**fields, "Content-Type": "a/b"})[0] == 403
    assert names_in(storage) == []
    refuses("not_there", lambda: storage.verify_upload(answer["receipt"]))


def test_parts_are_bound_to_what_was_promised(storage):
    body = bytes(9 * MIB)
    answer = begun(storage.upload_ticket("a.txt", form="multipart"), body)
    (first, part), (second, rest) = signed_parts(answer, body)
    assert send(first, part + b"!")[0] in (400, 403)
    assert send(first, part[:-1])[0] in (400, 403)
    assert send(first, b"x" * len(part))[0] == 400
    assert send({**first, "url": first["url"].replace("partNumber=1", "partNumber=3")}, part)[0] == 403
    status, refused = ask("parts", receipt=answer["receipt"], checksums={"3": crc32(b"")})
    assert (status, refused["code"]) == (400, "no_such_part")
    assert send(first, part)[0] == 200
    status, refused = ask("complete", receipt=answer["receipt"])  # although a part is missing
    assert (status, refused["code"]) == (400, "other_size") and f"{8 * MIB} bytes" in refused["error"]
    assert names_in(storage) == []
    assert send(second, rest)[0] == 404
    assert ask("complete", receipt=answer["receipt"])[1]["code"] == "gone"


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (BODY + b"!", "text/plain", "other_size"),
        (BODY, "text/html", "other_type"),
        (BODY[::-1], "text/plain", "other_checksum"),
    ],
)
def test_what_came_another_way_is_looked_at(storage, content, kind, code):
    """The store may know fewer rules than ours; the site looks itself."""
    receipt = Receipt.read(begun(storage.upload_ticket("a.txt"))["receipt"])
    storage._store.put(
        receipt.pending, content, {"content_type": kind, "provider": {"ChecksumAlgorithm": "CRC32"}}, False, None
    )
    refuses(code, lambda: storage.verify_upload(receipt.token))
    assert names_in(storage) == []


def test_what_was_looked_at_is_what_is_kept(storage, monkeypatch):
    """Between the look and the copy somebody replaces the upload."""
    receipt = Receipt.read(upload(storage.upload_ticket("a.txt")))
    look = verify.check_arrived

    def replaced(receipt):
        meta = look(receipt)
        storage._store.put(receipt.pending, b"evil", None, False, None)
        return meta

    monkeypatch.setattr(verify, "check_arrived", replaced)
    refuses("changed", lambda: storage.verify_upload(receipt.token))
    assert names_in(storage) == []


def test_what_is_refused_can_be_tried_again(storage, monkeypatch):
    receipt = upload(storage.upload_ticket("a.txt"))
    promote = verify._promote
    monkeypatch.setattr(verify, "_promote", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        storage.verify_upload(receipt)
    monkeypatch.setattr(verify, "_promote", promote)
    assert storage.verify_upload(receipt) == "a.txt"


# -- Aborted, resumed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["put", "post", "multipart"])
def test_given_up(storage, form):
    body = bytes(9 * MIB)
    answer = begun(storage.upload_ticket("a.txt", form=form), body)
    if form == "multipart":
        parts = signed_parts(answer, body)
        assert send(*parts[0])[0] == 200
    else:
        assert send(answer["request"], body)[0] < 300
    assert ask("abort", receipt=answer["receipt"]) == (200, {})
    assert names_in(storage) == []
    if form == "multipart":
        assert send(*parts[1])[0] == 404
    refuses("not_there", lambda: storage.verify_upload(answer["receipt"]))


def test_giving_up_what_was_attached_leaves_it(storage):
    receipt = upload(storage.upload_ticket("a.txt"))
    storage.verify_upload(receipt)
    assert ask("abort", receipt=receipt) == (200, {})
    assert storage.open("a.txt").read() == BODY


def test_resumed(storage):
    body = bytes(range(256)) * (18 * MIB // 256)
    answer = begun(storage.upload_ticket("a.txt"), body)
    parts = signed_parts(answer, body)
    assert send(*parts[1])[0] == 200
    status, there = ask("resume", receipt=answer["receipt"])
    assert status == 200 and there["form"] == "multipart"
    assert there["parts"] == [{"number": 2, "size": 8 * MIB, "checksum": crc32(parts[1][1])}]
    for signed, part in (parts[0], parts[2]):
        assert send(signed, part)[0] == 200
    receipt = ask("complete", receipt=answer["receipt"])[1]["receipt"]
    assert storage.open(storage.verify_upload(receipt)).read() == body
    assert ask("resume", receipt=answer["receipt"])[1]["code"] == "gone"


def test_completed_although_the_answer_got_lost(storage):
    body = bytes(9 * MIB)
    answer = begun(storage.upload_ticket("a.txt"), body)
    for signed, part in signed_parts(answer, body):
        send(signed, part)
    first, second = (ask("complete", receipt=answer["receipt"]) for _ in range(2))
    assert first[0] == second[0] == 200
    assert Receipt.read(first[1]["receipt"]).checksum == Receipt.read(second[1]["receipt"]).checksum == crc32(body)
    assert storage.verify_upload(second[1]["receipt"]) == "a.txt"
    assert ask("complete", receipt=answer["receipt"])[1]["code"] == "gone"


def test_services_without_checksums_are_sent_none(s3_server, tmp_path):
    s3_server.create_bucket("media")
    with site(s3_server, tmp_path, dialect="b2"):
        beginning = (
            storages["s3"].upload_ticket("a.txt").begin(size=5, content_type="text/plain", checksum=crc32(b"hello"))
        )
        assert beginning.receipt.checksum == "" and "x-amz-checksum-crc32" not in beginning.request.headers
        body = bytes(9 * MIB)
        answer = begun(storages["s3"].upload_ticket("b.txt"), body)
        signed = signed_parts(answer, body)
        assert all("x-amz-checksum-crc32" not in each["headers"] for each, _ in signed)


def test_a_store_that_does_not_answer(places):
    with places.faults("CreateMultipartUpload 403"):
        status, answer = ask(
            "begin", ticket=str(storages["s3"].upload_ticket("a.txt", form="multipart")), size=9, type="a/b"
        )
    assert (status, answer["code"]) == (502, "unavailable") and "AccessDenied" not in answer["error"]


# -- Secrets -----------------------------------------------------------------------------------------------------------


def test_tickets_tell_no_secrets(places):
    ticket = storages["s3"].upload_ticket("a.txt", 5, TYPES)
    token = signing.loads(ticket.token, salt="storages.uploads.ticket")
    assert set(token) == {"id", "place", "name", "max_size", "types", "ends", "form", "user"}
    assert ticket.token not in repr(ticket)
    assert places.secret_access_key not in base64.b64encode(ticket.token.encode()).decode()
