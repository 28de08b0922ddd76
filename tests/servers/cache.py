"""Getting the servers: each is installed once into the cache folder, through its language's own package manager."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MINIO = "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c"
GO_TOOLCHAIN = "go1.26.8"
S3PROXY = "4.1.0"

# jackson-annotations is pinned because S3Proxy's own choice lacks a class its other libraries load.
S3PROXY_POM = f"""<project><modelVersion>4.0.0</modelVersion>
<groupId>orlop</groupId><artifactId>servers</artifactId><version>0</version>
<dependencyManagement><dependencies><dependency><groupId>com.fasterxml.jackson.core</groupId>
<artifactId>jackson-annotations</artifactId><version>2.21</version></dependency></dependencies></dependencyManagement>
<dependencies><dependency><groupId>org.gaul</groupId><artifactId>s3proxy</artifactId>
<version>{S3PROXY}</version></dependency></dependencies></project>
"""

CEPH_COMMANDS = ("ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")


class CannotGet(Exception):
    """A server that could not be installed; the message says what to do."""


def folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(base) / "orlop" / "servers"
    path.mkdir(parents=True, exist_ok=True)
    return path


def say(text: str) -> None:
    print(f"[servers] {text}", file=sys.stderr, flush=True)


def minio() -> Path:
    binary = folder() / f"minio-{MINIO.rsplit('-', 1)[1]}"
    if not binary.exists():
        with tempfile.TemporaryDirectory(dir=folder()) as work:
            go, environment = _go(Path(work))
            environment["GOBIN"] = f"{work}/bin"
            _run_slowly(f"building MinIO with {go} (some minutes)", [go, "install", MINIO], environment)
            os.replace(f"{work}/bin/minio", binary)
    return binary


def s3proxy() -> Path:
    """The folder with its jars."""
    jars = folder() / f"s3proxy-{S3PROXY}"
    if not jars.exists():
        with tempfile.TemporaryDirectory(dir=folder()) as work:
            Path(work, "pom.xml").write_text(S3PROXY_POM)
            command = ["mvn", "-B", "-q", "-f", f"{work}/pom.xml", "dependency:copy-dependencies"]
            _run_slowly("getting S3Proxy from Maven Central", [*command, f"-DoutputDirectory={work}/lib"])
            os.replace(f"{work}/lib", jars)
    require("java", "apt-get install default-jre-headless")
    return jars


def ceph() -> None:
    for command in CEPH_COMMANDS:
        require(command, "apt-get install --no-install-recommends radosgw ceph-mon ceph-osd ceph-common")


def require(command: str, remedy: str) -> str:
    path = shutil.which(command)
    if not path:
        raise CannotGet(f"{command} is not here; {remedy}")
    return path


def _go(work: Path) -> tuple[str, dict[str, str]]:
    """A Go new enough for MinIO, with an environment that keeps its gigabytes of caches in `work`."""
    go = require("go", "apt-get install golang-go")
    environment = {
        **os.environ,
        "GOPATH": f"{work}/go",
        "GOCACHE": f"{work}/go-build",
        "GOFLAGS": "-modcacherw -buildvcs=false",
        "CGO_ENABLED": "0",
        "GO111MODULE": "on",
    }
    version = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout.strip()
    if _numbers(version) >= (1, 21):
        return go, {**environment, "GOTOOLCHAIN": "auto"}  # it gets itself the version a module asks for
    return _newer_go(go, environment), {**environment, "GOTOOLCHAIN": "local"}


def _newer_go(go: str, environment: dict[str, str]) -> str:
    """Go 1.21 and later fetch toolchains as a module; an older one can do so when told to."""
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    module = f"golang.org/toolchain@v0.0.1-{GO_TOOLCHAIN}.linux-{architecture}"
    output = _run_slowly(f"getting {GO_TOOLCHAIN} as a module", [go, "mod", "download", "-json", module], environment)
    root = Path(json.loads(output)["Dir"])
    # A module's zip carries no permission bits.
    for program in [*(root / "bin").iterdir(), *(root / "pkg" / "tool").rglob("*")]:
        program.chmod(0o755)
    return str(root / "bin" / "go")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.removeprefix("go").split(".")[:2])


def _run_slowly(title: str, command: list[str], environment: dict[str, str] | None = None) -> str:
    """Runs a long step with a dot every few seconds; its output is shown only when it fails."""
    require(command[0], f"apt-get install what has {command[0]}")
    say(title)
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=output, stderr=errors, env=environment, cwd=tempfile.gettempdir())
        started = time.monotonic()
        while process.poll() is None:
            time.sleep(0.5)
            if int((time.monotonic() - started) * 2) % 10 == 0:
                print(".", end="", file=sys.stderr, flush=True)
        print(f" {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            tail = "\n".join((output.read() + errors.read()).splitlines()[-30:])
            raise CannotGet(f"{title}: {command[0]} failed\n{tail}")
        return output.read()
