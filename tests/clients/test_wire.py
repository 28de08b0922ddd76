"""What only bytes on a socket can show: codings of bodies, times of signatures, hostile input."""

import base64
import concurrent.futures
import datetime
import hashlib
import os
import random
import time
import urllib.parse

import pytest
from rawhttp import EMPTY, Connection, Signer, crc32, crc32c, crc64nvme, error_code, request

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
DATA = bytes(range(256)) * 100  # 25,600 bytes
PIECES = [DATA[:9000], DATA[9000:18000], DATA[18000:]]


def chunked(server, path, kind, pieces=PIECES, trailers=None, spoil=lambda body: body, length=len(DATA)):
    signed = kind != UNSIGNED_TRAILER
    signer = Signer(server)
    probe = Signer(server)
    probe.signature = "0" * 64
    size = len(probe.chunks(pieces, trailers, signed))
    fields = {
        "content-length": str(size),
        "x-amz-decoded-content-length": str(length),
        "content-encoding": "aws-chunked,gzip",
    }
    if trailers:
        fields["x-amz-trailer"] = next(iter(trailers))
    connection = Connection(server)
    connection.send(signer.head("PUT", path, kind, fields))
    connection.send(spoil(signer.chunks(pieces, trailers, signed)))
    status, headers, body = connection.answer()
    return status, error_code(body), headers


@pytest.mark.parametrize(
    "kind, trailers",
    [
        (SIGNED, None),
        (TRAILER, {"x-amz-checksum-crc32": crc32(DATA)}),
        (UNSIGNED_TRAILER, {"x-amz-checksum-crc32c": crc32c(DATA)}),
        (UNSIGNED_TRAILER, {"x-amz-checksum-crc64nvme": crc64nvme(DATA)}),
        (TRAILER, {"x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(DATA).digest()).decode()}),
    ],
)
def test_chunked_uploads(server, s3, bucket, kind, trailers):
    assert chunked(server, f"/{bucket}/k", kind, trailers=trailers)[0] == 200
    got = s3.get_object(Bucket=bucket, Key="k")
    assert (got["Body"].read(), got["ContentEncoding"]) == (DATA, "gzip")
    flip = lambda body: body[:5000] + bytes([body[5000] ^ 1]) + body[5001:]
    status, code, _ = chunked(server, f"/{bucket}/spoiled", kind, trailers=trailers, spoil=flip)
    assert (status, code) == ((400, "BadDigest") if kind == UNSIGNED_TRAILER else (403, "SignatureDoesNotMatch"))
    if trailers:
        name = next(iter(trailers))
        wrong = base64.b64encode(bytes(len(base64.b64decode(trailers[name])))).decode()
        assert chunked(server, f"/{bucket}/spoiled", kind, trailers={name: wrong})[:2] == (400, "BadDigest")
    assert chunked(server, f"/{bucket}/spoiled", kind, trailers=trailers, length=len(DATA) + 1)[:2] == (
        400,
        "IncompleteBody",
    )
    small = [DATA[:100], DATA[100:]]
    assert chunked(server, f"/{bucket}/spoiled", kind, pieces=small, trailers=trailers)[:2] == (
        403,
        "InvalidChunkSizeError",
    )
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_trailers_that_are_missing(server, bucket):
    for trailers in ({"x-amz-checksum-crc32": ""}, {"x-amz-checksum-crc32": "nonsense"}):
        assert chunked(server, f"/{bucket}/k", UNSIGNED_TRAILER, trailers=trailers)[0] == 400
    body = Signer(server).chunks([DATA], {"x-other": "1"}, False)
    fields = {
        "content-length": str(len(body)),
        "x-amz-decoded-content-length": str(len(DATA)),
        "x-amz-trailer": "x-amz-checksum-crc32",
    }
    connection = Connection(server)
    connection.send(Signer(server).head("PUT", f"/{bucket}/k", UNSIGNED_TRAILER, fields) + body)
    status, _, answer = connection.answer()
    assert (status, error_code(answer)) == (400, "MalformedTrailerError")


def test_payload_hashes(server, bucket):
    path = f"/{bucket}/k"
    assert request(server, "PUT", path, b"x")[0] == 200
    assert request(server, "PUT", path, b"x", payload_hash="UNSIGNED-PAYLOAD")[0] == 200
    status, _, body = request(server, "PUT", path, b"y", payload_hash=hashlib.sha256(b"x").hexdigest())
    assert (status, error_code(body)) == (400, "XAmzContentSHA256Mismatch")
    status, _, body = request(server, "PUT", path, b"y", payload_hash="nonsense")
    assert (status, error_code(body)) == (400, "InvalidArgument")
    connection = Connection(server)
    connection.send(Signer(server).head("PUT", path, "UNSIGNED-PAYLOAD"))
    status, _, body = connection.answer()
    assert (status, error_code(body)) == (411, "MissingContentLength")


@pytest.mark.parametrize("algorithm, value", [("crc32c", crc32c(b"123456789")), ("crc64nvme", crc64nvme(b"123456789"))])
def test_checksum_headers(server, bucket, algorithm, value):
    name = "x-amz-checksum-" + algorithm
    assert request(server, "PUT", f"/{bucket}/k", b"123456789", {name: value})[1][name] == value
    headers = request(server, "HEAD", f"/{bucket}/k", headers={"x-amz-checksum-mode": "ENABLED"})[1]
    assert (headers[name], headers["x-amz-checksum-type"]) == (value, "FULL_OBJECT")
    status, _, body = request(server, "PUT", f"/{bucket}/k", b"12345678", {name: value})
    assert (status, error_code(body)) == (400, "BadDigest")
    status, _, body = request(server, "PUT", f"/{bucket}/k", b"1", {name: value, "x-amz-checksum-crc32": crc32(b"1")})
    assert (status, error_code(body)) == (400, "InvalidRequest")


def test_clock(server, bucket):
    now = datetime.datetime.now(datetime.timezone.utc)
    for minutes, expected in (
        (0, None),
        (14, None),
        (-14, None),
        (16, "RequestTimeTooSkewed"),
        (-16, "RequestTimeTooSkewed"),
    ):
        signer = Signer(server, now + datetime.timedelta(minutes=minutes))
        assert error_code(request(server, "GET", f"/{bucket}", signer=signer, query="list-type=2")[2]) == expected


def presigned(server, when, expires, path):
    signer = Signer(server, when)
    query = (
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={urllib.parse.quote(server.key + '/' + signer.scope, safe='')}"
        f"&X-Amz-Date={signer.date}&X-Amz-Expires={expires}&X-Amz-SignedHeaders=host"
    )
    canonical = "\n".join(["GET", path, query, f"host:127.0.0.1:{server.port}", "", "host", "UNSIGNED-PAYLOAD"])
    text = "\n".join(["AWS4-HMAC-SHA256", signer.date, signer.scope, hashlib.sha256(canonical.encode()).hexdigest()])
    import hmac

    query += "&X-Amz-Signature=" + hmac.new(signer.key, text.encode(), hashlib.sha256).hexdigest()
    connection = Connection(server)
    connection.send(f"GET {path}?{query} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
    status, _, body = connection.answer()
    return status, error_code(body), body


def test_presigned_times(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    now = datetime.datetime.now(datetime.timezone.utc)
    minute = datetime.timedelta(minutes=1)
    path = f"/{bucket}/k"
    assert presigned(server, now, 60, path)[0] == 200
    assert presigned(server, now - 60 * minute, 3660, path)[0] == 200
    status, code, body = presigned(server, now - 60 * minute, 3500, path)
    assert (status, code) == (403, "AccessDenied") and b"Request has expired" in body
    assert presigned(server, now + 20 * minute, 60, path)[:2] == (403, "AccessDenied")
    assert presigned(server, now, 604801, path)[:2] == (400, "AuthorizationQueryParametersError")
    assert presigned(server, now, -1, path)[:2] == (400, "AuthorizationQueryParametersError")


def test_unsigned_headers_are_refused(server, bucket):
    head = Signer(server).head("PUT", f"/{bucket}/k", EMPTY, {"content-length": "0"})
    connection = Connection(server)
    connection.send(head[:-2] + b"x-amz-meta-smuggled: 1\r\n\r\n")
    status, _, body = connection.answer()
    assert (status, error_code(body)) == (403, "AccessDenied")


def test_keep_alive_and_pipelining(server, bucket):
    connection = Connection(server)
    for i in range(20):
        assert request(server, "PUT", f"/{bucket}/k{i}", b"x" * i, connection=connection)[0] == 200
    for i in range(3):
        connection.send(Signer(server).head("GET", f"/{bucket}/k{i}", EMPTY))
    assert [connection.answer()[2] for _ in range(3)] == [b"", b"x", b"xx"]


def test_expect_continue(server, bucket):
    connection = Connection(server)
    fields = {"content-length": "5", "expect": "100-continue"}
    connection.send(Signer(server).head("PUT", f"/{bucket}/k", hashlib.sha256(b"hello").hexdigest(), fields))
    assert connection._until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue"
    connection.send(b"hello")
    assert connection.answer()[0] == 200
    connection = Connection(server)
    connection.send(Signer(server).head("PUT", "/no-such-bucket/k", hashlib.sha256(b"hello").hexdigest(), fields))
    assert connection.answer()[0] == 404  # without asking for the body first


def test_refusal_reaches_a_client_that_is_still_sending(server):
    body = os.urandom(8 << 20)
    for _ in range(5):
        assert request(server, "PUT", "/no-such-bucket/k", body, payload_hash="UNSIGNED-PAYLOAD")[0] == 404


def test_head_has_no_body(server, bucket):
    connection = Connection(server)
    connection.send(
        Signer(server).head("HEAD", f"/{bucket}/none", EMPTY)
        + Signer(server).head("GET", f"/{bucket}", EMPTY, query="list-type=2")
    )
    assert connection.answer(has_body=False)[0] == 404
    assert connection.answer()[0] == 200


def test_error_documents(server, bucket):
    status, headers, body = request(server, "GET", f"/{bucket}/a%20b")
    text = body.decode()
    assert status == 404 and headers["content-type"] == "application/xml"
    assert f"<Resource>/{bucket}/a b</Resource>" in text and "<Key>a b</Key>" in text
    assert f"<RequestId>{headers['x-amz-request-id']}</RequestId>" in text
    assert server.secret not in text
    status, _, body = request(server, "GET", "/no-such-bucket", query="list-type=2")
    assert (status, error_code(body)) == (404, "NoSuchBucket") and b"<BucketName>no-such-bucket</BucketName>" in body
    assert error_code(request(server, "PUT", "/Bad_Name")[2]) == "InvalidBucketName"
    assert request(server, "POST", f"/{bucket}/k")[0] == 405


@pytest.mark.parametrize("name", ["publicAccessBlock", "cors", "lifecycle", "policy", "website", "unheard-of"])
def test_subresources_never_fall_through(server, s3, bucket, name):
    s3.put_object(Bucket=bucket, Key="k", Body=b"kept")
    for method in ("GET", "PUT", "DELETE"):
        assert request(server, method, f"/{bucket}", query=name)[0] == 501
    for method in ("PUT", "DELETE"):
        assert request(server, method, f"/{bucket}/k", query=name)[0] == 501
    for name_ in ("renameObject", "append", "restore", "select"):
        assert request(server, "PUT", f"/{bucket}/k", query=name_)[0] == 501
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"kept"


def test_cors(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ACL="public-read")
    connection = Connection(server)
    connection.send(
        f"OPTIONS /{bucket}/k HTTP/1.1\r\nHost: x\r\nOrigin: http://a.example\r\n"
        "Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: content-type, x-amz-date\r\n\r\n".encode()
    )
    status, headers, _ = connection.answer()
    assert status == 200 and headers["access-control-allow-origin"] == "*"
    assert (
        "PUT" in headers["access-control-allow-methods"]
        and headers["access-control-allow-headers"] == "content-type, x-amz-date"
    )
    connection.send(f"GET /{bucket}/k HTTP/1.1\r\nHost: x\r\nOrigin: http://a.example\r\n\r\n".encode())
    status, headers, _ = connection.answer()
    assert (
        status == 200
        and headers["access-control-allow-origin"] == "*"
        and "ETag" in headers["access-control-expose-headers"]
    )


def test_utf8_metadata(server, bucket):
    connection = Connection(server)
    head = Signer(server).head("PUT", f"/{bucket}/k", EMPTY, {"content-length": "0", "x-amz-meta-name": "zoë"})
    connection.send(head)
    assert connection.answer()[0] == 200
    connection.send(Signer(server).head("GET", f"/{bucket}/k", EMPTY))
    assert b"x-amz-meta-name: zo\xc3\xab" in connection._until(b"\r\n\r\n")


HOSTILE = [
    b"\x00\x01\x02\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET %zz HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /%zz/k HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /b/%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /b/a%00b HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /?" + b"a=%zz&" * 100 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
    b"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    b"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"PUT /b/k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: AWS4-HMAC-SHA256 Credential=////, SignedHeaders=;;, Signature=\r\n\r\n",
    b"GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/b/c/d/e&X-Amz-Date=x&X-Amz-Expires=x&X-Amz-SignedHeaders=&X-Amz-Signature= HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /public HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 3\r\n\r\n--b",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://x HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\r\n\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
]


@pytest.mark.parametrize("index", range(len(HOSTILE)))
def test_hostile_requests(server, index):
    connection = Connection(server)
    connection.send(HOSTILE[index])
    connection.socket.shutdown(1)
    answer = connection.rest()
    assert not answer or 400 <= int(answer.split()[1]) < 600
    assert request(server, "GET", "/")[0] == 200


def test_noise(server, bucket):
    noise = random.Random(4711)
    head = Signer(server).head(
        "PUT",
        f"/{bucket}/k",
        UNSIGNED_TRAILER,
        {"content-length": "200", "x-amz-decoded-content-length": "100", "x-amz-trailer": "x-amz-checksum-crc32"},
    )
    for _ in range(200):
        data = bytearray(head + Signer(server).chunks([b"x" * 100], {"x-amz-checksum-crc32": crc32(b"x" * 100)}, False))
        for _ in range(noise.randint(1, 8)):
            data[noise.randrange(len(data))] = noise.randrange(256)
        connection = Connection(server)
        try:
            connection.send(bytes(data))
            connection.socket.shutdown(1)
            connection.rest()
        except OSError:
            pass  # refused while it was still being sent
    assert request(server, "GET", "/")[0] == 200


def test_crowd(server, s3, bucket):
    """200 connections at once that stay open, each asking again and again; none waits for another."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x" * 4096)

    def ask(_):
        connection = Connection(server, timeout=30)
        for _ in range(5):
            assert len(request(server, "GET", f"/{bucket}/k", connection=connection)[2]) == 4096
        return connection

    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        connections = list(pool.map(ask, range(200)))
        begun = time.perf_counter()
        assert request(server, "GET", f"/{bucket}/k")[0] == 200  # a newcomer beside 200 idle ones
        assert time.perf_counter() - begun < 2
        time.sleep(0.5)  # parked by now
        for connection in connections:
            assert request(server, "GET", f"/{bucket}/k", connection=connection)[0] == 200
