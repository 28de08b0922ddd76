"""cp, mv and cat: every pair of places, names, attributes, and what is refused."""

import hashlib
import os
import signal
import subprocess
import time

import pytest
from cli.harness import Bucket

MEGABYTE = 1 << 20


def noise(size: int, seed: int = 0) -> bytes:
    return hashlib.shake_256(str(seed).encode()).digest(size)


def temporary_files(directory):
    return [name for name in os.listdir(directory) if name not in {"home"} and ("tmp" in name or name.startswith("."))]


# ---- One file ----


@pytest.mark.parametrize("part", ["5M", "8M"])
def test_a_limit_of_bandwidth(orlop, bucket, work, part):
    content = noise(6 * MEGABYTE)  # two parts, or one request
    (work / "up.bin").write_bytes(content)
    limited = ("cp", "--bwlimit", "6M", "--set", f"part_size={part}")
    for source, target in ((work / "up.bin", bucket.url + "/k"), (bucket.url + "/k", work / "down.bin")):
        begin = time.monotonic()
        orlop.ok(*limited, source, target)
        assert 0.8 < time.monotonic() - begin < 2
    assert (work / "down.bin").read_bytes() == content
    assert "--bwlimit 3X" in orlop.fails(2, "cp", "--bwlimit", "3X", "up.bin", bucket.url + "/k")


def test_a_limited_copy_can_be_stopped(orlop, bucket, work):
    (work / "up.bin").write_bytes(noise(12 * MEGABYTE))
    process = orlop.start("cp", "--bwlimit", "1M", "up.bin", bucket.url + "/k", stderr=subprocess.PIPE)
    time.sleep(0.5)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=5) == 130
    assert time.monotonic() - begin < 1
    assert bucket.listing() == bucket.uploads() == []


@pytest.mark.parametrize("size", [0, 1, 5 * MEGABYTE, 20 * MEGABYTE + 1])
def test_up_and_down(orlop, bucket, work, size):
    content = noise(size)
    (work / "up.bin").write_bytes(content)
    orlop.ok("cp", "up.bin", bucket.url + "/k")
    assert bucket.get("k") == content
    orlop.ok("cp", bucket.url + "/k", "down.bin")
    assert (work / "down.bin").read_bytes() == content
    assert sorted(os.listdir(work)) == ["down.bin", "up.bin"]
    assert bucket.uploads() == []


def test_names_are_kept_below_directories_and_prefixes(orlop, bucket, work):
    (work / "a.txt").write_text("a")
    (work / "dir").mkdir()
    orlop.ok("cp", "a.txt", bucket.url)
    orlop.ok("cp", "a.txt", bucket.url + "/p/")
    assert bucket.listing() == ["a.txt", "p/a.txt"]
    orlop.ok("cp", bucket.url + "/p/a.txt", "dir")
    orlop.ok("cp", bucket.url + "/p/a.txt", "new/deep/")
    assert (work / "dir/a.txt").read_text() == (work / "new/deep/a.txt").read_text() == "a"


def test_keys_are_verbatim(orlop, bucket, work):
    (work / "a\\b").write_text("back")
    orlop.ok("cp", "a\\b", bucket.url + "/")
    orlop.ok("cp", "a\\b", bucket.url + "/x//y")
    orlop.ok("cp", "a\\b", bucket.url + "/p%20q")
    assert bucket.listing() == ["a\\b", "p%20q", "x//y"]


def test_file_urls_and_absolute_paths_and_links(orlop, bucket, work, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "real.txt").write_text("real")
    (work / "link.txt").symlink_to(elsewhere / "real.txt")
    (work / "linked").symlink_to(elsewhere)
    orlop.ok("cp", "link.txt", bucket.url + "/1")
    orlop.ok("cp", f"file://{elsewhere}/real.txt", bucket.url + "/2")
    orlop.ok("cp", elsewhere / "real.txt", "copy.txt")
    orlop.ok("cp", bucket.url + "/1", "linked/down.txt")
    orlop.ok("cp", "-r", "linked", bucket.url + "/3")
    assert bucket.get("1") == bucket.get("2") == bucket.get("3/real.txt") == b"real"
    assert (work / "copy.txt").read_text() == (elsewhere / "down.txt").read_text() == "real"
    assert orlop.ok("cat", "link.txt").out == b"real"


def test_attributes_up(orlop, bucket, work):
    (work / "page.html").write_text("<p>")
    orlop.ok("cp", "page.html", bucket.url)
    assert bucket.head("page.html")["ContentType"].startswith("text/html")
    orlop.ok(
        "cp", "page.html", bucket.url + "/x",
        "--content-type", "text/x-own", "--cache-control", "no-store", "--content-disposition", "attachment",
        "--metadata", "owner=me", "--metadata", "note=é",
    )  # fmt: skip
    head = bucket.head("x")
    assert (head["ContentType"], head["CacheControl"], head["ContentDisposition"]) == (
        "text/x-own",
        "no-store",
        "attachment",
    )
    assert orlop.ok("stat", "--json", bucket.url + "/x").json[0]["metadata"] == {"owner": "me", "note": "é"}


def test_gzip(orlop, bucket, work):
    (work / "style.css").write_text("a { color: red }\n" * 1000)
    orlop.ok("cp", "--gzip", "style.css", bucket.url)
    head = bucket.head("style.css")
    assert head["ContentEncoding"] == "gzip" and head["ContentLength"] < 1000
    assert head["ContentType"].startswith("text/css")


def test_store_to_store_keeps_attributes(orlop, server, bucket):
    other = Bucket(server, bucket.name + "-other")
    bucket.put("a", b"abc", ContentType="image/x-own", CacheControl="max-age=1", Metadata={"owner": "me"})
    orlop.ok("cp", bucket.url + "/a", bucket.url + "/same")
    orlop.ok("cp", bucket.url + "/a", other.url + "/across")
    for head in (bucket.head("same"), other.head("across")):
        assert (head["ContentType"], head["CacheControl"], head["Metadata"]) == (
            "image/x-own",
            "max-age=1",
            {"owner": "me"},
        )
    orlop.ok("cp", "--content-type", "text/plain", bucket.url + "/a", bucket.url + "/a")
    head = bucket.head("a")
    assert (head["ContentType"], head["Metadata"]) == ("text/plain", {"owner": "me"})


def test_local_to_local(orlop, work):
    (work / "a").write_bytes(noise(MEGABYTE))
    orlop.ok("cp", "a", "b")
    assert (work / "b").read_bytes() == noise(MEGABYTE)
    orlop.ok("mv", "b", "c")
    assert not (work / "b").exists() and (work / "c").read_bytes() == noise(MEGABYTE)


# ---- Streams ----


def test_streams_of_100_megabytes(orlop, bucket):
    script = (
        f"head -c 104857600 /dev/zero | {orlop.command()[0]} cp -q - {bucket.url}/zeros && "
        f"{orlop.command()[0]} cat {bucket.url}/zeros | wc -c && "
        f"{orlop.command()[0]} cp -q {bucket.url}/zeros - | md5sum"
    )
    done = subprocess.run(["bash", "-c", script], env=orlop.env, capture_output=True, text=True, timeout=60)
    assert done.stdout.split()[:2] == ["104857600", "2f282b84e7e608d5852449ed940bfc51"], done.stderr
    assert done.stderr == ""


def test_standard_input(orlop, bucket, work):
    orlop.ok("cp", "-", bucket.url + "/in.txt", stdin=b"from a pipe")
    assert bucket.get("in.txt") == b"from a pipe"
    assert bucket.head("in.txt")["ContentType"].startswith("text/plain")
    orlop.ok("cp", "-", bucket.url + "/empty", stdin=b"")
    assert bucket.get("empty") == b""
    orlop.ok("cp", "-", "local.txt", stdin=b"kept")
    assert (work / "local.txt").read_bytes() == b"kept"
    assert "write the name" in orlop.fails(2, "cp", "-", bucket.url + "/dir/", stdin=b"x")


def test_a_named_pipe_is_a_source(orlop, bucket):
    script = f"{orlop.command()[0]} cp <(echo hello) {bucket.url}/k"
    subprocess.run(["bash", "-c", script], env=orlop.env, check=True, timeout=60)
    assert bucket.get("k") == b"hello\n"


def test_cat_ranges(orlop, bucket):
    bucket.put("k", b"0123456789")
    url = bucket.url + "/k"
    assert orlop.ok("cat", url, url).out == b"01234567890123456789"
    assert orlop.ok("cat", "--offset", "3", url).out == b"3456789"
    assert orlop.ok("cat", "--offset", "3", "--length", "4", url).out == b"3456"
    assert orlop.ok("cat", "--length", "4", url).out == b"0123"
    assert orlop.ok("cat", "--last", "2", url).out == b"89"
    assert orlop.ok("cat", "--offset", "8", "--length", "1K", url).out == b"89"
    orlop.fails(2, "cat", "--offset", "10", url)


def test_cat_stops_at_what_is_missing(orlop, bucket):
    bucket.put("k", b"123")
    done = orlop("cat", bucket.url + "/k", bucket.url + "/missing", bucket.url + "/k")
    assert (done.code, done.out) == (3, b"123")


# ---- Many ----


@pytest.fixture
def tree(work):
    for name in ["a.txt", "b.log", "sub/c.txt", "sub/deep/d.txt", "sub/e.log"]:
        path = work / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return work / "tree"


def files(directory):
    return {str(p.relative_to(directory)): p.read_text() for p in directory.rglob("*") if p.is_file()}


def test_trees(orlop, bucket, work, tree):
    orlop.ok("cp", "-r", "tree", bucket.url + "/t")
    assert bucket.listing() == ["t/a.txt", "t/b.log", "t/sub/c.txt", "t/sub/deep/d.txt", "t/sub/e.log"]
    orlop.ok("cp", "-r", bucket.url + "/t", "back")
    assert files(work / "back") == files(tree)
    orlop.ok("cp", "-r", bucket.url + "/t/sub/", bucket.url + "/u")
    assert [key for key in bucket.listing() if key.startswith("u")] == ["u/c.txt", "u/deep/d.txt", "u/e.log"]
    orlop.ok("cp", "-r", "tree", "tree2")
    assert files(work / "tree2") == files(tree)


def test_several_sources(orlop, bucket, work, tree):
    orlop.ok("cp", "tree/a.txt", "tree/b.log", bucket.url + "/x")
    assert bucket.listing() == ["x/a.txt", "x/b.log"]
    orlop.ok("cp", "-r", "tree/sub", "tree/a.txt", bucket.url + "/y")
    assert [k for k in bucket.listing() if k[0] == "y"] == ["y/a.txt", "y/sub/c.txt", "y/sub/deep/d.txt", "y/sub/e.log"]
    orlop.ok("cp", "-r", bucket.url + "/x", bucket.url + "/y/sub", "both")
    assert sorted(files(work / "both")) == ["sub/c.txt", "sub/deep/d.txt", "sub/e.log", "x/a.txt", "x/b.log"]


def test_globs(orlop, bucket, work, tree):
    orlop.ok("cp", "tree/*.txt", bucket.url + "/g/")
    assert bucket.listing() == ["g/a.txt"]
    orlop.ok("cp", "-r", "tree/*", bucket.url)
    orlop.ok("cp", bucket.url + "/*.txt", bucket.url + "/*.log", "down/")
    assert files(work / "down") == {"a.txt": "a.txt", "b.log": "b.log"}
    orlop.ok("cp", "-r", bucket.url + "/s*", "down2/")
    assert files(work / "down2") == {
        "sub/c.txt": "sub/c.txt",
        "sub/deep/d.txt": "sub/deep/d.txt",
        "sub/e.log": "sub/e.log",
    }
    assert "nothing matches" in orlop.fails(3, "cp", bucket.url + "/*.none", "down/")
    bucket.put("star*", b"literal")
    assert "--no-glob" in orlop.fails(3, "cp", bucket.url + "/starr*", "x")
    orlop.ok("cp", "--no-glob", bucket.url + "/star*", "literal")
    assert (work / "literal").read_text() == "literal"


def test_options_of_an_operand_are_no_glob(orlop, bucket, work, server):
    bucket.put("k", b"1")
    orlop.ok("cp", bucket.url + "/k?region=us-east-1", "out")
    orlop.ok("cp", f"{bucket.url}/k?endpoint={server.endpoint}", bucket.url + "/to")
    assert (work / "out").read_text() == "1" and bucket.get("to") == b"1"


def test_a_directory_needs_r(orlop, bucket, tree):
    assert "-r" in orlop.fails(2, "cp", "tree", bucket.url)
    orlop.fails(3, "cp", "-r", bucket.url + "/nothing", "x")
    orlop.fails(3, "cp", "nothing", bucket.url)
    orlop.fails(3, "cp", bucket.url + "/nothing", "x")
    assert not (orlop.cwd / "x").exists()


def test_dry_run_changes_nothing(orlop, bucket, tree):
    done = orlop.ok("cp", "-r", "--dry-run", "tree", bucket.url + "/t")
    assert f"would copy tree/sub/c.txt to {bucket.url}/t/sub/c.txt\n" in done.text
    assert done.text.count("\n") == 5 and bucket.listing() == []
    planned = orlop.ok("mv", "--dry-run", "--json", "tree/a.txt", bucket.url + "/").json
    assert planned == [{"action": "move", "from": "tree/a.txt", "to": f"{bucket.url}/a.txt", "size": 5, "done": False}]
    assert (tree / "a.txt").exists()


def test_json_says_what_was_done(orlop, bucket, tree):
    done = orlop.ok("cp", "-r", "--json", "tree", bucket.url).json
    assert len(done) == 5 and all(line["done"] for line in done)
    assert {(line["from"], line["to"], line["size"]) for line in done} >= {("tree/a.txt", f"{bucket.url}/a.txt", 5)}


def test_no_clobber(orlop, bucket, work, tree):
    bucket.put("a.txt", b"old")
    orlop.fails(5, "cp", "-n", "tree/a.txt", bucket.url)
    orlop.fails(5, "cp", "-n", "--set", "dialect=orlop", "-", bucket.url + "/a.txt", stdin=b"new")
    assert "--set dialect=" in orlop.fails(1, "cp", "-n", "-", bucket.url + "/a.txt", stdin=b"new")
    assert bucket.get("a.txt") == b"old"
    orlop.ok("cp", "-n", "-r", "tree", bucket.url)
    assert bucket.get("a.txt") == b"old" and len(bucket.listing()) == 5
    (work / "local").write_text("old")
    orlop.fails(5, "cp", "-n", bucket.url + "/b.log", "local")
    orlop.fails(5, "mv", "-n", "tree/a.txt", "local")
    assert (work / "local").read_text() == "old"


def test_what_cannot_be_read_is_reported_and_the_rest_is_done(orlop, bucket, tree):
    (tree / "gone").symlink_to(tree / "nowhere")
    (tree / "loop").symlink_to(tree)
    os.mkfifo(tree / "pipe")
    done = orlop("cp", "-r", "tree", bucket.url)
    assert done.code == 1
    assert done.err.count("orlop: ") == 3 and "leads nowhere" in done.err and "leads back" in done.err
    assert len(bucket.listing()) == 5


def test_keys_cannot_leave_the_directory(orlop, bucket, work):
    for key in ["ok", "../evil", "x/../../evil", "/evil", "a//b", "./c"]:
        bucket.put("p/" + key, b"1")
    done = orlop("cp", "-r", bucket.url + "/p", "down/here")
    assert done.code == 1 and done.err.count("\n") == 5
    assert {str(p.relative_to(work)) for p in work.rglob("*")} == {"down", "down/here", "down/here/ok"}


def test_a_file_in_the_way_of_a_directory(orlop, bucket, work):
    bucket.put("p/a/b", b"1")
    bucket.put("p/c", b"2")
    (work / "down").mkdir()
    (work / "down/a").write_text("in the way")
    done = orlop("cp", "-r", "-n", bucket.url + "/p", "down")
    assert done.code == 1 and done.err.count("\n") == 1 and "Not a directory" in done.err
    assert files(work / "down") == {"a": "in the way", "c": "2"}


def test_directory_markers(orlop, bucket, work):
    bucket.put("p/empty/", b"")
    bucket.put("p/full/", b"")
    bucket.put("p/full/a", b"1")
    orlop.ok("cp", "-r", bucket.url + "/p", "down")
    assert (work / "down/empty").is_dir() and (work / "down/full/a").read_text() == "1"


def test_onto_itself(orlop, bucket, work):
    bucket.put("a", b"1")
    (work / "a").write_text("1")
    (work / "remotes.toml").write_text(f'[remotes.r]\nurl = "{bucket.url}"\n')
    for source, to in [("a", "./a"), (bucket.url + "/a", bucket.url + "/a"), ("r:a", bucket.url + "/a")]:
        assert "the same" in orlop.fails(2, "--config", "remotes.toml", "mv", source, to)
    assert bucket.get("a") == b"1" and (work / "a").read_text() == "1"


def test_moves(orlop, bucket, work, tree):
    orlop.ok("mv", "-r", "tree", bucket.url + "/t")
    assert files(tree) == {} and len(bucket.listing()) == 5
    orlop.ok("mv", bucket.url + "/t/a.txt", bucket.url + "/t/renamed.txt")
    assert "t/a.txt" not in bucket.listing() and bucket.get("t/renamed.txt") == b"a.txt"
    orlop.ok("mv", "-r", bucket.url + "/t", "back")
    assert bucket.listing() == [] and len(files(work / "back")) == 5


def test_a_source_that_failed_is_not_removed(orlop, bucket, work):
    (work / "a").write_text("1")
    assert orlop("mv", "a", "s3://there-is-no-such-bucket/a").code == 3
    assert (work / "a").read_text() == "1"


def test_named_remotes(orlop, bucket, work, server):
    (work / "remotes.toml").write_text(
        f'[remotes.photos]\nurl = "{bucket.url}/raw"\nendpoint = "{server.endpoint}"\nregion = "us-east-1"\n'
    )
    (work / "a.jpg").write_text("picture")
    env = {"ORLOP_CONFIG": str(work / "remotes.toml"), "AWS_ENDPOINT_URL": ""}
    orlop.ok("cp", "a.jpg", "photos:2024/", env=env)
    assert bucket.listing() == ["raw/2024/a.jpg"]
    assert orlop.ok("ls", "-r", "photos:", env=env).text.endswith("  2024/a.jpg\n")
    assert orlop.ok("cat", "photos:2024/a.jpg", env=env).out == b"picture"
    orlop.ok("mv", "photos:2024/a.jpg", "photos:2025/b.jpg", env=env)
    orlop.ok("rm", "photos:2025/*", env=env)
    assert bucket.listing() == []


def test_ten_thousand_files(orlop, bucket, work):
    for directory in range(100):
        (work / f"many/{directory:02}").mkdir(parents=True)
        for file in range(100):
            (work / f"many/{directory:02}/{file:02}").write_bytes(b"%d" % file)
    orlop.ok("cp", "-r", "-q", "many", bucket.url)
    assert len(bucket.listing()) == 10_000
    orlop.ok("cp", "-r", "-q", bucket.url, "back")
    assert files(work / "back") == files(work / "many")
    orlop.ok("rm", "-r", bucket.url)
    assert bucket.listing() == []


def test_between_buckets_the_service_copies(orlop, server, bucket):
    other = Bucket(server, f"{bucket.name}-other")
    bucket.put("dir/a b.txt", b"x" * 3000, ContentType="text/x", Metadata={"k": "v"})
    done = orlop("cp", "--verbose", bucket.url + "/dir/a b.txt", other.url + "/copy.txt")
    assert done.code == 0, done.err
    assert "GET" not in done.err
    head = server.boto.head_object(Bucket=other.name, Key="copy.txt")
    assert (head["ContentLength"], head["ContentType"], head["Metadata"]) == (3000, "text/x", {"k": "v"})
    orlop.ok("cp", "--content-type", "text/y", bucket.url + "/dir/a b.txt", other.url + "/copy.txt")
    head = server.boto.head_object(Bucket=other.name, Key="copy.txt")
    assert (head["ContentType"], head["Metadata"]) == ("text/y", {"k": "v"})
    orlop.ok("mv", bucket.url + "/dir/a b.txt", other.url + "/moved.txt")
    assert other.get("moved.txt") == b"x" * 3000
    assert orlop.ok("ls", "-r", bucket.url).out == b""
    # A condition is none the service knows, so it goes through here.
    bucket.put("new.txt", b"new")
    orlop.fails(5, "cp", "-n", "--set", "dialect=orlop", bucket.url + "/new.txt", other.url + "/moved.txt")
    orlop.ok("cp", "-n", "--set", "dialect=orlop", bucket.url + "/new.txt", other.url + "/new.txt")
    assert other.get("new.txt") == b"new"
