"""boto3, unmodified, against the server: buckets, keys and their listings."""

import concurrent.futures
import hashlib
import uuid

import pytest
from boto3_errors import refused


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
