"""boto3, unmodified, against the server: every operation it is used for, and the errors it must report."""

import base64
import concurrent.futures
import datetime
import hashlib
import io
import os
import urllib.request
import uuid

import boto3.s3.transfer
import botocore.exceptions
import pytest

# What no file can be called, or not while the others are there.
NOT_A_FILE = ["a//b", "/lead", "dir/", ".", "..", "a/./b", "a/../b", "../up", "x" * 1024, "a"]
ODD_KEYS = [
    "a b",
    "a+b",
    "a%b",
    "a%25b",
    "ümlaut",
    "u\u0308mlaut",
    "日本語",
    "😀",
    "～",
    "q?x#y",
    "a&b=c;d",
    "'quoted'\"",
    "<x>&amp;",
    "back\\slash",
    "co:lon",
    "!*'()~",
    " lead",
    "trail ",
    "tab\there",
    "new\nline",
    "cr\rhere",
    "\x01ctl",
    "del\x7f",
    "dir/body",
    "A",
    "/".join(["y" * 200] * 5),
    "a/b/c",
    *NOT_A_FILE,
]


def code(error):
    return error.value.response["Error"]["Code"]


def status(error):
    return error.value.response["ResponseMetadata"]["HTTPStatusCode"]


def refused(callable_, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        callable_(**arguments)
    return code(error), status(error)


def test_buckets(s3):
    name = "buckets-" + uuid.uuid4().hex
    s3.create_bucket(Bucket=name)
    s3.create_bucket(Bucket=name)  # in us-east-1 that is success
    assert name in [b["Name"] for b in s3.list_buckets()["Buckets"]]
    assert s3.head_bucket(Bucket=name)["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] is None
    assert "Status" not in s3.get_bucket_versioning(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"1")
    assert refused(s3.delete_bucket, Bucket=name) == ("BucketNotEmpty", 409)
    s3.delete_object(Bucket=name, Key="k")
    s3.create_multipart_upload(Bucket=name, Key="never finished")
    s3.delete_bucket(Bucket=name)
    assert refused(s3.list_objects_v2, Bucket=name) == ("NoSuchBucket", 404)
    assert refused(s3.head_bucket, Bucket=name) == ("404", 404)
    assert refused(s3.delete_bucket, Bucket=name) == ("NoSuchBucket", 404)


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


def test_odd_keys(s3, server, bucket):
    keys = ODD_KEYS
    if server.where != "mem:":
        keys = [key for key in ODD_KEYS if key not in NOT_A_FILE]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for key in set(ODD_KEYS) - set(keys):
        assert refused(s3.put_object, Bucket=bucket, Key=key, Body=b"") == ("InvalidArgument", 400), key
    for key in keys:
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode(), key
        s3.copy_object(Bucket=bucket, Key="copy of " + key[:900], CopySource={"Bucket": bucket, "Key": key})
    listed = [
        item["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 7})
        for item in page.get("Contents", [])
    ]
    expected = sorted(keys + ["copy of " + key[:900] for key in keys], key=str.encode)
    assert listed == expected
    # Quiet: boto3 cannot read an answer that names a control character, which XML 1.0 cannot express.
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": k} for k in expected], "Quiet": True})
    assert "Errors" not in answer
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_listing(s3, bucket):
    keys = ["a/b", "a/c/d", "a0", "b/1", "b/2", "b-x", "c", "～", "😀"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    ordered = sorted(keys, key=str.encode)
    whole = s3.list_objects_v2(Bucket=bucket)
    assert [o["Key"] for o in whole["Contents"]] == ordered
    assert whole["KeyCount"] == len(keys) and not whole["IsTruncated"] and whole["MaxKeys"] == 1000
    assert all(o["ETag"] == '"%s"' % hashlib.md5(b"x").hexdigest() and o["Size"] == 1 for o in whole["Contents"])
    page = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [o["Key"] for o in page["Contents"]] == [k for k in ordered if "/" not in k]
    assert [p["Prefix"] for p in page["CommonPrefixes"]] == ["a/", "b/"]
    page = s3.list_objects_v2(Bucket=bucket, Prefix="a/", Delimiter="/")
    assert ([o["Key"] for o in page["Contents"]], [p["Prefix"] for p in page["CommonPrefixes"]]) == (["a/b"], ["a/c/"])
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, StartAfter="b/1")["Contents"]] == [
        k for k in ordered if k > "b/1"
    ]
    assert s3.list_objects_v2(Bucket=bucket, Prefix="none")["KeyCount"] == 0
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=0)["KeyCount"] == 0
    assert refused(s3.list_objects_v2, Bucket=bucket, ContinuationToken="nonsense!") == ("InvalidArgument", 400)


@pytest.mark.parametrize("version", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_listing_pages(s3, bucket, version, size):
    keys = ["a", "b/1", "b/2", "c", "d/e/f", "d/x", "e"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key)
    for delimiter, expected in (("", keys), ("/", ["a", "b/", "c", "d/", "e"])):
        pages = list(
            s3.get_paginator(version).paginate(Bucket=bucket, Delimiter=delimiter, PaginationConfig={"PageSize": size})
        )
        found = sorted(
            x
            for p in pages
            for x in [o["Key"] for o in p.get("Contents", [])] + [c["Prefix"] for c in p.get("CommonPrefixes", [])]
        )
        assert found == expected
        assert all(len(p.get("Contents", [])) + len(p.get("CommonPrefixes", [])) <= size for p in pages)


def test_thousands(s3, bucket):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda i: s3.put_object(Bucket=bucket, Key=f"{i:05}"), range(1001)))
    page = s3.list_objects_v2(Bucket=bucket, MaxKeys=5000)
    assert page["KeyCount"] == 1000 and page["IsTruncated"]
    too_many = [{"Key": f"{i:05}"} for i in range(1001)]
    assert refused(s3.delete_objects, Bucket=bucket, Delete={"Objects": too_many}) == ("MalformedXML", 400)
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": too_many[:1000], "Quiet": True})
    assert "Deleted" not in quiet and "Errors" not in quiet
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


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


def test_upload_file(s3, bucket, tmp_path):
    data = os.urandom(20 << 20)
    (tmp_path / "up").write_bytes(data)
    s3.upload_file(str(tmp_path / "up"), bucket, "k", ExtraArgs={"ContentType": "image/x", "Metadata": {"a": "b"}})
    parts = [data[i : i + (8 << 20)] for i in range(0, len(data), 8 << 20)]
    etag = hashlib.md5(b"".join(hashlib.md5(p).digest() for p in parts)).hexdigest()
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["ETag"], head["ContentType"], head["Metadata"]) == (f'"{etag}-3"', "image/x", {"a": "b"})
    s3.download_file(bucket, "k", str(tmp_path / "down"))
    assert (tmp_path / "down").read_bytes() == data
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    part = s3.get_object(Bucket=bucket, Key="k", PartNumber=3)
    assert part["Body"].read() == parts[2] and part["PartsCount"] == 3
    assert refused(s3.get_object, Bucket=bucket, Key="k", PartNumber=4) == ("InvalidPartNumber", 416)
    config = boto3.s3.transfer.TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=8 << 20)
    s3.copy({"Bucket": bucket, "Key": "k"}, bucket, "copy", Config=config)
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == data


def begin(s3, bucket, **more):
    return s3.create_multipart_upload(Bucket=bucket, Key="k", **more)["UploadId"]


def upload(s3, bucket, upload_id, number, body, **more):
    answer = s3.upload_part(Bucket=bucket, Key="k", UploadId=upload_id, PartNumber=number, Body=body, **more)
    return {
        "PartNumber": number,
        "ETag": answer["ETag"],
        **{k: v for k, v in answer.items() if k.startswith("Checksum")},
    }


def complete(s3, bucket, upload_id, parts, **more):
    return s3.complete_multipart_upload(
        Bucket=bucket, Key="k", UploadId=upload_id, MultipartUpload={"Parts": parts}, **more
    )


def test_multipart(s3, bucket):
    big = b"a" * (5 << 20)
    upload_id = begin(s3, bucket)
    second = upload(s3, bucket, upload_id, 2, b"end")
    upload(s3, bucket, upload_id, 1, b"replaced")
    first = upload(s3, bucket, upload_id, 1, big)
    listed = s3.list_parts(Bucket=bucket, Key="k", UploadId=upload_id)
    assert [(p["PartNumber"], p["Size"], p["ETag"]) for p in listed["Parts"]] == [
        (1, len(big), first["ETag"]),
        (2, 3, second["ETag"]),
    ]
    page = s3.list_parts(Bucket=bucket, Key="k", UploadId=upload_id, MaxParts=1)
    assert page["IsTruncated"] and page["NextPartNumberMarker"] == 1
    assert [u["UploadId"] for u in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload_id]
    assert refused(s3.head_object, Bucket=bucket, Key="k") == ("404", 404)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert refused(complete, s3=s3, bucket=bucket, upload_id=upload_id, parts=[second, first]) == (
        "InvalidPartOrder",
        400,
    )
    wrong = {"PartNumber": 1, "ETag": '"00000000000000000000000000000000"'}
    assert refused(complete, s3=s3, bucket=bucket, upload_id=upload_id, parts=[wrong]) == ("InvalidPart", 400)
    assert refused(complete, s3=s3, bucket=bucket, upload_id=upload_id, parts=[dict(first, PartNumber=3)]) == (
        "InvalidPart",
        400,
    )
    done = complete(s3, bucket, upload_id, [first, second])
    assert done["ETag"].endswith('-2"')
    assert complete(s3, bucket, upload_id, [first, second])["ETag"] == done["ETag"]  # its answer might have been lost
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == big + b"end"
    assert refused(s3.list_parts, Bucket=bucket, Key="k", UploadId=upload_id) == ("NoSuchUpload", 404)
    assert refused(upload, s3=s3, bucket=bucket, upload_id=upload_id, number=1, body=b"") == ("NoSuchUpload", 404)


def test_multipart_refusals(s3, bucket):
    upload_id = begin(s3, bucket)
    parts = [upload(s3, bucket, upload_id, i, b"small") for i in (1, 2)]
    assert refused(complete, s3=s3, bucket=bucket, upload_id=upload_id, parts=parts) == ("EntityTooSmall", 400)
    for number in (0, 10_001):
        assert refused(upload, s3=s3, bucket=bucket, upload_id=upload_id, number=number, body=b"") == (
            "InvalidArgument",
            400,
        )
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload_id)
    for call in (s3.abort_multipart_upload, s3.list_parts):
        assert refused(call, Bucket=bucket, Key="k", UploadId=upload_id) == ("NoSuchUpload", 404)
    assert refused(s3.list_parts, Bucket=bucket, Key="k", UploadId="../../etc") == ("NoSuchUpload", 404)
    s3.put_object(Bucket=bucket, Key="k", Body=b"there")
    upload_id = begin(s3, bucket)
    parts = [upload(s3, bucket, upload_id, 1, b"x")]
    assert refused(complete, s3=s3, bucket=bucket, upload_id=upload_id, parts=parts, IfNoneMatch="*") == (
        "PreconditionFailed",
        412,
    )
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"there"


@pytest.mark.parametrize("algorithm, kind", [("CRC32", "COMPOSITE"), ("CRC32", "FULL_OBJECT"), ("SHA256", "COMPOSITE")])
def test_multipart_checksums(s3, bucket, algorithm, kind):
    import binascii

    pieces = [b"1" * (5 << 20), b"2" * (5 << 20), b"3"]
    upload_id = begin(s3, bucket, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    parts = [upload(s3, bucket, upload_id, i, p, ChecksumAlgorithm=algorithm) for i, p in enumerate(pieces, 1)]
    name = "Checksum" + algorithm

    def digest(data):
        return binascii.crc32(data).to_bytes(4, "big") if algorithm == "CRC32" else hashlib.sha256(data).digest()

    if kind == "FULL_OBJECT":
        expected = base64.b64encode(digest(b"".join(pieces))).decode()
        wrong = base64.b64encode(digest(b"wrong")).decode()
        assert refused(
            complete, s3=s3, bucket=bucket, upload_id=upload_id, parts=parts, **{name: wrong, "ChecksumType": kind}
        ) == ("BadDigest", 400)
        complete(s3, bucket, upload_id, parts, **{name: expected, "ChecksumType": kind})
    else:
        expected = base64.b64encode(digest(b"".join(digest(p) for p in pieces))).decode() + "-3"
        complete(s3, bucket, upload_id, parts)
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (head[name], head["ChecksumType"]) == (expected, kind)


def test_part_copy(s3, bucket):
    s3.put_object(Bucket=bucket, Key="from", Body=b"0123456789")
    upload_id = begin(s3, bucket)
    answer = s3.upload_part_copy(
        Bucket=bucket,
        Key="k",
        UploadId=upload_id,
        PartNumber=1,
        CopySource=f"{bucket}/from",
        CopySourceRange="bytes=2-5",
    )
    assert refused(
        s3.upload_part_copy,
        Bucket=bucket,
        Key="k",
        UploadId=upload_id,
        PartNumber=1,
        CopySource=f"{bucket}/from",
        CopySourceRange="bytes=2-50",
    ) == ("InvalidArgument", 400)
    complete(s3, bucket, upload_id, [{"PartNumber": 1, "ETag": answer["CopyPartResult"]["ETag"]}])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2345"


def fetch(url, method="GET", body=None, headers=None):
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, method=method, data=body, headers=headers or {})
        ) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned(s3, server, bucket, version):
    s3.put_object(Bucket=bucket, Key="a b+c/ü", Body=b"hello")
    signer = server.boto3(signature_version=version)

    def url(method, **more):
        return signer.generate_presigned_url(method, Params={"Bucket": bucket, "Key": "a b+c/ü", **more}, ExpiresIn=60)

    got = fetch(url("get_object", ResponseContentType="text/x", ResponseContentDisposition='attachment; filename="ü"'))
    assert got[:2] == (200, b"hello") and got[2]["Content-Type"] == "text/x"
    assert fetch(url("head_object"), "HEAD")[0] == 200
    assert fetch(url("put_object", ContentType="text/y"), "PUT", b"new", {"Content-Type": "text/y"})[0] == 200
    assert s3.head_object(Bucket=bucket, Key="a b+c/ü")["ContentType"] == "text/y"
    status_, body, _ = fetch(url("put_object", ContentType="text/y"), "PUT", b"new", {"Content-Type": "text/z"})
    assert status_ == 403 and b"SignatureDoesNotMatch" in body
    status_, body, _ = fetch(
        url("get_object").replace("X-Amz-Expires=60", "X-Amz-Expires=61").replace("Expires=17", "Expires=18")
    )
    assert status_ == 403 and b"SignatureDoesNotMatch" in body
    assert fetch(url("get_object"), "DELETE")[0] == 403
    assert fetch(url("delete_object"), "DELETE")[0] == 204
    status_, body, _ = fetch(url("get_object"))
    assert status_ == 404 and b"<Code>NoSuchKey</Code>" in body and b"<Key>a b+c/\xc3\xbc</Key>" in body
    status_, body, _ = fetch(f"{server.endpoint}/{bucket}/x")
    assert status_ == 403 and b"AccessDenied" in body


def post(url, fields, content, file_name="ü.txt"):
    boundary = uuid.uuid4().hex
    out = io.BytesIO()
    for name, value in fields.items():
        out.write(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    out.write(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file_name}"\r\n'
        "Content-Type: text/plain\r\n\r\n".encode()
        + content
        + f"\r\n--{boundary}--\r\n".encode()
    )
    return fetch(url, "POST", out.getvalue(), {"Content-Type": f"multipart/form-data; boundary={boundary}"})


@pytest.mark.parametrize("size", [0, 10, 1_500_000])
def test_form(s3, server, bucket, size):
    signer = server.boto3(signature_version="s3v4")
    data = os.urandom(size)
    form = signer.generate_presigned_post(
        bucket,
        "up/${filename}",
        Fields={"success_action_status": "201", "Content-Type": "text/plain", "x-amz-meta-a": "b"},
        Conditions=[
            {"success_action_status": "201"},
            ["starts-with", "$Content-Type", "text/"],
            {"x-amz-meta-a": "b"},
            ["content-length-range", 0, 2_000_000],
        ],
    )
    status_, body, _ = post(form["url"], form["fields"], data)
    assert status_ == 201 and b"<Key>up/\xc3\xbc.txt</Key>" in body
    got = s3.get_object(Bucket=bucket, Key="up/ü.txt")
    assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (data, "text/plain", {"a": "b"})
    assert got["ETag"] == '"%s"' % hashlib.md5(data).hexdigest()


def test_form_refusals(s3, server, bucket):
    signer = server.boto3(signature_version="s3v4")
    form = signer.generate_presigned_post(bucket, "k", Conditions=[["content-length-range", 2, 5]])

    def refusal(fields, content=b"123"):
        status_, body, _ = post(form["url"], fields, content)
        return status_, body.split(b"<Code>")[1].split(b"</Code>")[0]

    assert refusal(form["fields"], b"123456") == (400, b"EntityTooLarge")
    assert refusal(form["fields"], b"1") == (400, b"EntityTooSmall")
    assert refusal({**form["fields"], "key": "other"}) == (403, b"AccessDenied")
    assert refusal({**form["fields"], "acl": "public-read"}) == (403, b"AccessDenied")
    assert refusal({**form["fields"], "x-amz-signature": "0" * 64}) == (403, b"SignatureDoesNotMatch")
    assert refusal({"key": "k"}) == (403, b"AccessDenied")
    expired = signer.generate_presigned_post(bucket, "k", ExpiresIn=-10)
    assert refusal(expired["fields"]) == (403, b"AccessDenied")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert post(form["url"], form["fields"], b"123")[0] == 204


def test_acl_and_anonymous(s3, server, bucket):
    s3.put_object(Bucket=bucket, Key="open", Body=b"1", ACL="public-read")
    s3.put_object(Bucket=bucket, Key="closed", Body=b"2")
    assert fetch(f"{server.endpoint}/{bucket}/open")[:2] == (200, b"1")
    assert fetch(f"{server.endpoint}/{bucket}/closed")[0] == 403
    assert fetch(f"{server.endpoint}/{bucket}/missing")[0] == 403
    assert fetch(f"{server.endpoint}/{bucket}?list-type=2")[0] == 403
    assert fetch(f"{server.endpoint}/{bucket}/open", "PUT", b"x")[0] == 403
    grants = s3.get_object_acl(Bucket=bucket, Key="open")["Grants"]
    assert {"URI": "http://acs.amazonaws.com/groups/global/AllUsers", "Type": "Group"} in [g["Grantee"] for g in grants]
    s3.put_object_acl(Bucket=bucket, Key="closed", ACL="public-read")
    assert fetch(f"{server.endpoint}/{bucket}/closed?v=4.7")[:2] == (200, b"2")
    s3.put_object_acl(Bucket=bucket, Key="closed", ACL="private")
    assert fetch(f"{server.endpoint}/{bucket}/closed")[0] == 403
    s3.create_bucket(Bucket="public")
    s3.put_object(Bucket="public", Key="x", Body=b"3")
    assert fetch(f"{server.endpoint}/public/x")[:2] == (200, b"3")
    assert fetch(f"{server.endpoint}/public/none")[0] == 404


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


def test_who_is_refused(s3, server, bucket):
    assert refused(server.boto3(secret="wrong").list_buckets) == ("SignatureDoesNotMatch", 403)
    assert refused(server.boto3(key="unknown").list_buckets) == ("InvalidAccessKeyId", 403)
    assert refused(server.boto3(token="unasked").list_buckets) == ("InvalidToken", 400)
    with pytest.raises(botocore.exceptions.ClientError) as error:
        server.boto3(region="eu-west-1").list_buckets()
    assert code(error) == "AuthorizationHeaderMalformed"
    assert error.value.response["Error"]["Region"] == "us-east-1"
    assert server.boto3(region="eu-west-1").list_objects_v2(Bucket=bucket)["KeyCount"] == 0  # boto3 corrects itself


def test_what_is_not_there(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    for call in (
        s3.delete_public_access_block,
        s3.delete_bucket_cors,
        s3.delete_bucket_policy,
        s3.delete_bucket_lifecycle,
        s3.get_bucket_policy,
        s3.get_bucket_cors,
        s3.list_object_versions,
        s3.get_bucket_acl,
    ):
        assert refused(call, Bucket=bucket) == ("NotImplemented", 501)
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"y", ServerSideEncryption="AES256") == (
        "NotImplemented",
        501,
    )
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"y", WriteOffsetBytes=1) == ("NotImplemented", 501)
    assert refused(s3.rename_object, Bucket=bucket, Key="k", RenameSource="z") == ("NotImplemented", 501)
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId="abc") == ("NoSuchVersion", 404)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    assert refused(s3.put_object, Bucket=bucket, Key=".orlop.serve/x", Body=b"") == ("AccessDenied", 403)


def test_signature_version_2_in_headers(server, s3, bucket):
    old = server.boto3(signature_version="s3", request_checksum_calculation="when_required")
    old.put_object(Bucket=bucket, Key="a b", Body=b"x", Metadata={"a": "b"})
    assert old.get_object(Bucket=bucket, Key="a b")["Metadata"] == {"a": "b"}
    assert old.get_object_tagging(Bucket=bucket, Key="a b")["TagSet"] == []
    assert old.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    wrong = server.boto3(signature_version="s3", secret="wrong", request_checksum_calculation="when_required")
    assert refused(wrong.get_object, Bucket=bucket, Key="a b") == ("SignatureDoesNotMatch", 403)


def test_virtual_hosts(server, bucket, s3):
    import http.client

    s3.put_object(Bucket=bucket, Key="dir/k", Body=b"x", ACL="public-read")
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for host in (f"{bucket}.localhost:{server.port}", f"{bucket}.s3.localhost"):
        connection.request("GET", "/dir/k", headers={"Host": host})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"x")


def test_session_token(start_server):
    server = start_server(AWS_SESSION_TOKEN="a-token")
    assert server.boto3(token="a-token").list_buckets()["Buckets"] == []
    assert refused(server.boto3(token="another").list_buckets) == ("InvalidToken", 400)
    with pytest.raises(botocore.exceptions.ClientError):
        server.boto3().list_buckets()
