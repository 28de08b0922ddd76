"""Each named fault does what docs/serve.md says, by script and by header."""

import socket
import time

import botocore.exceptions
import pytest
from rawhttp import EMPTY, Connection, Signer, error_code, request

DATA = b"0123456789abcdef" * 40_000  # 640,000 bytes


@pytest.fixture
def faulty(start_server):
    """A server with a script of faults, and a bucket `b` with the object `k`."""

    def start(script="", where="mem:"):
        server = start_server(where, ORLOP_FAULTS=script)
        s3 = server.boto3()
        s3.create_bucket(Bucket="bkt")
        s3.put_object(Bucket="bkt", Key="k", Body=DATA)
        return server

    return start


def get(server, fault=None, key="k", **more):
    headers = {"x-orlop-fault": fault} if fault else {}
    return request(server, "GET", f"/bkt/{key}", headers=headers, **more)


def received(server, fault, method="GET", path="/bkt/k"):
    """All bytes that come until the server closes."""
    connection = Connection(server)
    connection.send(Signer(server).head(method, path, EMPTY, {"x-orlop-fault": fault}))
    return connection.rest()


def test_statuses(faulty):
    server = faulty("GetObject 503-twice")
    assert [get(server)[0] for _ in range(3)] == [503, 503, 200]
    assert [get(server, "500-once")[0] for _ in range(4)] == [500, 200, 500, 200]
    assert [get(server, "503-3-times")[0] for _ in range(4)] == [503, 503, 503, 200]
    assert error_code(get(server, "409")[2]) == "ConditionalRequestConflict"


def test_boto3_retries_through_it(faulty):
    server = faulty("GetObject 503-twice\nPUT /bkt/new* 500-once")
    s3 = server.boto3(retries={"max_attempts": 4})
    assert s3.get_object(Bucket="bkt", Key="k")["Body"].read() == DATA
    s3.put_object(Bucket="bkt", Key="new", Body=b"x")
    assert s3.get_object(Bucket="bkt", Key="new")["Body"].read() == b"x"


def test_refusals(faulty):
    server = faulty()
    status, headers, body = get(server, "slow-down")
    assert (status, error_code(body), headers["retry-after"]) == (503, "SlowDown", "1")
    status, _, body = get(server, "expire-token")
    assert (status, error_code(body)) == (400, "ExpiredToken")
    status, _, body = get(server, "200-with-error-body")
    assert (status, error_code(body)) == (200, "InternalError")
    status, headers, body = get(server, "html-login-page")
    assert status == 200 and headers["content-type"] == "text/html" and b"<html>" in body
    status, headers, body = get(server, "200-with-empty-body")
    assert (status, body) == (200, b"") and "etag" not in headers


def test_download_is_dropped(faulty):
    server = faulty()
    head, body = received(server, "drop-after-256K").split(b"\r\n\r\n", 1)
    assert b"content-length: 640000" in head and body == DATA[: 256 << 10]
    assert received(server, "drop-after-0").split(b"\r\n\r\n", 1)[1] == b""
    assert get(server, "drop-after-1M")[2] == DATA  # shorter bodies pass


def test_upload_is_dropped(faulty):
    server = faulty()
    with pytest.raises((ConnectionError, BrokenPipeError)):
        request(server, "PUT", "/bkt/new", DATA, {"x-orlop-fault": "drop-after-100K"})
    assert get(server, key="new")[0] == 404


def test_corruption(faulty):
    server = faulty()
    body = get(server, "corrupt-body")[2]
    assert len(body) == len(DATA) and sum(a != b for a, b in zip(body, DATA)) == 1
    status, _, answer = request(server, "PUT", "/bkt/new", DATA, {"x-orlop-fault": "corrupt-body"})
    assert (status, error_code(answer)) == (400, "XAmzContentSHA256Mismatch")
    assert (
        request(server, "PUT", "/bkt/new", DATA, {"x-orlop-fault": "corrupt-body"}, payload_hash="UNSIGNED-PAYLOAD")[0]
        == 200
    )
    assert get(server, key="new")[2] != DATA


def test_silence(faulty):
    server = faulty()
    connection = Connection(server, timeout=0.5)
    connection.send(Signer(server).head("GET", "/bkt/k", EMPTY, {"x-orlop-fault": "stall"}))
    with pytest.raises(socket.timeout):
        connection.answer()
    connection = Connection(server, timeout=0.5)
    connection.send(Signer(server).head("GET", "/bkt/k", EMPTY, {"x-orlop-fault": "stall-after-10K"}))
    with pytest.raises(socket.timeout):
        connection.answer()
    assert len(connection.seen) == 10 << 10  # without the head, which answer() took
    begun = time.perf_counter()
    assert get(server, "stall-300ms")[0] == 200
    assert time.perf_counter() - begun >= 0.3
    assert get(server)[0] == 200


def test_trickle(faulty):
    server = faulty()
    server.boto3().put_object(Bucket="bkt", Key="tiny", Body=b"12345")
    begun = time.perf_counter()
    assert get(server, "trickle-50ms", key="tiny")[2] == b"12345"
    assert time.perf_counter() - begun >= 0.25


def test_lost_answers(faulty):
    server = faulty()
    with pytest.raises(ConnectionError):
        request(server, "PUT", "/bkt/new", b"done", {"x-orlop-fault": "lost-answer"})
    assert get(server, key="new")[2] == b"done"
    answer = received(server, "truncate-headers")
    assert answer.startswith(b"HTTP/1.1 200") and b"\r\n\r\n" not in answer


def test_ranges_ignored(faulty):
    server = faulty()
    status, _, body = request(server, "GET", "/bkt/k", headers={"x-orlop-fault": "ignore-range", "range": "bytes=5-9"})
    assert (status, body) == (200, DATA)


def test_signed_ranges_ignored(faulty):
    s3 = faulty("GetObject ignore-range").boto3()
    assert s3.get_object(Bucket="bkt", Key="k", Range="bytes=5-9")["Body"].read() == DATA


def test_region(start_server):
    server = start_server("mem:", ORLOP_FAULTS="redirect-region", AWS_REGION="eu-central-1")
    s3 = server.boto3(region="eu-central-1")
    s3.create_bucket(Bucket="bkt", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    assert s3.get_bucket_location(Bucket="bkt")["LocationConstraint"] == "eu-central-1"
    status, headers, body = request(server, "GET", "/bkt", query="list-type=2")  # signed for us-east-1
    assert (status, error_code(body), headers["x-amz-bucket-region"]) == (301, "PermanentRedirect", "eu-central-1")
    with pytest.raises(botocore.exceptions.ClientError, match="BucketAlreadyOwnedByYou"):
        s3.create_bucket(Bucket="bkt", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})


def test_selection(faulty):
    server = faulty("# a comment\n\nHEAD /bkt/* 500   # another\nGET /bkt/dir/*.txt 404\n* /bkt/with%20space 403")
    assert request(server, "HEAD", "/bkt/k")[0] == 500
    assert get(server)[0] == 200
    assert get(server, key="dir/x.txt")[0] == 404
    assert get(server, key="with%20space")[0] == 403


@pytest.mark.parametrize(
    "line, reason",
    [
        ("nonsense", '"nonsense" is no fault'),
        ("GET no-slash 503", "a pattern begins with /"),
        ("a b c d", "expected"),
        ("drop-after-x", "is no fault"),
        ("99-once", "is no fault"),
    ],
)
def test_wrong_scripts_name_the_line(line, reason):
    import subprocess

    from conftest import server_program

    ended = subprocess.run(
        [server_program(), "mem:"],
        env={"ORLOP_FAULTS": "503-twice\n" + line},
        capture_output=True,
        text=True,
        timeout=10,
    )
    assert ended.returncode == 1
    assert "line 2" in ended.stderr and reason in ended.stderr


def test_wrong_header(faulty):
    status, _, body = get(faulty(), "nonsense")
    assert (status, error_code(body)) == (400, "InvalidArgument")
