"""boto3, unmodified, against the server: objects, their checksums, ranges, conditions, copies and tags."""

import base64
import concurrent.futures
import datetime
import hashlib
import os

import botocore.exceptions
import pytest
from boto3_errors import code, refused, status


def test_put_get_head_delete(s3, bucket):
    put = s3.put_object(
        Bucket=bucket,
        Key="k",
        Body=b"hello",
        ContentType="text/plain; charset=utf-8",
        CacheControl="max-age=60",
        ContentEncoding="identity",
        ContentDisposition='attachment; filename="x"',
        ContentLanguage="de",
        Expires=datetime.datetime(2030, 1, 1),
        Metadata={"color": "blue", "n": "1"},
        StorageClass="STANDARD_IA",
        Tagging="a=1&b=2",
    )
    assert put["ETag"] == '"%s"' % hashlib.md5(b"hello").hexdigest()
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == b"hello"
    for answer in (got, s3.head_object(Bucket=bucket, Key="k")):
        assert answer["ETag"] == put["ETag"]
        assert answer["ContentLength"] == 5
        assert answer["ContentType"] == "text/plain; charset=utf-8"
        assert answer["CacheControl"] == "max-age=60"
        assert answer["ContentEncoding"] == "identity"
        assert answer["ContentDisposition"] == 'attachment; filename="x"'
        assert answer["ContentLanguage"] == "de"
        assert answer["ExpiresString"] == "Tue, 01 Jan 2030 00:00:00 GMT"
        assert answer["Metadata"] == {"color": "blue", "n": "1"}
        assert answer["StorageClass"] == "STANDARD_IA"
        age = datetime.datetime.now(datetime.timezone.utc) - answer["LastModified"]
        assert abs(age.total_seconds()) < 60
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [
        {"Key": "a", "Value": "1"},
        {"Key": "b", "Value": "2"},
    ]
    assert s3.delete_object(Bucket=bucket, Key="k")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert s3.delete_object(Bucket=bucket, Key="k")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused(s3.get_object, Bucket=bucket, Key="k") == ("NoSuchKey", 404)
    assert refused(s3.head_object, Bucket=bucket, Key="k") == ("404", 404)


def test_defaults(s3, bucket):
    s3.put_object(Bucket=bucket, Key="empty")
    head = s3.head_object(Bucket=bucket, Key="empty")
    assert (head["ContentType"], head["ContentLength"]) == ("binary/octet-stream", 0)
    assert s3.get_object(Bucket=bucket, Key="empty")["Body"].read() == b""
    assert refused(s3.put_object, Bucket=bucket, Key="big-meta", Metadata={"m": "x" * 3000}) == (
        "MetadataTooLarge",
        400,
    )
    assert refused(s3.put_object, Bucket=bucket, Key="k" * 1025, Body=b"") == ("KeyTooLongError", 400)


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 9_000_001])
def test_sizes(s3, bucket, size):
    data = os.urandom(size)
    s3.put_object(Bucket=bucket, Key="k", Body=data, Metadata={"a": "b"})
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == data
    assert got["ETag"] == '"%s"' % hashlib.md5(data).hexdigest()
    assert got["Metadata"] == {"a": "b"}
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])  # the others: test_wire.py
def test_checksums(s3, bucket, algorithm):
    name = "Checksum" + algorithm
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"123456789" * 100_000, ChecksumAlgorithm=algorithm)
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert put[name] == head[name] and head["ChecksumType"] == "FULL_OBJECT"
    assert name not in s3.head_object(Bucket=bucket, Key="k")
    attributes = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ETag", "Checksum", "ObjectSize"])
    assert attributes["Checksum"][name] == head[name] and attributes["ObjectSize"] == 900_000
    if algorithm.startswith("SHA"):
        wrong = base64.b64encode(hashlib.new(algorithm.lower(), b"other").digest()).decode()
        assert refused(s3.put_object, Bucket=bucket, Key="w", Body=b"x", **{name: wrong}) == ("BadDigest", 400)
        assert refused(s3.head_object, Bucket=bucket, Key="w") == ("404", 404)


def test_checksum_nobody_asked_for(server, bucket):
    quiet = server.boto3(request_checksum_calculation="when_required")
    quiet.put_object(Bucket=bucket, Key="k", Body=b"123456789")
    head = quiet.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert head["ChecksumCRC64NVME"] == base64.b64encode(bytes.fromhex("ae8b14860a799888")).decode()


def test_content_md5(s3, bucket):
    right = base64.b64encode(hashlib.md5(b"x").digest()).decode()
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ContentMD5=right)
    assert refused(s3.put_object, Bucket=bucket, Key="w", Body=b"y", ContentMD5=right) == ("BadDigest", 400)
    assert refused(s3.put_object, Bucket=bucket, Key="w", Body=b"y", ContentMD5="nonsense") == ("InvalidDigest", 400)


@pytest.mark.parametrize(
    "header, expected",
    [
        ("bytes=0-3", (206, b"0123", "bytes 0-3/10")),
        ("bytes=4-", (206, b"456789", "bytes 4-9/10")),
        ("bytes=-3", (206, b"789", "bytes 7-9/10")),
        ("bytes=-30", (206, b"0123456789", "bytes 0-9/10")),
        ("bytes=8-100", (206, b"89", "bytes 8-9/10")),
        ("bytes=0-", (206, b"0123456789", "bytes 0-9/10")),
        ("bytes=3-2", (200, b"0123456789", None)),
        ("bytes=0-1,3-4", (200, b"0123456789", None)),
        ("nonsense", (200, b"0123456789", None)),
        ("bytes=a-b", (200, b"0123456789", None)),
    ],
)
def test_ranges(s3, bucket, header, expected):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="k", Range=header)
    assert (got["ResponseMetadata"]["HTTPStatusCode"], got["Body"].read(), got.get("ContentRange")) == expected


def test_ranges_that_cannot_be(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    s3.put_object(Bucket=bucket, Key="empty")
    with pytest.raises(botocore.exceptions.ClientError) as error:
        s3.get_object(Bucket=bucket, Key="k", Range="bytes=10-")
    assert (code(error), status(error)) == ("InvalidRange", 416)
    assert error.value.response["ResponseMetadata"]["HTTPHeaders"]["content-range"] == "bytes */10"
    for header in ("bytes=0-", "bytes=-1", "bytes=0-0"):
        assert refused(s3.get_object, Bucket=bucket, Key="empty", Range=header)[0] == "InvalidRange"
    assert refused(s3.get_object, Bucket=bucket, Key="none", Range="bytes=0-") == ("NoSuchKey", 404)
    etag = s3.head_object(Bucket=bucket, Key="k")["ETag"]
    assert refused(s3.get_object, Bucket=bucket, Key="k", Range="bytes=90-", IfMatch='"x"') == (
        "PreconditionFailed",
        412,
    )
    assert refused(s3.get_object, Bucket=bucket, Key="k", Range="bytes=90-", IfNoneMatch=etag) == ("304", 304)


def test_read_conditions(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    hour = datetime.timedelta(hours=1)
    for call in (s3.get_object, s3.head_object):
        missing = ("PreconditionFailed", 412) if call == s3.get_object else ("412", 412)
        call(Bucket=bucket, Key="k", IfMatch=etag)
        call(Bucket=bucket, Key="k", IfMatch=etag.strip('"'))
        call(Bucket=bucket, Key="k", IfMatch=etag, IfUnmodifiedSince=modified - hour)
        call(Bucket=bucket, Key="k", IfNoneMatch='"other"', IfModifiedSince=modified + hour)
        call(Bucket=bucket, Key="k", IfModifiedSince=modified - hour)
        assert refused(call, Bucket=bucket, Key="k", IfMatch='"other"') == missing
        assert refused(call, Bucket=bucket, Key="k", IfUnmodifiedSince=modified - hour) == missing
        assert refused(call, Bucket=bucket, Key="k", IfNoneMatch=etag) == ("304", 304)
        assert refused(call, Bucket=bucket, Key="k", IfModifiedSince=modified) == ("304", 304)


def test_write_conditions(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    failed = ("PreconditionFailed", 412)
    for body in (b"2", b"2" * 3_000_000):
        assert refused(s3.put_object, Bucket=bucket, Key="k", Body=body, IfNoneMatch="*") == failed
        assert refused(s3.put_object, Bucket=bucket, Key="k", Body=body, IfMatch='"other"') == failed
        assert refused(s3.put_object, Bucket=bucket, Key="none", Body=body, IfMatch=etag) == ("NoSuchKey", 404)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"
    assert (
        refused(
            s3.copy_object,
            Bucket=bucket,
            Key="k",
            CopySource=f"{bucket}/k",
            MetadataDirective="REPLACE",
            CopySourceIfMatch='"other"',
        )
        == failed
    )
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"3" * 3_000_000, IfMatch=etag)["ETag"]
    assert refused(s3.delete_object, Bucket=bucket, Key="k", IfMatch='"other"') == failed
    s3.delete_object(Bucket=bucket, Key="k", IfMatch=etag)
    assert refused(s3.head_object, Bucket=bucket, Key="k") == ("404", 404)


@pytest.mark.parametrize("size", [10, 2_000_000])
def test_one_winner(s3, bucket, size):
    def write(i):
        try:
            s3.put_object(Bucket=bucket, Key=f"k{i // 16}", Body=bytes([i]) * size, IfNoneMatch="*")
            return i
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "PreconditionFailed"

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        winners = [i for i in pool.map(write, range(64)) if i is not None]
    assert len(winners) == 4
    for i in winners:
        assert s3.get_object(Bucket=bucket, Key=f"k{i // 16}")["Body"].read() == bytes([i]) * size


def test_copy(s3, bucket):
    s3.put_object(
        Bucket=bucket, Key="from", Body=b"x" * 100, ContentType="text/plain", Metadata={"a": "1"}, Tagging="t=1"
    )
    s3.copy_object(Bucket=bucket, Key="kept", CopySource={"Bucket": bucket, "Key": "from"})
    kept = s3.get_object(Bucket=bucket, Key="kept")
    assert (kept["Body"].read(), kept["ContentType"], kept["Metadata"], kept["TagCount"]) == (
        b"x" * 100,
        "text/plain",
        {"a": "1"},
        1,
    )
    s3.copy_object(
        Bucket=bucket,
        Key="new",
        CopySource={"Bucket": bucket, "Key": "from"},
        MetadataDirective="REPLACE",
        ContentType="text/css",
        Metadata={"b": "2"},
    )
    new = s3.head_object(Bucket=bucket, Key="new")
    assert (new["ContentType"], new["Metadata"], new["ETag"]) == ("text/css", {"b": "2"}, kept["ETag"])
    assert refused(s3.copy_object, Bucket=bucket, Key="from", CopySource=f"{bucket}/from") == ("InvalidRequest", 400)
    s3.copy_object(
        Bucket=bucket, Key="from", CopySource=f"{bucket}/from", MetadataDirective="REPLACE", Metadata={"c": "3"}
    )
    assert s3.head_object(Bucket=bucket, Key="from")["Metadata"] == {"c": "3"}
    assert refused(s3.copy_object, Bucket=bucket, Key="y", CopySource=f"{bucket}/none") == ("NoSuchKey", 404)
    other = bucket[:50] + "-other"
    s3.create_bucket(Bucket=other)
    s3.copy_object(Bucket=other, Key="k", CopySource=f"{bucket}/from", ChecksumAlgorithm="SHA256")
    head = s3.head_object(Bucket=other, Key="k", ChecksumMode="ENABLED")
    assert head["Metadata"] == {"c": "3"}
    assert head["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"x" * 100).digest()).decode()


def test_tagging(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x", Metadata={"a": "b"})["ETag"]
    tags = [{"Key": "ключ", "Value": "a b"}, {"Key": "x", "Value": ""}]
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": tags})
    found = s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"]
    assert sorted(found, key=str) == sorted(tags, key=str)
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["ETag"], head["Metadata"]) == (etag, {"a": "b"})
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    many = [{"Key": str(i), "Value": ""} for i in range(11)]
    assert refused(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging={"TagSet": many}) == ("InvalidTag", 400)
