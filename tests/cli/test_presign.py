"""presign: what is signed can be sent by anybody."""

import base64
import json
import urllib.request
from datetime import datetime, timedelta, timezone


def send(url, method="GET", body=None, headers=None):
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, answer.read(), answer.headers


def test_get(orlop, bucket):
    bucket.put("a b?.txt", b"abc")
    url = orlop.ok("presign", bucket.url + "/a b?.txt").text.strip()
    assert url.startswith(bucket.server.endpoint) and "X-Amz-Expires=3600" in url
    assert send(url)[1] == b"abc"
    url = orlop.ok(
        "presign", "--filename", 'my "file".txt', "--content-type", "text/x-own", bucket.url + "/a b?.txt"
    ).text.strip()
    headers = send(url)[2]
    assert headers["Content-Disposition"] == 'attachment; filename="my \\"file\\".txt"'
    assert headers["Content-Type"] == "text/x-own"


def test_expires(orlop, bucket):
    assert "X-Amz-Expires=604800" in orlop.ok("presign", "--expires", "7d", bucket.url + "/k").text
    assert "X-Amz-Expires=90" in orlop.ok("presign", "--expires", "90", bucket.url + "/k").text
    orlop.fails(2, "presign", "--expires", "8d", bucket.url + "/k")


def test_nothing_outlives_what_signed_it(orlop, bucket):
    end = datetime.now(timezone.utc) + timedelta(minutes=30)
    ending = {"AWS_CREDENTIAL_EXPIRATION": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
    for method in ("get", "put", "delete", "post"):
        said = orlop.fails(2, "presign", "--method", method, bucket.url + "/k", env=ending)
        assert "expires is 3600 seconds, but the credentials end in 1" in said and "clamp_expiry" in said
        arguments = ("presign", "--json", "--method", method, "--set", "clamp_expiry=yes", bucket.url + "/k")
        assert 1700 < orlop.ok(*arguments, env=ending).json[0]["expires"] <= 1800
    assert orlop.ok("presign", "--json", "--expires", "10m", bucket.url + "/k", env=ending).json[0]["expires"] == 600


def test_put_and_delete(orlop, bucket):
    signed = orlop.ok("presign", "--json", "--method", "put", "--content-type", "text/x-own", bucket.url + "/k").json[0]
    assert signed["method"] == "PUT"
    assert send(signed["url"], "PUT", b"put", signed["headers"])[0] == 200
    assert bucket.get("k") == b"put" and bucket.head("k")["ContentType"] == "text/x-own"
    url = orlop.ok("presign", "--method", "delete", bucket.url + "/k").text.strip()
    assert send(url, "DELETE")[0] == 204
    assert bucket.listing() == []


def test_post(orlop, bucket):
    form = orlop.ok("presign", "--json", "--method", "post", "--max-size", "10", bucket.url + "/k").json[0]
    assert form["method"] == "POST"
    fields = {name.lower(): value for name, value in form["fields"].items()}
    policy = json.loads(base64.b64decode(fields["policy"]))
    assert ["content-length-range", 0, 10] in policy["conditions"]
    assert fields["key"] == "k" and fields["x-amz-signature"]
    plain = orlop.ok("presign", "--method", "post", bucket.url + "/k").text.splitlines()
    assert plain[0] == form["url"] and "key=k" in plain


def test_without_credentials(orlop, bucket):
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    assert "AWS_ACCESS_KEY_ID" in orlop.fails(4, "presign", bucket.url + "/k", env=nobody)
