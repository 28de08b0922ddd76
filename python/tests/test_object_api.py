"""orlop.s3 on every S3 server there is; what only the development server or only the real ones have, there."""

from __future__ import annotations

import io
import itertools
import os
import pickle
import time
import urllib.error
import urllib.request

import orlop
import pytest
from orlop import s3
from orlop.compat import boto
from orlop.compat.boto.exception import BotoClientError, NoAuthHandlerFound, S3CreateError, S3ResponseError
from orlop.compat.boto.s3 import connect_to_region
from orlop.compat.boto.s3.connection import HostRequiredError, OrdinaryCallingFormat, S3Connection
from orlop.compat.boto.s3.key import Key

numbers = itertools.count(1)


def options_of(place):
    options = {
        "endpoint": place.endpoint,
        "access_key_id": place.key,
        "secret_access_key": place.secret,
        "region": "us-east-1",
        "dialect": place.dialect,
    }
    return {**options, "ca_file": place.ca} if place.ca else options


def open_bucket(service):
    return service.create(f"orlop-objects-{os.getpid()}-{next(numbers)}")


def throw_away(bucket):
    bucket.remove_many(entry.name for entry in bucket)
    try:
        for version in list(bucket.versions()):
            bucket.object(version.key, version.id).remove()
    except orlop.Unsupported:
        pass
    bucket.service.remove(bucket.name)


@pytest.fixture
def service(any_server):
    if any_server.ca:
        pytest.skip("what is behind the connection is the same")
    return s3.Service(**options_of(any_server))


@pytest.fixture
def bucket(service):
    made = open_bucket(service)
    yield made
    throw_away(made)


@pytest.fixture
def own_bucket(own_place):
    return open_bucket(s3.Service(**options_of(own_place)))


@pytest.fixture
def with_acls(any_server):
    if any_server.dialect not in ("orlop", "ceph"):
        pytest.skip("no ACLs, or in name only")


@pytest.fixture
def with_tags(any_server):
    if any_server.dialect == "s3proxy":
        pytest.skip("S3Proxy has no tags")


def test_buckets(service, bucket):
    assert bucket.name in service
    assert bucket.name + "-none" not in service
    assert [each.created is not None for each in service if each.name == bucket.name] == [True]
    assert service.get(bucket.name).name == bucket.name
    with pytest.raises(orlop.NotFound) as raised:
        service.get(bucket.name + "-none")
    error = raised.value
    assert (error.status, error.service_code) == (404, "NoSuchBucket")
    bucket.object("k").write("x")
    with pytest.raises(orlop.PreconditionFailed, match="BucketNotEmpty"):
        service.remove(bucket.name)
    assert bucket.location()


def test_contents(bucket):
    key = bucket.object("a b/\u00fc+~.txt")
    assert not key.exists()
    assert bucket.look_up(key.key) is None
    meta = key.write("h\u00e9llo", metadata={"meta1": "first v\u00e4lue"}, cache_control="max-age=60")
    assert meta.size == 6
    stored = key.stat()
    assert (stored.user, stored.content_type) == ({"meta1": "first v\u00e4lue"}, "text/plain")
    assert stored.cache_control == "max-age=60"
    assert (key.read_text(), key.read_bytes()) == ("h\u00e9llo", "h\u00e9llo".encode())
    with key.open() as file:
        file.seek(3)
        assert file.read() == b"llo"
    key.set_attrs(content_type="text/css", metadata={"other": "value"})
    assert (key.stat().user, key.stat().content_type) == ({"other": "value"}, "text/css")
    with pytest.raises(orlop.AlreadyExists):
        key.write("again", overwrite=False)
    key.remove()
    key.remove()
    with pytest.raises(FileNotFoundError):
        key.read_bytes()


def test_files_and_progress(bucket, tmp_path):
    content = os.urandom(9 << 20)
    (tmp_path / "up.csv").write_bytes(content)
    seen = []
    key = bucket.object("up.csv")
    assert key.upload(tmp_path / "up.csv", progress=seen.append).size == len(content)
    assert seen == sorted(seen) and seen[-1] == len(content) and len(seen) > 2
    seen.clear()
    key.download(tmp_path / "down.csv", progress=seen.append)
    assert seen[-1] == len(content)
    assert (tmp_path / "down.csv").read_bytes() == content
    key.upload(tmp_path / "up.csv")
    key.download(tmp_path / "down.csv")
    assert (tmp_path / "down.csv").read_bytes() == content
    assert bucket.object("stream").write(io.BytesIO(b"piece"), overwrite=False).size == 5
    with pytest.raises(FileNotFoundError):
        bucket.object("none").download(tmp_path / "down.csv", progress=seen.append)
    assert (tmp_path / "down.csv").read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["down.csv", "up.csv"]


def test_a_stream_that_breaks_stores_nothing(bucket):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            data = super().read(size)
            if not data:
                raise OSError("the disk is gone")
            return data

    for size in (100, 9 << 20):
        with pytest.raises(OSError, match="the disk is gone"):
            bucket.object("broken").write(Broken(b"x" * size))
    assert not bucket.object("broken").exists()


def test_copies(service, bucket):
    source = bucket.object("source")
    source.write("text", metadata={"colour": "red"})
    other = open_bucket(service)
    target = other.object("target")
    source.copy_to(target)
    assert (target.read_text(), target.stat().user) == ("text", {"colour": "red"})
    source.copy_to(target, metadata={"colour": "blue"})
    assert target.stat().user == {"colour": "blue"}
    with pytest.raises(orlop.NotFound):
        bucket.object("none").copy_to(target)
    throw_away(other)


def test_listings(bucket):
    for key in ("a", "d/1", "d/2", "e/1", "z"):
        bucket.object(key).write("x")
    assert [entry.name for entry in bucket] == ["a", "d/1", "d/2", "e/1", "z"]
    assert sorted((entry.name, entry.is_directory) for entry in bucket.list("", "/")) == [
        ("a", False),
        ("d/", True),
        ("e/", True),
        ("z", False),
    ]
    assert [entry.name for entry in bucket.list("d/", start_after="d/1")] == ["d/2"]
    assert bucket.remove_many(["a", "none"]) == [None, None]


def test_urls(bucket):
    key = bucket.object("k")
    key.write("text")
    url = key.url(expires=60, parameters={"response-content-type": "text/x"})
    if url.startswith("http:"):
        with urllib.request.urlopen(url) as answer:
            assert (answer.read(), answer.headers["content-type"]) == (b"text", "text/x")
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(key.public_url())
    assert "?" not in key.public_url()


@pytest.mark.usefixtures("with_acls")
def test_access(any_server, bucket):
    key = bucket.object("k")
    key.write("text", acl="public-read")
    owner = key.acl().owner
    assert s3.Grant("group", s3.ALL_USERS, "READ") in key.acl().grants
    place = {name: value for name, value in options_of(any_server).items() if "key" not in name}
    nobody = s3.Service(anonymous=True, **place).bucket(bucket.name)
    assert nobody.object("k").read_text() == "text"
    key.set_acl("private")
    with pytest.raises(orlop.PermissionDenied) as raised:
        nobody.object("k").read_text()
    assert raised.value.status == 403
    key.grant(s3.Grant("user", owner.id, "READ_ACP"))
    assert sorted(grant.permission for grant in key.acl().grants) == ["FULL_CONTROL", "READ_ACP"]
    assert s3.Acl.from_xml(key.acl().to_xml()) == key.acl()
    with pytest.raises(orlop.InvalidArgument, match="UnresolvableGrantByEmailAddress"):
        key.grant(s3.Grant("email", "nobody@nowhere.invalid", "READ"))
    bucket.set_acl("public-read")
    assert [entry.name for entry in nobody] == ["k"]
    key.copy_to(bucket.object("kept"), keep_acl=True)
    assert len(bucket.object("kept").acl().grants) == 2


@pytest.mark.usefixtures("with_tags")
def test_tags(bucket):
    key = bucket.object("k")
    key.write("x")
    for place in (key, bucket):
        assert place.tags() == {}
        place.set_tags({"a b": "1", "project": "x - y"})
        assert place.tags() == {"a b": "1", "project": "x - y"}
        place.remove_tags()
        assert place.tags() == {}


def test_versions(any_server, bucket):
    if any_server.dialect == "s3proxy":
        pytest.skip("S3Proxy has no versions, and does not say so")
    if any_server.dialect == "orlop":
        with pytest.raises(orlop.Unsupported):
            bucket.set_versioning(True)
        return
    assert bucket.versioning() is None
    bucket.set_versioning(True)
    assert bucket.versioning() is True
    key = bucket.object("k")
    first, second = key.write("one").version, key.write("two").version
    marker = key.remove()
    assert marker.is_delete_marker
    assert not key.exists()
    assert [(version.id, version.is_latest) for version in bucket.versions()] == [
        (marker.version, True),
        (second, False),
        (first, False),
    ]
    assert bucket.object("k", first).read_text() == "one"
    with pytest.raises(orlop.InvalidArgument, match="a version that is there cannot be changed"):
        bucket.object("k", first).write("three")
    bucket.object("k", first).copy_to(key)
    assert key.read_text() == "one"
    assert bucket.object("k", second).remove().version == second
    bucket.set_versioning(False)
    assert bucket.versioning() is False


def test_everything_pickles(bucket):
    bucket.object("k").write("x")
    assert pickle.loads(pickle.dumps(bucket)).object("k").read_text() == "x"
    assert bucket.name in pickle.loads(pickle.dumps(bucket.service))


def test_requests_are_counted(own_bucket):
    with orlop.requests() as seen:
        own_bucket.set_acl("public-read")
        own_bucket.object("k").write("x")
    assert seen.count == 2


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda bucket: bucket.service.bucket("a/b"), "cannot be a bucket's name"),
        (lambda bucket: bucket.service.create("good-name", acl="nonsense"), '"nonsense" is no canned ACL'),
        (lambda bucket: bucket.service.create("good-name", location="a b"), "location: write a region"),
        (lambda bucket: bucket.object(""), "the key is empty"),
        (lambda bucket: bucket.object("k").write("x", colour="red"), "colour is nothing an object has"),
        (lambda bucket: bucket.object("k").write("x", acl="nonsense"), '"nonsense" is no canned ACL'),
        (
            lambda bucket: bucket.object("k").write("x", metadata={"\u00e4": "x"}),
            "lower-case ASCII",
        ),
        (lambda bucket: bucket.object("k").write("x", provider={"Colour": "x"}), "is no object parameter here"),
        (lambda bucket: bucket.object("k").set_attrs(), "there is nothing to set"),
        (lambda bucket: bucket.object("k").set_acl("nonsense"), '"nonsense" is no canned ACL'),
        (lambda bucket: bucket.object("k").set_acl(s3.Acl(s3.Owner("", ""))), "has no owner"),
        (lambda bucket: bucket.object("k").set_tags({"": "x"}), "a tag has no name"),
        (lambda bucket: bucket.object("k").url(expires=-1), "cannot expire before it is made"),
        (lambda bucket: s3.Acl.from_xml("<a/>"), "no AccessControlPolicy"),
        (lambda bucket: s3.Service(access_key_id="x"), "secret_access_key is not"),
        (lambda bucket: s3.Service(colour="red"), 'there is no option "colour"'),
    ],
)
def test_bad_input(own_bucket, call, sentence):
    with pytest.raises(ValueError, match=sentence) as raised:
        call(own_bucket)
    assert "\n" not in str(raised.value)
    assert not list(own_bucket)


def connect(place, **more):
    host, _, port = place.endpoint.partition("://")[2].partition(":")
    keys = {"aws_access_key_id": place.key, "aws_secret_access_key": place.secret}
    where = {"host": host, "port": int(port), "is_secure": False, "calling_format": OrdinaryCallingFormat()}
    return S3Connection(**{**keys, **where, **more})


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (lambda conn, key: conn.get_bucket("Upper"), None, None),
        (lambda conn, key: conn.create_bucket("Upper"), BotoClientError, "upper-case"),
        (lambda conn, key: conn.create_bucket("good", headers={"x-odd": "1"}), BotoClientError, "x-odd is no header"),
        (lambda conn, key: conn.create_bucket("good", location="eu-west-1"), S3ResponseError, "location-constraint"),
        (lambda conn, key: key.set_contents_from_string("x", headers={"x-odd": "1"}), BotoClientError, "x-odd"),
        (lambda conn, key: key.set_contents_from_string("x", policy="odd"), S3ResponseError, "Unknown canned ACL"),
        (lambda conn, key: key.set_acl("odd"), AssertionError, "'odd' is none of private"),
        (lambda conn, key: key.get_contents_as_string(headers={"If-Match": "x"}), BotoClientError, "If-Match"),
        (lambda conn, key: key.get_contents_as_string(torrent=True), BotoClientError, "torrent"),
        (lambda conn, key: key.generate_url(60, "PATCH"), BotoClientError, "cannot be signed"),
        (lambda conn, key: conn.generate_url(60, "GET"), BotoClientError, "name both"),
        (lambda conn, key: Key(None, "k").set_contents_from_string("x"), BotoClientError, "has no bucket"),
        (lambda conn, key: key.copy("missing-bucket", "x"), BotoClientError, "there is no bucket missing-bucket"),
        (lambda conn, key: key.bucket.configure_versioning(True, mfa_delete=True), BotoClientError, "second factor"),
        (lambda conn, key: key.bucket.configure_versioning(True), S3ResponseError, "501 Not Implemented"),
        (lambda conn, key: key.bucket.add_user_grant("ODD", "x"), BotoClientError, "Unknown Permission: ODD"),
        (lambda conn, key: S3Connection(calling_format="boto.Odd"), BotoClientError, "Odd is unknown; there are"),
        (lambda conn, key: S3Connection("only-half"), BotoClientError, "secret_access_key is not"),
        (lambda conn, key: S3Connection(provider="google"), BotoClientError, "'google' is not available"),
    ],
)
def test_bad_input_for_boto(own_place, call, kind, sentence):
    conn = connect(own_place)
    key = conn.get_bucket(own_place.bucket).new_key("k")
    key.set_contents_from_string("there")
    if kind is None:
        with pytest.raises(S3ResponseError):
            call(conn, key)
        return
    with pytest.raises(kind, match=sentence):
        call(conn, key)
    assert key.get_contents_as_string() == b"there"


def test_errors_of_boto(own_place):
    conn = connect(own_place)
    with pytest.raises(S3ResponseError) as raised:
        conn.get_bucket(own_place.bucket).new_key("nowhere").get_contents_as_string()
    error = raised.value
    assert (error.status, error.reason, error.error_code, error.code) == (404, "Not Found", "NoSuchKey", "NoSuchKey")
    assert error.message == error.error_message == "The specified key does not exist"
    assert error.request_id and error.bucket == own_place.bucket and error.resource == "nowhere"
    assert issubclass(S3CreateError, boto.exception.BotoServerError)


def test_who_connects(own_place, monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(NoAuthHandlerFound):
        connect(own_place, aws_access_key_id=None, aws_secret_access_key=None).get_all_buckets()
    (tmp_path / ".aws").mkdir()
    profile = f"[work]\naws_access_key_id = {own_place.key}\naws_secret_access_key = {own_place.secret}\n"
    (tmp_path / ".aws" / "credentials").write_text(profile)
    by_profile = connect(own_place, aws_access_key_id=None, aws_secret_access_key=None, profile_name="work")
    assert own_place.bucket in by_profile
    monkeypatch.setenv("AWS_ENDPOINT_URL", own_place.endpoint)
    assert own_place.bucket in boto.connect_s3(own_place.key, own_place.secret)
    assert own_place.bucket in s3.Service(profile="work")
    monkeypatch.setenv("S3_USE_SIGV4", "1")
    with pytest.raises(HostRequiredError, match="you must specify a 'host' parameter"):
        S3Connection("id", "secret")


# boto 2.49 printed these for the same keys, clock and names.
VECTORS = [
    (
        {},
        "https://test-bucket.s3.amazonaws.com/dir/a%20b%2Bc~%C3%A9.txt"
        "?Signature=5B4wzMkGdgJQtM7quvVlMTE0JPU%3D&Expires=1709622428&AWSAccessKeyId=AKIDEXAMPLE",
    ),
    (
        {"calling_format": "boto.s3.connection.OrdinaryCallingFormat"},
        "https://s3.amazonaws.com/test-bucket/dir/a%20b%2Bc~%C3%A9.txt"
        "?Signature=5B4wzMkGdgJQtM7quvVlMTE0JPU%3D&Expires=1709622428&AWSAccessKeyId=AKIDEXAMPLE",
    ),
    (
        {"calling_format": "boto.s3.connection.VHostCallingFormat"},
        "https://test-bucket/dir/a%20b%2Bc~%C3%A9.txt"
        "?Signature=5B4wzMkGdgJQtM7quvVlMTE0JPU%3D&Expires=1709622428&AWSAccessKeyId=AKIDEXAMPLE",
    ),
    (
        {"calling_format": "boto.s3.connection.ProtocolIndependentOrdinaryCallingFormat"},
        "//s3.amazonaws.com/test-bucket/dir/a%20b%2Bc~%C3%A9.txt"
        "?Signature=5B4wzMkGdgJQtM7quvVlMTE0JPU%3D&Expires=1709622428&AWSAccessKeyId=AKIDEXAMPLE",
    ),
]


def test_urls_of_version_4_and_of_a_session(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(time, "time", lambda: 1709618828.0)
    keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
    url = connect_to_region("eu-central-1", **keys).generate_url(3600, "GET", "test-bucket", "a b")
    assert url.endswith("=126a708e516b04490072dbb35829e32a5dc9820dffbc9667179677c2760ce15c")
    url = S3Connection(**keys, security_token="T/K+=").generate_url(60, "GET", "b", "x")
    assert url.partition("?")[2] == (
        "Signature=VnQDW3SN5E26XegVb1%2Bn25NBX%2FY%3D&Expires=1709618888&AWSAccessKeyId=AKIDEXAMPLE"
        "&x-amz-security-token=T/K%2B%3D"
    )


@pytest.mark.parametrize(("options", "expected"), VECTORS)
def test_urls_as_boto_wrote_them(monkeypatch, options, expected):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(time, "time", lambda: 1709618828.0)
    conn = S3Connection("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", **options)
    assert conn.generate_url(3600, "GET", "test-bucket", "dir/a b+c~\u00e9.txt") == expected
