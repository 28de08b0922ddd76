"""Exit codes, faults of the service, and being told to stop."""

import os
import signal
import socket
import subprocess
import time

import pytest
from cli.harness import Bucket, Orlop, Server, wait_until

MEGABYTE = 1 << 20


# ---- Exit codes ----


def test_denied(orlop, bucket):
    bucket.put("k", b"secret")
    line = orlop.fails(4, "cat", bucket.url + "/k", env={"AWS_SECRET_ACCESS_KEY": "hush-hush"})
    assert "secret_access_key" in line and "hush" not in line
    orlop.fails(4, "cat", "--set", "anonymous=true", bucket.url + "/k")


def test_unreachable(orlop):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    line = orlop.fails(6, "ls", "--endpoint-url", f"http://127.0.0.1:{port}", "s3://bucket")
    assert str(port) in line


def test_an_unknown_host_is_named(orlop):
    line = orlop.fails(6, "ls", "--endpoint-url", "http://no-such-host.invalid", "s3://bucket")
    assert "no-such-host.invalid" in line


def test_full_standard_output(orlop, bucket):
    bucket.put("k", b"x" * MEGABYTE)
    with open("/dev/full", "wb") as full:
        process = orlop.start("cat", bucket.url + "/k", stdout=full, stderr=subprocess.PIPE)
        error = process.communicate(timeout=10)[1]
    assert process.returncode == 1
    assert error == b"orlop: standard output: No space left on device\n"


# ---- Faults ----


@pytest.fixture
def faulty(tmp_path):
    """A server that acts out a script, and the command talking to it."""
    servers = []

    def start(script):
        file = tmp_path / "faults"
        file.write_text(script)
        server = Server("mem:", "--fault-script", file)
        servers.append(server)
        return Bucket(server, "bucket"), Orlop(tmp_path / "home", server.variables)

    yield start
    assert [server.stop() for server in servers] == [0] * len(servers)


def test_cat_delivers_nothing_twice(faulty):
    bucket, orlop = faulty("GET /bucket/k drop-after-256K\n")
    content = os.urandom(3 * MEGABYTE)
    bucket.put("k", content)
    assert orlop.ok("cat", bucket.url + "/k").out == content


def test_trouble_that_passes_is_not_seen(faulty, work):
    bucket, orlop = faulty("PUT /bucket/k 503-twice\n")
    orlop.ok("cp", "-", bucket.url + "/k", stdin=b"content")
    assert bucket.get("k") == b"content"


def test_a_corrupt_body_never_becomes_a_file(faulty):
    bucket, orlop = faulty("GET /bucket/k corrupt-body\n")
    bucket.put("k", os.urandom(MEGABYTE), ChecksumAlgorithm="SHA256")
    orlop.fails(7, "cp", "--set", "dialect=orlop", bucket.url + "/k", "file")
    assert os.listdir(orlop.cwd) == []


# ---- Told to stop ----


def interrupted(process, sent):
    process.send_signal(sent)
    assert process.wait(10) == 130
    assert process.stderr.read() == b"orlop: interrupted\n"


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_standard_input_is_silent(orlop, bucket, sent):
    process = orlop.start("cp", "-", bucket.url + "/k", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(bytes(80 * MEGABYTE))
    process.stdin.flush()
    wait_until(bucket.uploads)
    interrupted(process, sent)
    assert bucket.listing() == [] and bucket.uploads() == []


def piped_with_hangups(orlop, bucket, handler):
    return orlop.start(
        "cp", "-", bucket.url + "/k", stdin=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, handler),
    )  # fmt: skip


def test_a_terminal_that_goes_away_leaves_nothing(orlop, bucket):
    process = piped_with_hangups(orlop, bucket, signal.SIG_DFL)
    process.stdin.write(bytes(80 * MEGABYTE))
    process.stdin.flush()
    wait_until(bucket.uploads)
    process.send_signal(signal.SIGHUP)  # from the kernel, and again from the shell
    interrupted(process, signal.SIGHUP)
    assert bucket.listing() == [] and bucket.uploads() == []


def test_nohup_is_obeyed(orlop, bucket):
    process = piped_with_hangups(orlop, bucket, signal.SIG_IGN)
    time.sleep(0.3)
    process.send_signal(signal.SIGHUP)
    assert process.communicate(b"1", timeout=10)[1] == b"" and process.returncode == 0
    assert bucket.get("k") == b"1"


def test_stopped_while_uploading(orlop, bucket, work):
    with open(work / "big", "wb") as file:
        file.truncate(2 << 30)
    process = orlop.start("cp", "big", bucket.url + "/k", stderr=subprocess.PIPE)
    wait_until(bucket.uploads)
    interrupted(process, signal.SIGINT)
    assert bucket.listing() == [] and bucket.uploads() == []


def test_stopped_while_downloading(faulty):
    bucket, orlop = faulty("GET /bucket/k stall\n")
    bucket.put("k", os.urandom(8 * MEGABYTE))
    process = orlop.start("cp", bucket.url + "/k", "file", stderr=subprocess.PIPE)
    time.sleep(0.5)
    interrupted(process, signal.SIGINT)
    assert os.listdir(orlop.cwd) == []


def test_the_second_ctrl_c_waits_for_nothing(faulty):
    bucket, orlop = faulty("DELETE /bucket/k stall\n")
    process = orlop.start("cp", "-", bucket.url + "/k", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(bytes(80 * MEGABYTE))
    process.stdin.flush()
    wait_until(bucket.uploads)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 130


def test_stopped_while_nobody_reads(orlop, bucket):
    bucket.put("k", b"x" * (8 * MEGABYTE))
    reader, writer = os.pipe()
    process = orlop.start("cat", bucket.url + "/k", stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    time.sleep(0.3)
    interrupted(process, signal.SIGINT)
    os.close(reader)


def test_stopped_among_many(orlop, bucket, work):
    (work / "many").mkdir()
    for i in range(500):
        (work / f"many/{i}").write_bytes(os.urandom(50_000))
    process = orlop.start("cp", "-r", "-j", "2", "many", bucket.url, stderr=subprocess.PIPE)
    wait_until(bucket.listing)
    interrupted(process, signal.SIGINT)
    for key in bucket.listing():
        assert bucket.get(key) == (work / "many" / key).read_bytes()
    assert bucket.uploads() == []


def test_a_pipe_that_breaks_ends_it_quietly(orlop, bucket):
    bucket.put("k", b"x" * (8 * MEGABYTE))
    script = f"{orlop.command()[0]} cat {bucket.url}/k | head -c 10; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], env=orlop.env, capture_output=True, timeout=20)
    assert done.stdout == b"xxxxxxxxxx141\n"
    assert done.stderr == b""
