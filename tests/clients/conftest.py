"""A server of our own for each test that asks for one, and foreign clients for it."""

import os
import pathlib
import shutil
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(pathlib.Path(__file__).parent))  # for rawhttp, beside this file


def server_program():
    build = os.environ.get("ORLOP_BUILD", str(ROOT / "build" / "dev"))
    program = pathlib.Path(build) / "tests" / "clients" / "orlop_test_server"
    if not program.exists():
        pytest.fail(f"{program} is not built (./dev build)")
    return str(program)


class Server:
    """One process; start() again after kill() serves what the directory holds."""

    def __init__(self, where, **environment):
        self.where = where
        self.environment = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "tester-secret", **environment}
        self.port = 0
        self.start()

    def start(self):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "ORLOP_"))}
        begun = time.perf_counter()
        self.process = subprocess.Popen(
            [server_program(), str(self.where), str(self.port)],
            stdout=subprocess.PIPE,
            text=True,
            env={**clean, **self.environment},
        )
        lines = dict(self.process.stdout.readline().strip().split("=", 1) for _ in range(3))
        self.ready_seconds = time.perf_counter() - begun
        self.endpoint = lines["AWS_ENDPOINT_URL"]
        self.port = int(self.endpoint.rsplit(":", 1)[1])
        self.key, self.secret = lines["AWS_ACCESS_KEY_ID"], lines["AWS_SECRET_ACCESS_KEY"]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(10)
        finally:
            self.kill()

    def client_environment(self):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return {
            **clean,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_PAGER": "",
        }

    def boto3(self, **options):
        import boto3
        import botocore.config

        config = {"retries": {"max_attempts": 0}, "max_pool_connections": 50, **options}
        key = config.pop("key", self.key)
        secret = config.pop("secret", self.secret)
        region = config.pop("region", "us-east-1")
        token = config.pop("token", None)
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=botocore.config.Config(**config),
        )


@pytest.fixture
def start_server(tmp_path):
    servers = []

    def start(where=None, **environment):
        servers.append(Server(where or tmp_path / "buckets", **environment))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture(scope="module", params=["directory", "memory"])
def server(request, tmp_path_factory):
    where = "mem:" if request.param == "memory" else tmp_path_factory.mktemp("buckets")
    running = Server(where)
    yield running
    running.kill()


@pytest.fixture(scope="module")
def s3(server):
    return server.boto3()


@pytest.fixture
def bucket(s3, request):
    name = "b-" + "".join(c if c.isalnum() else "-" for c in request.node.name.lower())[:50].strip("-")
    s3.create_bucket(Bucket=name)
    return name


def need(program):
    path = shutil.which(program)
    if not path:
        pytest.fail(f"{program} is needed for this test (./dev setup)")
    return path
