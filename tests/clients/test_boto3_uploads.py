"""boto3, unmodified, against the server: uploads in parts."""

import base64
import functools
import hashlib
import os
import zlib

import boto3.s3.transfer
import pytest
from boto3_errors import refused


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
    assert refused(complete, s3, bucket, upload_id, [second, first]) == ("InvalidPartOrder", 400)
    wrong = {"PartNumber": 1, "ETag": '"00000000000000000000000000000000"'}
    assert refused(complete, s3, bucket, upload_id, [wrong]) == ("InvalidPart", 400)
    assert refused(complete, s3, bucket, upload_id, [dict(first, PartNumber=3)]) == ("InvalidPart", 400)
    done = complete(s3, bucket, upload_id, [first, second])
    assert done["ETag"].endswith('-2"')
    assert complete(s3, bucket, upload_id, [first, second])["ETag"] == done["ETag"]  # its answer might have been lost
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == big + b"end"
    assert refused(s3.list_parts, Bucket=bucket, Key="k", UploadId=upload_id) == ("NoSuchUpload", 404)
    assert refused(upload, s3, bucket, upload_id, 1, b"") == ("NoSuchUpload", 404)


def test_multipart_refusals(s3, bucket):
    upload_id = begin(s3, bucket)
    parts = [upload(s3, bucket, upload_id, i, b"small") for i in (1, 2)]
    assert refused(complete, s3, bucket, upload_id, parts) == ("EntityTooSmall", 400)
    for number in (0, 10_001):
        assert refused(upload, s3, bucket, upload_id, number, b"") == ("InvalidArgument", 400)
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload_id)
    for call in (s3.abort_multipart_upload, s3.list_parts):
        assert refused(call, Bucket=bucket, Key="k", UploadId=upload_id) == ("NoSuchUpload", 404)
    assert refused(s3.list_parts, Bucket=bucket, Key="k", UploadId="../../etc") == ("NoSuchUpload", 404)
    s3.put_object(Bucket=bucket, Key="k", Body=b"there")
    upload_id = begin(s3, bucket)
    parts = [upload(s3, bucket, upload_id, 1, b"x")]
    assert refused(complete, s3, bucket, upload_id, parts, IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"there"


@pytest.mark.parametrize("algorithm, kind", [("CRC32", "COMPOSITE"), ("CRC32", "FULL_OBJECT"), ("SHA256", "COMPOSITE")])
def test_multipart_checksums(s3, bucket, algorithm, kind):
    pieces = [b"1" * (5 << 20), b"2" * (5 << 20), b"3"]
    upload_id = begin(s3, bucket, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    parts = [upload(s3, bucket, upload_id, i, p, ChecksumAlgorithm=algorithm) for i, p in enumerate(pieces, 1)]
    name = "Checksum" + algorithm

    def digest(data):
        return zlib.crc32(data).to_bytes(4, "big") if algorithm == "CRC32" else hashlib.sha256(data).digest()

    if kind == "FULL_OBJECT":
        expected = base64.b64encode(digest(b"".join(pieces))).decode()
        wrong = base64.b64encode(digest(b"wrong")).decode()
        assert refused(complete, s3, bucket, upload_id, parts, **{name: wrong, "ChecksumType": kind}) == (
            "BadDigest",
            400,
        )
        complete(s3, bucket, upload_id, parts, **{name: expected, "ChecksumType": kind})
    else:
        expected = base64.b64encode(digest(b"".join(digest(p) for p in pieces))).decode() + "-3"
        complete(s3, bucket, upload_id, parts)
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (head[name], head["ChecksumType"]) == (expected, kind)


def test_part_copy(s3, bucket):
    s3.put_object(Bucket=bucket, Key="from", Body=b"0123456789")
    upload_id = begin(s3, bucket)
    copy = functools.partial(
        s3.upload_part_copy, Bucket=bucket, Key="k", UploadId=upload_id, PartNumber=1, CopySource=f"{bucket}/from"
    )
    answer = copy(CopySourceRange="bytes=2-5")
    assert refused(copy, CopySourceRange="bytes=2-50") == ("InvalidArgument", 400)
    complete(s3, bucket, upload_id, [{"PartNumber": 1, "ETag": answer["CopyPartResult"]["ETag"]}])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2345"
