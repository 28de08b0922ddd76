"""ls and stat."""

import json
import re
import subprocess

import pytest
from cli.terminal import Terminal

ODD_KEYS = [
    "plain",
    "with space",
    "percent%20sign",
    "plus+and&amp",
    "question?mark=1",
    "hash#tag",
    "quote\"'",
    "back\\slash",
    "new\nline",
    "tab\tkey",
    "bell\x07",
    "escape\x1b[31m",
    "über/π/日本",
    "double//slash",
    "dots/../up",
    "dot/./same",
    "trailing/",
    "-dash",
    "star*",
]


@pytest.fixture
def tree(bucket):
    for key in ["a.txt", "b.txt", "dir/c.txt", "dir/sub/d.txt", "dirt"]:
        bucket.put(key, key.encode())
    return bucket


def names(done):
    return sorted(line[36:] for line in done.text.splitlines())


def test_one_level(orlop, tree):
    assert names(orlop.ok("ls", tree.url)) == ["a.txt", "b.txt", "dir/", "dirt"]
    assert names(orlop.ok("ls", tree.url + "/dir/")) == ["dir/c.txt", "dir/sub/"]


def test_a_prefix_is_bytes(orlop, tree):
    assert names(orlop.ok("ls", tree.url + "/dir")) == ["dir/", "dirt"]


def test_recursive(orlop, tree):
    assert names(orlop.ok("ls", "-r", tree.url)) == ["a.txt", "b.txt", "dir/c.txt", "dir/sub/d.txt", "dirt"]


def test_glob(orlop, tree):
    assert names(orlop.ok("ls", tree.url + "/*.txt")) == ["a.txt", "b.txt"]
    assert names(orlop.ok("ls", tree.url + "/[b-d]*")) == ["b.txt", "dir/", "dirt"]
    assert names(orlop.ok("ls", tree.url + "/?.txt")) == ["a.txt", "b.txt"]


def test_columns(orlop, bucket):
    bucket.put("big", b"x" * 1_500_000)
    line = orlop.ok("ls", bucket.url).text
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ +1500000  big\n", line)
    assert orlop.ok("ls", "-H", bucket.url).text.split()[1] == "1.4M"


def test_json(orlop, tree):
    entries = orlop.ok("ls", "--json", tree.url).json
    assert sorted(entry["key"] for entry in entries) == ["a.txt", "b.txt", "dir/", "dirt"]
    assert {"key": "dir/", "prefix": True} in entries
    assert entries[0]["size"] == 5 and entries[0]["etag"] and entries[0]["modified"].endswith("Z")


def test_nothing_is_no_failure(orlop, bucket):
    assert orlop.ok("ls", bucket.url).out == b""
    assert orlop.ok("ls", bucket.url + "/nothing/").out == b""


def test_a_missing_bucket(orlop):
    line = orlop.fails(3, "ls", "s3://there-is-no-such-bucket")
    assert "there-is-no-such-bucket" in line


def test_some_of_several(orlop, tree):
    done = orlop("ls", tree.url + "/a", "s3://there-is-no-such-bucket", tree.url + "/b")
    assert done.code == 1
    assert names(done) == ["a.txt", "b.txt"]
    assert done.err.count("\n") == 1


def test_odd_keys_are_exact(orlop, bucket):
    for key in ODD_KEYS:
        bucket.put(key, b"1")
    listed = [entry["key"] for entry in orlop.ok("ls", "-r", "--json", bucket.url).json]
    assert listed == sorted(ODD_KEYS, key=lambda key: key.encode())
    piped = orlop.ok("ls", "-r", bucket.url).out
    for key in ODD_KEYS:
        assert b"  " + key.encode() + b"\n" in piped


@pytest.mark.parametrize("key", ODD_KEYS)
def test_what_is_listed_can_be_pasted(orlop, bucket, key):
    bucket.put(key, key.encode())
    url = f"{bucket.url}/{key}"
    assert orlop.ok("cat", url).out == key.encode()
    assert orlop.ok("stat", "--json", url).json[0]["size"] == len(key.encode())
    orlop.ok("cp", "--no-glob", url, f"{bucket.url}/copy of {key.rstrip('/')}")
    copy = f"copy of {key.rstrip('/')}"
    assert sorted(bucket.listing()) == sorted([key, copy])
    orlop.ok("rm", "--no-glob", url)
    assert bucket.listing() == [copy]


def test_a_terminal_is_safe_from_names(orlop, bucket):
    bucket.put("escape\x1b[31m\x07\nü\u202e", b"1")
    terminal = Terminal()
    process = orlop.start("ls", bucket.url, stdin=subprocess.DEVNULL, stdout=terminal.end, stderr=terminal.end)
    output = terminal.sent_by(process)
    assert b"\x1b" not in output and b"\x07" not in output
    assert "escape\\x1b[31m\\x07\\nü\\xe2\\x80\\xae\r\n".encode() in output


def test_local_directories(orlop, work):
    (work / "dir/sub").mkdir(parents=True)
    (work / "dir/a.txt").write_text("abc")
    (work / "dir/sub/b.txt").write_text("de")
    assert names(orlop.ok("ls", "dir")) == ["dir/a.txt", "dir/sub/"]
    assert names(orlop.ok("ls", "-r", "dir/")) == ["dir/a.txt", "dir/sub/b.txt"]
    assert names(orlop.ok("ls", f"file://{work}/dir/a.txt")) == [f"{work}/dir/a.txt"]
    orlop.fails(3, "ls", "nothing")


@pytest.fixture
def letters(work):
    (work / "in/gd").mkdir(parents=True)
    for name in ("in/ga", "in/gb", "in/gd/x", "in/other"):
        (work / name).write_text(name)


def test_local_globs(orlop, work, letters):
    assert names(orlop.ok("ls", "in/g*")) == ["in/ga", "in/gb", "in/gd/"]
    assert names(orlop.ok("ls", "-r", "in/g*")) == ["in/ga", "in/gb", "in/gd/x"]
    (work / "in/g*").write_text("itself")
    assert names(orlop.ok("ls", "in/g*")) == ["in/g*"]


def test_globs_of_stat_and_cat(orlop, bucket, work, letters):
    orlop.ok("cp", "in/ga", "in/gb", bucket.url)
    for place in ("in", bucket.url):
        assert orlop.ok("cat", place + "/g[ab]").out == b"in/gain/gb"
        assert [line["name"] for line in orlop.ok("stat", "--json", place + "/g[ab]").json] == [
            place + "/ga",
            place + "/gb",
        ]
        assert "nothing matches" in orlop.fails(3, "cat", place + "/z*")
        orlop.fails(3, "stat", "--no-glob", place + "/g*")
        orlop.fails(3, "cat", "--no-glob", place + "/g*")
    assert "only directories" in orlop.fails(2, "cat", "in/gd*")


def test_what_is_half_done_is_hidden(orlop, bucket, work):
    (work / "d/sub").mkdir(parents=True)
    for name in ("d/a", "d/.orlop-part-0123456789abcdef", "d/sub/.orlop-new-0123456789abcdef", "d/.hidden"):
        (work / name).write_text("1")
    assert names(orlop.ok("ls", "-r", "d")) == ["d/.hidden", "d/a"]
    orlop.ok("cp", "-r", "d", bucket.url)
    assert bucket.listing() == [".hidden", "a"]


def test_a_reader_that_goes_away_ends_it_quietly(orlop, bucket):
    for i in range(20):
        bucket.put(f"{i:0800}", b"")
    process = subprocess.run(
        f"for i in $(seq 10); do {' '.join(orlop.command('ls', '-r', bucket.url))}; done | head -1",
        shell=True,
        capture_output=True,
        env=orlop.env,
        timeout=60,
    )
    assert process.stdout.count(b"\n") == 1
    assert process.stderr == b""


def test_buckets(orlop, server, bucket):
    lines = orlop.ok("ls", "s3://").text.splitlines()
    assert bucket.name in [line.split()[-1] for line in lines] and all("BUCKET" in line for line in lines)
    names = [line["bucket"] for line in orlop.ok("--json", "ls", "s3://?region=us-east-1").json]
    assert names == sorted(names) and bucket.name in names
    assert "did you mean region" in orlop.fails(2, "ls", "s3://?regin=x")
    assert "Connection refused" in orlop.fails(6, "ls", "s3://", "--endpoint-url", "http://127.0.0.1:1")


@pytest.mark.parametrize("verb", [["rm", "-r"], ["stat"], ["cat"], ["mb"]])
def test_a_service_is_listed_only(orlop, verb):
    assert "names no bucket" in orlop.fails(2, *verb, "s3://")


def test_stat(orlop, bucket):
    bucket.put("a.txt", b"abc", ContentType="text/plain", CacheControl="max-age=60", Metadata={"owner": "me"})
    facts = orlop.ok("stat", "--json", bucket.url + "/a.txt").json[0]
    assert facts["name"] == bucket.url + "/a.txt"
    assert (facts["size"], facts["content_type"], facts["cache_control"]) == (3, "text/plain", "max-age=60")
    assert facts["metadata"] == {"owner": "me"}
    assert facts["etag"] == '"900150983cd24fb0d6963f7d28e17f72"'
    text = orlop.ok("stat", bucket.url + "/a.txt").text
    assert re.search(r"^  content_type +text/plain$", text, re.M)
    assert re.search(r"^  metadata.owner +me$", text, re.M)


def test_stat_of_several(orlop, bucket, work):
    bucket.put("a.txt", b"abc")
    (work / "local.txt").write_text("12345")
    done = orlop("stat", "--json", bucket.url + "/a.txt", bucket.url + "/missing", "local.txt")
    assert done.code == 1
    assert [fact["size"] for fact in done.json] == [3, 5]
    assert bucket.url + "/missing" in done.err
    orlop.fails(3, "stat", bucket.url + "/missing")


def test_stat_of_a_directory(orlop, work):
    (work / "dir").mkdir()
    orlop.fails(3, "stat", "dir")


def test_streams_flat(orlop, server, bucket):
    # 1,200 keys are two pages; the memory of one must do.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda i: bucket.put(f"{i:04}-{'x' * 200}"), range(1200)))
    lines = orlop.ok("ls", "-r", "--json", bucket.url).out.splitlines()
    assert len(lines) == 1200
    assert json.loads(lines[1199])["key"].startswith("1199-")
