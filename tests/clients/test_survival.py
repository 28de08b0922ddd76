"""What is stored survives kill -9 at any moment: whole objects, and the parts of uploads."""

import concurrent.futures
import hashlib
import os
import random
import signal
import threading
import time

import botocore.exceptions
import pytest


def test_ready_at_once(start_server):
    assert start_server("mem:").ready_seconds < 0.5  # 5 ms on an idle machine


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_when_told(start_server, number):
    server = start_server("mem:")
    time.sleep(0.2)  # the lines are printed before wait() is called
    server.process.send_signal(number)
    assert server.process.wait(10) == 0


def test_everything_is_there_again(start_server):
    server = start_server()
    s3 = server.boto3()
    s3.create_bucket(Bucket="bkt")
    s3.put_object(
        Bucket="bkt", Key="dir/k", Body=b"x" * 3_000_000, ContentType="text/x", Metadata={"a": "b"}, Tagging="t=1"
    )
    before = s3.head_object(Bucket="bkt", Key="dir/k", ChecksumMode="ENABLED")
    upload_id = s3.create_multipart_upload(Bucket="bkt", Key="big", ContentType="text/y")["UploadId"]
    first = s3.upload_part(Bucket="bkt", Key="big", UploadId=upload_id, PartNumber=1, Body=b"1" * (5 << 20))["ETag"]
    server.kill()
    server.start()
    after = s3.head_object(Bucket="bkt", Key="dir/k", ChecksumMode="ENABLED")
    names = ("ETag", "ContentType", "Metadata", "LastModified", "ContentLength", "TagCount", "ChecksumCRC32")
    assert [before[n] for n in names] == [after[n] for n in names]
    assert s3.list_parts(Bucket="bkt", Key="big", UploadId=upload_id)["Parts"][0]["ETag"] == first
    second = s3.upload_part(Bucket="bkt", Key="big", UploadId=upload_id, PartNumber=2, Body=b"2")["ETag"]
    parts = [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": second}]
    s3.complete_multipart_upload(Bucket="bkt", Key="big", UploadId=upload_id, MultipartUpload={"Parts": parts})
    got = s3.get_object(Bucket="bkt", Key="big")
    assert got["Body"].read() == b"1" * (5 << 20) + b"2" and got["ContentType"] == "text/y"


def test_killed_while_writing(start_server):
    """Writers overwrite few keys with contents that name their own hash; the server is killed again and again."""
    server = start_server()
    s3 = server.boto3(connect_timeout=2, read_timeout=5)
    s3.create_bucket(Bucket="bkt")
    stop = threading.Event()
    acknowledged = {}

    def content(key, i):
        size = random.choice([10, 5000, 1_500_000])
        body = f"{key} {i} ".encode() + os.urandom(size)
        return body + hashlib.sha256(body).digest()

    def write(worker):
        key = f"dir/k{worker}"
        for i in range(100_000):
            if stop.is_set():
                return
            try:
                s3.put_object(Bucket="bkt", Key=key, Body=content(key, i), Metadata={"i": str(i)})
                acknowledged[key] = i
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                time.sleep(0.02)

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        workers = [pool.submit(write, w) for w in range(6)]
        for _ in range(6):
            time.sleep(random.uniform(0.3, 0.7))
            server.kill()
            seen = dict(acknowledged)
            server.start()
            for key, least in seen.items():
                got = s3.get_object(Bucket="bkt", Key=key)
                body = got["Body"].read()
                assert hashlib.sha256(body[:-32]).digest() == body[-32:], key
                assert got["ETag"] == '"%s"' % hashlib.md5(body).hexdigest()
                assert int(got["Metadata"]["i"]) == int(body.split()[1]) >= least
        stop.set()
        for worker in workers:
            worker.result()
    listed = s3.list_objects_v2(Bucket="bkt")["Contents"]
    assert sorted(o["Key"] for o in listed) == sorted(acknowledged)
