"""The command as a shell user runs it, against a server of its own (`orlop serve`) and local directories."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import boto3

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = shutil.which("orlop") or str(ROOT / "build/dev/bin/orlop")


@dataclass
class Done:
    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def json(self) -> list:
        return [json.loads(line) for line in self.out.splitlines()]


class Orlop:
    """Calls the command; everything about it but the arguments stays the same during a test."""

    def __init__(self, home: Path, variables: dict[str, str]):
        self.cwd = home / "work"
        self.cwd.mkdir(parents=True, exist_ok=True)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", **variables}

    def command(self, *arguments: object) -> list[str]:
        return [PROGRAM, *(os.fsdecode(a) if isinstance(a, bytes) else str(a) for a in arguments)]

    def __call__(self, *arguments: object, stdin: bytes = b"", env: dict[str, str] | None = None) -> Done:
        done = subprocess.run(
            self.command(*arguments),
            input=stdin,
            capture_output=True,
            cwd=self.cwd,
            env={**self.env, **(env or {})},
            timeout=60,
        )
        return Done(done.returncode, done.stdout, done.stderr.decode())

    def ok(self, *arguments: object, **options: object) -> Done:
        done = self(*arguments, **options)
        assert done.code == 0, done.err
        assert done.err == ""
        return done

    def fails(self, code: int, *arguments: object, **options: object) -> str:
        """The one line that says why."""
        done = self(*arguments, **options)
        assert done.code == code, (done.code, done.err)
        assert done.err.count("\n") == 1 and done.err.startswith("orlop: "), done.err
        return done.err.rstrip("\n")

    def start(self, *arguments: object, **options: object) -> subprocess.Popen:
        return subprocess.Popen(self.command(*arguments), cwd=self.cwd, env=self.env, **options)


class Server:
    """`orlop serve`, and an independent client to look at what it holds."""

    def __init__(self, *arguments: object, env: dict[str, str] | None = None):
        variables = {"PATH": os.environ["PATH"], **(env or {})}
        self.process = subprocess.Popen(
            [PROGRAM, "serve", *map(str, arguments), "--port", "0"], stdout=subprocess.PIPE, env=variables, text=True
        )
        self.variables = dict(self.process.stdout.readline().rstrip("\n").split("=", 1) for _ in range(3))
        self.endpoint = self.variables["AWS_ENDPOINT_URL"]
        self.boto = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.variables["AWS_SECRET_ACCESS_KEY"],
        )

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(10)


class Bucket:
    def __init__(self, server: Server, name: str):
        self.server = server
        self.name = name
        self.url = f"s3://{name}"
        server.boto.create_bucket(Bucket=name)

    def put(self, key: str, body: bytes = b"", **attributes: object) -> None:
        self.server.boto.put_object(Bucket=self.name, Key=key, Body=body, **attributes)

    def get(self, key: str) -> bytes:
        return self.server.boto.get_object(Bucket=self.name, Key=key)["Body"].read()

    def head(self, key: str) -> dict:
        return self.server.boto.head_object(Bucket=self.name, Key=key)

    def listing(self) -> list[str]:
        pages = self.server.boto.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def uploads(self) -> list:
        return self.server.boto.list_multipart_uploads(Bucket=self.name).get("Uploads", [])


def wait_until(condition, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
