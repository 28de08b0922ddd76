"""serve as a command (the server has tests of its own), and check."""

import os
import signal
import time

import pytest
from botocore.exceptions import ClientError
from cli.harness import Bucket, Orlop, Server


def test_ready_soon(tmp_path):
    start = time.perf_counter()
    server = Server(tmp_path)
    # Generous, for machines that do other things meanwhile; bench/ has the number that counts.
    assert time.perf_counter() - start < 2
    assert server.stop() == 0


def test_keys_of_the_environment_are_kept(tmp_path):
    server = Server("mem:", env={"AWS_ACCESS_KEY_ID": "mykey", "AWS_SECRET_ACCESS_KEY": "mysecret"})
    assert server.variables["AWS_ACCESS_KEY_ID"] == "mykey"
    assert server.variables["AWS_SECRET_ACCESS_KEY"] == "mysecret"
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(10) == 0


def test_a_directory_survives(tmp_path):
    first = Server(tmp_path / "data")
    Bucket(first, "kept").put("a/b.txt", b"kept", ContentType="text/x-own")
    first.process.kill()
    first.process.wait()
    second = Server(tmp_path / "data")
    answer = second.boto.get_object(Bucket="kept", Key="a/b.txt")
    assert (answer["Body"].read(), answer["ContentType"]) == (b"kept", "text/x-own")
    assert second.stop() == 0


def test_another_bucket(bucket, server):
    bucket.put("p/a.txt", b"through")
    gateway = Server(f"{bucket.url}/p", env={**server.variables, "AWS_REGION": "us-east-1"})
    assert gateway.boto.get_object(Bucket=bucket.name, Key="a.txt")["Body"].read() == b"through"
    gateway.boto.put_object(Bucket=bucket.name, Key="new/b.txt", Body=b"and back", Metadata={"color": "blue"})
    behind = server.boto.get_object(Bucket=bucket.name, Key="p/new/b.txt")
    assert (behind["Body"].read(), behind["Metadata"]["color"]) == (b"and back", "blue")
    assert gateway.boto.head_object(Bucket=bucket.name, Key="new/b.txt")["Metadata"] == {"color": "blue"}
    listed = gateway.boto.list_objects_v2(Bucket=bucket.name)["Contents"]
    assert [entry["Key"] for entry in listed] == ["a.txt", "new/b.txt"]
    assert gateway.stop() == 0


@pytest.mark.parametrize("is_gateway", [False, True])
def test_the_servers_own_names_are_refused(bucket, server, is_gateway):
    own = Server(bucket.url, env={**server.variables, "AWS_REGION": "us-east-1"}) if is_gateway else server
    kind = "gateway" if is_gateway else "serve"
    client, place = own.boto, {"Bucket": bucket.name}
    key, metadata = f".orlop.{kind}/bucket", {f"orlop-{kind}-facts": "size=1"}
    client.put_object(**place, Key="a")
    client.put_object_acl(**place, Key="a", ACL="public-read")
    client.put_bucket_tagging(**place, Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})  # is kept under that key
    refused = {
        "AccessDenied": [
            lambda: client.get_object(**place, Key=key),
            lambda: client.put_object(**place, Key=key),
            lambda: client.delete_object(**place, Key=key),
            lambda: client.create_multipart_upload(**place, Key=key),
            lambda: client.copy_object(**place, Key="b", CopySource=f"{bucket.name}/{key}"),
        ],
        "InvalidArgument": [
            lambda: client.put_object(**place, Key="b", Metadata=metadata),
            lambda: client.create_multipart_upload(**place, Key="b", Metadata=metadata),
        ],
    }
    for code, calls in refused.items():
        for call in calls:
            with pytest.raises(ClientError) as caught:
                call()
            assert caught.value.response["Error"]["Code"] == code
    batch = client.delete_objects(**place, Delete={"Objects": [{"Key": key}]})
    assert [error["Code"] for error in batch["Errors"]] == ["AccessDenied"]
    assert [entry["Key"] for entry in client.list_objects_v2(**place)["Contents"]] == ["a"]
    if is_gateway:
        assert own.stop() == 0


def test_public_buckets(tmp_path):
    server = Server("mem:", "--public", "open")
    Bucket(server, "open").put("k", b"for all")
    Bucket(server, "shut").put("k", b"not for all")
    orlop = Orlop(tmp_path, {"AWS_ENDPOINT_URL": server.endpoint})
    assert orlop.ok("cat", "--set", "anonymous=true", "s3://open/k").out == b"for all"
    orlop.fails(4, "cat", "--set", "anonymous=true", "s3://shut/k")
    assert server.stop() == 0


def test_what_cannot_be_served(orlop, server):
    port = server.endpoint.rsplit(":", 1)[1]
    assert port in orlop.fails(2, "serve", "mem:", "--port", port)
    assert "faults" in orlop.fails(3, "serve", "mem:", "--port", "0", "--fault-script", "faults")
    (orlop.cwd / "faults").write_text("make-it-so\n")
    orlop.fails(2, "serve", "mem:", "--port", "0", "--fault-script", "faults")


def results(done):
    return {line["check"]: line["result"] for line in done.json}


def test_check(orlop, bucket):
    done = orlop.ok("check", "--json", bucket.url)
    assert results(done) == {
        "settings": "ok", "credentials": "ok", "endpoint": "ok", "list": "ok", "read": "ok", "write": "skipped",
    }  # fmt: skip
    done = orlop.ok("check", "--json", "--write", bucket.url + "/prefix/")
    assert results(done)["write"] == results(done)["remove"] == "ok"
    assert bucket.listing() == []
    text = orlop.ok("check", bucket.url).text
    assert "ok    list" in text and "add --write" in text


@pytest.mark.parametrize(
    ("env", "code", "failed", "says"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, 4, "list", "AWS_SECRET_ACCESS_KEY"),
        ({"AWS_ACCESS_KEY_ID": "WRONG"}, 4, "list", "AWS_ACCESS_KEY_ID"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, 6, "list", "--endpoint-url"),
        ({"AWS_ENDPOINT_URL": "not a url"}, 2, "settings", "endpoint"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, 4, "credentials", "AWS_ACCESS_KEY_ID"),
    ],
)
def test_check_says_what_to_change(orlop, bucket, env, code, failed, says):
    done = orlop("check", "--json", bucket.url, env={"AWS_EC2_METADATA_DISABLED": "true", **env})
    assert done.code == code
    last = done.json[-1]
    assert (last["check"], last["result"]) == (failed, "failed")
    assert says in last["detail"]


def test_check_of_a_missing_bucket(orlop):
    done = orlop("check", "s3://there-is-no-such-bucket")
    assert done.code == 3 and "orlop mb" in done.text


def test_check_of_a_directory(orlop, work):
    assert results(orlop.ok("check", "--json", "--write", "."))["write"] == "ok"
    assert os.listdir(work) == []


def test_check_of_a_missing_directory(orlop):
    done = orlop("check", "missing")
    assert done.code == 3 and "make the directory" in done.text and "orlop mb" not in done.text


def test_verbose_shows_requests_and_no_secret(orlop, bucket):
    done = orlop("ls", "--verbose", bucket.url)
    assert done.code == 0
    assert "GET 127.0.0.1" in done.err and "200" in done.err
    assert orlop.env["AWS_SECRET_ACCESS_KEY"] not in done.err
