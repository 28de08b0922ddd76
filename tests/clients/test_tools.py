"""aws-cli and a Go program, unmodified, against the server."""

import os
import pathlib
import subprocess

import pytest
from conftest import Server, need

HERE = pathlib.Path(__file__).parent


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("buckets"))
    yield running
    running.kill()


def aws(server, *arguments, fails=False):
    done = subprocess.run(
        [need("aws"), *arguments], env=server.client_environment(), capture_output=True, text=True, timeout=120
    )
    assert (done.returncode != 0) == fails, done.stderr
    return done.stdout


def test_aws_s3(server, tmp_path):
    tree = tmp_path / "tree"
    (tree / "sub dir").mkdir(parents=True)
    big = os.urandom(20 << 20)
    (tree / "big.bin").write_bytes(big)
    (tree / "sub dir" / "ü.txt").write_text("hello")
    aws(server, "s3", "mb", "s3://cli-bucket")
    aws(server, "s3", "cp", str(tree / "big.bin"), "s3://cli-bucket/one.bin", "--only-show-errors")
    aws(server, "s3", "cp", "s3://cli-bucket/one.bin", str(tmp_path / "back"), "--only-show-errors")
    assert (tmp_path / "back").read_bytes() == big
    aws(server, "s3", "sync", str(tree), "s3://cli-bucket/tree", "--only-show-errors")
    listing = aws(server, "s3", "ls", "s3://cli-bucket", "--recursive")
    assert "20971520 tree/big.bin" in listing and "5 tree/sub dir/ü.txt" in listing
    assert "PRE tree/" in aws(server, "s3", "ls", "s3://cli-bucket")
    assert aws(server, "s3", "sync", str(tree), "s3://cli-bucket/tree") == ""  # nothing to do a second time
    aws(server, "s3", "sync", "s3://cli-bucket/tree", str(tmp_path / "again"), "--only-show-errors")
    assert (tmp_path / "again" / "sub dir" / "ü.txt").read_text() == "hello"
    aws(server, "s3", "mv", "s3://cli-bucket/one.bin", "s3://cli-bucket/two.bin", "--only-show-errors")
    aws(server, "s3", "cp", "s3://cli-bucket/none", "-", fails=True)
    aws(server, "s3", "rm", "s3://cli-bucket", "--recursive", "--only-show-errors")
    assert aws(server, "s3", "ls", "s3://cli-bucket") == ""
    aws(server, "s3", "rb", "s3://cli-bucket")


def test_aws_s3api(server, tmp_path):
    body = tmp_path / "body"
    body.write_text("hello")
    aws(server, "s3api", "create-bucket", "--bucket", "api-bucket")
    put = ("s3api", "put-object", "--bucket", "api-bucket", "--key", "k", "--body", str(body), "--if-none-match", "*")
    aws(server, *put)
    aws(server, *put, fails=True)
    assert '"ContentLength": 5' in aws(server, "s3api", "head-object", "--bucket", "api-bucket", "--key", "k")
    assert (
        aws(
            server,
            "s3api",
            "list-objects-v2",
            "--bucket",
            "api-bucket",
            "--query",
            "Contents[].Key",
            "--output",
            "text",
        ).strip()
        == "k"
    )
    url = aws(server, "s3", "presign", "s3://api-bucket/k").strip()
    import urllib.request

    assert urllib.request.urlopen(url).read() == b"hello"
    aws(server, "s3", "rb", "s3://api-bucket", "--force")


@pytest.fixture(scope="session")
def go_program(tmp_path_factory):
    program = tmp_path_factory.mktemp("go") / "goclient"
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0"}
    subprocess.run(
        [need("go"), "build", "-o", str(program), "."], cwd=HERE / "goclient", env=environment, check=True, timeout=500
    )
    return program


def test_minio_go(server, go_program):
    done = subprocess.run(
        [str(go_program)], env=server.client_environment(), capture_output=True, text=True, timeout=120
    )
    assert (done.stdout, done.stderr) == ("ok\n", "")
