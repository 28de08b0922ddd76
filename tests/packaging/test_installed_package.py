"""The library as others get it: installed, found by CMake and pkg-config, its examples built against it and run."""

from __future__ import annotations

import os
import resource
import secrets
import shlex
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.fixtures import S3Server, running_servers

ROOT = Path(__file__).resolve().parents[2]
QUICK = bool(os.environ.get("ORLOP_TEST_QUICK"))


def run(*command: str | Path, **options) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600, **options)
    assert done.returncode == 0, f"{shlex.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installed Orlop, moved after its installation."""
    folder = tmp_path_factory.mktemp("installed")
    run("cmake", "--install", ROOT / "build/dev", "--prefix", folder / "first", "--strip")
    (folder / "first").rename(folder / "prefix")
    return folder / "prefix"


@pytest.fixture(scope="module")
def examples(prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    build = tmp_path_factory.mktemp("examples")
    options = [f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror"]
    run("cmake", "-S", ROOT / "examples", "-B", build, "-G", "Ninja", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache", *options)
    run("cmake", "--build", build)
    return build


def test_save_and_read(examples: Path, tmp_path: Path) -> None:
    for url in ("mem:", f"file://{tmp_path}"):
        assert run(examples / "save_and_read", url).splitlines() == [
            "notes/hello.txt: 13 bytes, text/plain",
            "Hello, world.",
            "world.",
            "still there: false",
        ]


def test_list(examples: Path) -> None:
    assert run(examples / "list").splitlines() == [
        "2024/b.jpg 10",
        "2024/c.jpg 10",
        "directory 2023",
        "directory 2024",
        "file readme.txt",
    ]


def test_upload_with_progress(examples: Path, tmp_path: Path) -> None:
    source, copy = tmp_path / "big.bin", tmp_path / "copy.bin"
    source.write_bytes(os.urandom(20 << 20))
    output = run(examples / "upload_with_progress", source, f"file://{tmp_path}/store", copy)
    assert output.splitlines() == ["sent 20971520 bytes", "got 20971520 bytes"]
    assert copy.read_bytes() == source.read_bytes()


def test_presign(examples: Path) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-real-secret"}
    download, upload, *headers = run(examples / "presign", env={**os.environ, **keys}).splitlines()
    assert download.startswith("https://bucket.s3.eu-central-1.amazonaws.com/reports/1.pdf?")
    assert "X-Amz-Expires=300" in download
    assert "response-content-disposition=attachment%3B%20filename%3D%22report.pdf%22" in download
    assert upload.startswith("PUT https://bucket.s3.eu-central-1.amazonaws.com/reports/2.pdf?")
    assert "content-type: application/pdf" in [header.lower() for header in headers]
    assert "not-a-real-secret" not in download + upload


def test_errors(examples: Path) -> None:
    missing, taken, outside = run(examples / "errors").splitlines()
    assert missing.startswith("not_found: ") and "missing.txt" in missing
    assert taken == "the lock is taken"
    assert outside.startswith("invalid_argument: ")


def test_own_layer(examples: Path) -> None:
    lines = run(examples / "own_layer").splitlines()
    assert "copy a.txt ok" in lines
    assert "stat c.txt failed" in lines
    assert lines[-1] == "c.txt exists: false"


def test_own_driver(examples: Path) -> None:
    english, french, refused = run(examples / "own_driver").splitlines()
    assert (english, french) == ("en/greeting: hello", "fr/greeting: salut")
    assert refused.startswith("unsupported: ")


def test_serve_in_tests(examples: Path) -> None:
    text, *requests = run(examples / "serve_in_tests").splitlines()
    assert text == "survives two failures"
    assert requests == ["PutObject 503", "PutObject 503", "PutObject 200", "GetObject 200"]


@pytest.fixture
def told(prefix: Path) -> Iterator[dict[str, str]]:
    """What `orlop serve` says of itself, in the words of Amazon's tools."""
    if not (prefix / "bin/orlop").exists():
        pytest.skip("the command is not built")
    server = subprocess.Popen([prefix / "bin/orlop", "serve", "mem:", "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        yield dict(server.stdout.readline().rstrip("\n").split("=", 1) for _ in range(3))
    finally:
        server.terminate()
        server.wait(10)


def test_share(examples: Path, told: dict[str, str], tmp_path: Path) -> None:
    source = tmp_path / "notes.txt"
    source.write_text("for everybody")
    url, *grants = run(examples / "share", source, "shared", env={**os.environ, **told}).splitlines()
    assert grants == ["FULL_CONTROL to orlop", "READ to http://acs.amazonaws.com/groups/global/AllUsers"]
    assert urllib.request.urlopen(url).read() == b"for everybody"


def follow_the_tutorial(examples: Path, folder: Path, place: dict[str, str], *arguments: str) -> None:
    """The example checks every step but the browser's, which is left to us."""
    bucket = f"orlop-tutorial-{os.getpid()}-{secrets.token_hex(4)}"
    *steps, response = run(
        examples / "boto_tutorial", bucket, folder, *arguments, env={**os.environ, **place}
    ).splitlines()
    checked = [step for step in steps if step.startswith("ok ")]
    grants = [step for step in steps if step.startswith("    ")]
    assert len(checked) + len(grants) == len(steps)
    assert (len(checked), len(grants)) == ((32, 0) if "no-acls" in arguments else (42, 2))
    word, url = response.split(" ")
    assert word == "response"
    context = ssl.create_default_context(cafile=place["AWS_CA_BUNDLE"]) if "AWS_CA_BUNDLE" in place else None
    with urllib.request.urlopen(url, context=context) as answer:
        assert answer.read() == b"1,2,3\n"
        assert answer.headers["Content-Type"] == "text/csv"
        assert answer.headers["Content-Disposition"] == "attachment; filename=report.csv"


def test_boto_tutorial(examples: Path, told: dict[str, str], tmp_path: Path) -> None:
    follow_the_tutorial(examples, tmp_path, told)


@pytest.mark.parametrize(
    "server",
    [server for server in running_servers() if server.name != "s3proxy"],  # which has no ACLs of objects
    ids=lambda server: f"{server.name}-{'tls' if server.secure else 'http'}",
)
def test_boto_tutorial_on_real_servers(examples: Path, tmp_path: Path, server: S3Server) -> None:
    place = {
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_ACCESS_KEY_ID": server.key,
        "AWS_SECRET_ACCESS_KEY": server.secret,
        "AWS_REGION": server.region,
    }
    if server.secure:
        place["AWS_CA_BUNDLE"] = server.ca
    follow_the_tutorial(examples, tmp_path, place, *(["no-acls"] if server.name == "minio" else []))


@pytest.mark.parametrize("form", [[], ["--static"]], ids=["plain", "static"])
def test_pkg_config(prefix: Path, tmp_path: Path, form: list[str]) -> None:
    packages = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}
    flags = shlex.split(run("pkg-config", *form, "--cflags", "--libs", "orlop", env=packages))
    source, program = ROOT / "examples/save_and_read.cpp", tmp_path / "program"
    run("g++", "-std=c++20", source, *flags, "-o", program)
    assert "Hello, world." in run(program)


@pytest.mark.skipif(not (ROOT / "build/dev/bin/orlop").exists(), reason="the command is not built")
def test_installed_command(prefix: Path) -> None:
    assert (prefix / "bin/orlop").stat().st_size < 4 << 20
    assert run(prefix / "bin/orlop", "version").startswith("orlop 0.")


def test_the_library_builds_in_a_minute(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    if QUICK:
        pytest.skip("--quick")
    build = tmp_path / "build"
    parts = [f"-DORLOP_{part}=OFF" for part in ("CLI", "SERVER", "TESTS", "PYTHON")]
    run("cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DCCACHE=", *parts)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    run("cmake", "--build", build, "-j2")
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - started
    # The processor time spread over two cores: what the clock shows when nothing else runs.
    seconds = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / 2
    with capsys.disabled():
        print(f"\nclean build of the library: {seconds:.0f} s on two cores (by the clock {wall:.0f} s)")
    assert seconds < 60
