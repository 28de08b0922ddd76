"""Nothing that is signed outlives the credentials that signed it: it is cut to their life, or refused."""

from __future__ import annotations

import base64
import datetime
import json
import re
import shlex
import time

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages
from django.test import override_settings
from storages.check.probe import probe

LIFE = 1800
EXPIRES = re.compile(r"[?&]X-Amz-Expires=(\d+)")


@pytest.fixture
def ending(own_place, tmp_path, monkeypatch):
    """Storages whose credentials end in half an hour."""
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=LIFE)
    answer = {
        "Version": 1,
        "AccessKeyId": own_place.key,
        "SecretAccessKey": own_place.secret,
        "Expiration": end.isoformat().replace("+00:00", "Z"),
    }
    (tmp_path / "config").write_text(f"[profile ending]\ncredential_process = echo {shlex.quote(json.dumps(answer))}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)

    def make(**options):
        return own_place.storage(access_key=None, secret_key=None, session_profile="ending", **options)

    return make


def of_url(url):
    return int(EXPIRES.search(url)[1])


def of_form(signed):
    policy = json.loads(base64.b64decode(dict(signed.fields)["policy"]))
    return datetime.datetime.fromisoformat(policy["expiration"].replace("Z", "+00:00")).timestamp() - time.time()


def begun(storage, **options):
    named = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": storage._constructor_args[1]}
    with override_settings(STORAGES={"default": named, "staticfiles": named}):
        ticket = storages["default"].upload_ticket("a.txt", size=5, content_type="text/plain", **options)
    return ticket.request


SIGNED = {
    "url": lambda storage: of_url(storage.url("a.txt")),
    "url with expire": lambda storage: of_url(storage.url("a.txt", expire=7200)),
    "url of v2": lambda storage: int(re.search(r"Expires=(\d+)", storage.url("a.txt"))[1]) - time.time(),
    "aurl": lambda storage: of_url(async_to_sync(storage.aurl)("a.txt")),
    "urls": lambda storage: of_url(storage.urls(["a.txt", "b.txt"])[1]),
    "urls with parameters": lambda storage: of_url(storage.urls(["a"], {"ResponseContentType": "a/b"})[0]),
    "urls one by one": lambda storage: of_url(storage.urls(["a"], {"IfMatch": '"e"'})[0]),
    "sign": lambda storage: of_url(storage.sign("a.txt").url),
    "sign PUT": lambda storage: of_url(storage.sign("a.txt", method="PUT", expires=86400).url),
    "sign POST": lambda storage: of_form(storage.sign("a.txt", method="POST", max_size=10)),
    "ticket": lambda storage: of_url(begun(storage).url),
    "ticket of a form": lambda storage: of_form(begun(storage, form="post")),
}
OPTIONS = {"url of v2": {"signature_version": "s3"}}


@pytest.mark.parametrize("how", SIGNED)
def test_cut_to_the_life_of_the_credentials(ending, how):
    left = SIGNED[how](ending(**OPTIONS.get(how, {})))
    assert LIFE - 60 < left <= LIFE


@pytest.mark.parametrize("how", SIGNED)
def test_refused_where_that_is_wanted(ending, how):
    storage = ending(clamp_expiry=False, **OPTIONS.get(how, {}))
    with pytest.raises(ValueError, match=r"credentials end in 1\d\d\d") as caught:
        SIGNED[how](storage)
    assert "AWS_S3_CLAMP_EXPIRY" in str(caught.value) and "AWS_QUERYSTRING_EXPIRE" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_shorter_expiry_stays(ending):
    storage = ending(querystring_expire=600, clamp_expiry=False)
    assert {of_url(storage.url("a")), of_url(storage.urls(["a"])[0]), of_url(storage.sign("a").url)} == {600}
    assert 590 < of_form(storage.sign("a", method="POST")) <= 600


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_what_is_signed_says_when_it_ends(ending, method):
    left = ending().sign("a.txt", method=method).expires_at.timestamp() - time.time()
    assert LIFE - 60 < left <= LIFE
    left = ending().sign("a.txt", method=method, expires=60).expires_at.timestamp() - time.time()
    assert 55 < left <= 60


def test_a_window_does_not_begin_after_the_end(ending):
    """A validity that began some time ago ends with the credentials all the same."""
    signed = ending().sign("a.txt", stable_for=900)
    assert signed.expires_at.timestamp() <= time.time() + LIFE
    assert of_url(ending().urls(["a.txt"], stable_for=900)[0]) <= LIFE + 900


def test_the_probe_tells(ending):
    def told(**options):
        return next(answer for answer in probe(ending(**options)) if answer.subject == "signed URLs")

    assert told(querystring_expire=600) == ("ok", "signed URLs", "good for 600 s")
    cut = told()
    assert cut.state == "note" and re.search(r"3600 s of AWS_QUERYSTRING_EXPIRE.*1[78]\d\d s", cut.text)
    refused = told(clamp_expiry=False)
    assert refused.state == "FAIL" and "AWS_QUERYSTRING_EXPIRE" in refused.text


def test_seven_days_are_known_before(ending):
    with pytest.raises(ImproperlyConfigured, match="AWS_QUERYSTRING_EXPIRE"):
        ending(querystring_expire=604801)
