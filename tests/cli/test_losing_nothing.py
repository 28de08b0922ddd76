"""What a move or a copy must not destroy: sources that are their own destination, files of others, each other."""

import os
import stat
import subprocess
import threading

import pytest
from cli.harness import Bucket, Server

REFUSED = "the same"


@pytest.fixture
def port(server):
    return server.endpoint.rsplit(":", 1)[1]


# ---- One thing with two names ----


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "127.0.0.1/", "[::ffff:127.0.0.1]"])
@pytest.mark.parametrize("verb", ["mv", "cp"])
def test_an_object_is_itself_under_another_spelling(orlop, bucket, port, host, verb):
    bucket.put("k", b"1")
    tail = "/" if host.endswith("/") else ""
    other = f"{bucket.url}/k?endpoint=http://{host.rstrip('/')}:{port}{tail}"
    assert REFUSED in orlop.fails(2, verb, bucket.url + "/k", other)
    assert REFUSED in orlop.fails(2, verb, other, bucket.url + "/k")
    assert bucket.get("k") == b"1"


def test_a_prefix_is_itself_in_a_remote(orlop, bucket, work, server):
    (work / "remotes.toml").write_text(
        f'[remotes.loc]\nurl = "{bucket.url}"\nendpoint = "{server.endpoint}"\naddressing = "path"\n'
        f'[remotes.deep]\nurl = "{bucket.url}/same/"\npublic_endpoint = "https://files.example.com"\n'
    )
    for key in ("same/a", "same/b/c"):
        bucket.put(key, key.encode())
    for to in ("loc:same", "deep:"):
        done = orlop("--config", "remotes.toml", "mv", "-r", bucket.url + "/same", to)
        assert (done.code, done.err.count(REFUSED)) == (1, 2), done.err
    assert bucket.listing() == ["same/a", "same/b/c"]


def test_a_file_is_itself_in_a_remote(orlop, work):
    (work / "a").write_text("1")
    (work / "remotes.toml").write_text(f'[remotes.here]\nurl = "file://{work}"\n')
    assert REFUSED in orlop.fails(2, "--config", "remotes.toml", "mv", "a", "here:a")
    assert REFUSED in orlop.fails(2, "--config", "remotes.toml", "mv", "here:a", "a")
    assert (work / "a").read_text() == "1"


def test_a_source_that_is_the_destination_in_secret_stays(orlop, work):
    """A server of the very directory: no names tell that, but the source has changed when it is to be removed."""
    (work / "data/bbb").mkdir(parents=True)
    server = Server(work / "data")
    try:
        (work / "data/bbb/up").write_text("1")
        (work / "data/bbb/down").write_text("2")
        assert "the source stays" in orlop.fails(5, "mv", "data/bbb/up", "s3://bbb/up", env=server.variables)
        assert "the source stays" in orlop.fails(5, "mv", "s3://bbb/down", "data/bbb/down", env=server.variables)
    finally:
        server.stop()
    assert (work / "data/bbb/up").read_text() == "1" and (work / "data/bbb/down").read_text() == "2"


def test_a_name_of_this_machine_that_nobody_knows(orlop, bucket, port, tmp_path):
    """A proxy stands for a name that leads to the same service."""
    bucket.put("k", b"1")
    proxied = f"{bucket.url}/k?endpoint=http://files.example.com:{port}&proxy=http://127.0.0.1:{port}"
    for source, to in [(bucket.url + "/k", proxied), (proxied, bucket.url + "/k")]:
        assert "the source stays" in orlop.fails(5, "mv", source, to)
    assert bucket.get("k") == b"1"


def test_different_services_are_different(orlop, bucket, work):
    other = Server("mem:")
    try:
        Bucket(other, bucket.name)
        (work / "remotes.toml").write_text(
            f'[remotes.there]\nurl = "{bucket.url}"\nendpoint = "{other.endpoint}"\n'
            f'access_key_id = "{other.variables["AWS_ACCESS_KEY_ID"]}"\n'
            f'secret_access_key = "{other.variables["AWS_SECRET_ACCESS_KEY"]}"\n'
        )
        bucket.put("k", b"1")
        orlop.ok("--config", "remotes.toml", "mv", bucket.url + "/k", "there:k")
        assert bucket.listing() == []
        assert orlop.ok("--config", "remotes.toml", "cat", "there:k").out == b"1"
    finally:
        other.stop()


# ---- Two sources with one name ----


@pytest.mark.parametrize("verb", ["mv", "cp"])
def test_sources_do_not_replace_each_other(orlop, bucket, work, verb):
    for directory in "abcd":
        (work / directory).mkdir()
        (work / directory / "x").write_text(directory)
    done = orlop(verb, "a/x", "b/x", bucket.url + "/to/")
    assert done.code == 1 and "just been written" in done.err
    assert bucket.get("to/x") == b"a" and (work / "b/x").read_text() == "b"
    (work / "out").mkdir()
    done = orlop(verb, "c/x", "d/x", "out")
    assert done.code == 1 and "just been written" in done.err
    assert (work / "out/x").read_text() == "c" and (work / "d/x").read_text() == "d"
    bucket.put("p/x", b"1")
    bucket.put("q/x", b"2")
    done = orlop(verb, "-r", bucket.url + "/p/", bucket.url + "/q/x*", "out2")
    assert done.code == 0, done.err


# ---- Links ----


def test_a_move_leaves_what_is_behind_links(orlop, bucket, work):
    (work / "outside").mkdir()
    (work / "outside/keep").write_text("1")
    (work / "tree").mkdir()
    (work / "tree/own").write_text("2")
    (work / "tree/link").symlink_to("../outside")
    done = orlop("mv", "-r", "tree", bucket.url + "/t")
    assert done.code == 1 and "tree/link" in done.err and "not moved" in done.err
    assert bucket.listing() == ["t/own"]
    assert (work / "outside/keep").read_text() == "1" and (work / "tree/link").is_symlink()
    (work / "direct").symlink_to("outside")
    assert "not moved" in orlop.fails(2, "mv", "-r", "direct", bucket.url + "/d")
    assert (work / "outside/keep").exists()
    orlop.ok("cp", "-r", "tree", bucket.url + "/t")
    assert bucket.get("t/link/keep") == b"1"


# ---- Into itself ----


@pytest.mark.parametrize("verb", ["mv", "cp"])
def test_not_into_itself(orlop, bucket, work, port, verb):
    for key in ("self/a", "self/sub/b", "selfish/c"):
        bucket.put(key, b"1")
    before = bucket.listing()
    (work / "tree/sub").mkdir(parents=True)
    (work / "tree/a").write_text("1")
    endpoint = f"?endpoint=http://localhost:{port}"
    refused = [
        ("self", "self/sub"),
        ("self/", "self/sub/"),
        ("self", "self/sub/new" + endpoint),
        ("sel*", "self/sub"),
        ("", "self"),
    ]
    for source, to in refused:
        assert "below the source" in orlop.fails(2, verb, "-r", f"{bucket.url}/{source}", f"{bucket.url}/{to}")
    assert "below the source" in orlop.fails(2, verb, "-r", "tree", "tree/sub")
    assert "below the source" in orlop.fails(2, verb, "-r", ".", work / "tree/new")
    assert bucket.listing() == before and sorted(p.name for p in work.rglob("*")) == ["a", "sub", "tree"]
    orlop.ok(verb, "-r", bucket.url + "/self", bucket.url + "/selfish")
    assert bucket.get("selfish/sub/b") == b"1"


# ---- Keys with a slash at the end ----


def test_a_key_with_a_slash_is_looked_up(orlop, bucket, work):
    orlop.fails(3, "cp", "s3://there-is-no-such-bucket/photos/", "out")
    assert "write -r" in orlop.fails(3, "mv", bucket.url + "/x/", "y")
    assert list(work.iterdir()) == []
    bucket.put("x/", b"content")
    orlop.ok("mv", bucket.url + "/x/", "y")
    assert (work / "y").read_bytes() == b"content" and bucket.listing() == []


def test_keys_with_a_slash_in_a_tree(orlop, bucket, work):
    bucket.put("p/", b"")
    bucket.put("p/zz/", b"12345678")
    bucket.put("p/empty/", b"")
    bucket.put("p/a", b"1")
    for verb, left in [("cp", ["p/", "p/a", "p/empty/", "p/zz/"]), ("mv", ["p/zz/"])]:
        done = orlop(verb, "-r", bucket.url + "/p", verb)
        assert done.code == 1 and done.err.count("\n") == 1 and "p/zz/" in done.err and "slash" in done.err
        assert (work / verb / "a").read_text() == "1" and (work / verb / "empty").is_dir()
        assert bucket.listing() == left


# ---- What is there already ----


def test_a_pipe_is_written_into(orlop, bucket, work):
    bucket.put("k", b"through")
    os.mkfifo(work / "pipe")
    read = []
    for source, stdin in [(bucket.url + "/k", b""), ("-", b"through")]:
        reader = threading.Thread(target=lambda: read.append((work / "pipe").read_bytes()))
        reader.start()
        orlop.ok("cp", source, "pipe", stdin=stdin)
        reader.join(10)
    assert read == [b"through", b"through"]
    assert stat.S_ISFIFO((work / "pipe").stat().st_mode)
    assert "use cp" in orlop.fails(2, "mv", bucket.url + "/k", "pipe")
    orlop.fails(5, "cp", "-n", bucket.url + "/k", "pipe")
    assert bucket.get("k") == b"through" and stat.S_ISFIFO((work / "pipe").stat().st_mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_written_into(orlop, bucket, work):
    bucket.put("k", b"x")
    try:
        os.mknod(work / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("no devices can be made here")
    orlop.ok("cp", bucket.url + "/k", "null")
    assert stat.S_ISCHR((work / "null").stat().st_mode)


def test_a_copy_goes_through_a_link_and_keeps_permissions(orlop, bucket, work):
    bucket.put("k", b"new")
    for source in (bucket.url + "/k", "-", "local"):
        (work / "local").write_text("new")
        (work / "real").write_text("old")
        (work / "real").chmod(0o600)
        (work / "link").unlink(missing_ok=True)
        (work / "link").symlink_to("real")
        orlop.ok("cp", source, "link", stdin=b"new")
        assert (work / "link").is_symlink() and (work / "real").read_text() == "new"
        assert stat.S_IMODE((work / "real").stat().st_mode) == 0o600


# ---- Closed standard streams ----


def test_messages_do_not_go_into_files(orlop, bucket, work):
    for i in range(20):
        bucket.put(f"cl/{i:02}", b"content")
    bucket.put("cl/../x", b"refused")
    script = f"exec 2>&- 0<&-; {orlop.command()[0]} cp -v -r -j4 {bucket.url}/cl out"
    done = subprocess.run(["bash", "-c", script], env=orlop.env, cwd=work, timeout=60)
    assert done.returncode == 1
    assert {p.read_bytes() for p in (work / "out").iterdir()} == {b"content"}
    assert len(list((work / "out").iterdir())) == 20


@pytest.mark.parametrize("verb", ["ls", "cat"])
def test_a_closed_standard_output_is_an_error(orlop, bucket, verb):
    bucket.put("k", b"1")
    script = f"exec 1>&-; {orlop.command()[0]} {verb} {bucket.url}/k"
    done = subprocess.run(["bash", "-c", script], env=orlop.env, stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr) == (1, b"orlop: standard output: Bad file descriptor\n")


# ---- Memory, and names of schemes ----


def test_memory_of_this_command_keeps_nothing(orlop, bucket, work):
    (work / "a").write_text("1")
    for arguments in [("mv", "a", "mem:a"), ("cp", "a", "mem:"), ("cp", "mem:a", "b")]:
        assert "memory ends" in orlop.fails(2, *arguments)
    assert (work / "a").read_text() == "1"


@pytest.mark.parametrize("name", ["mem", "file", "s3"])
def test_a_remote_cannot_be_called_like_a_scheme(orlop, work, name):
    (work / "remotes.toml").write_text(f'[remotes.{name}]\nurl = "s3://bucket"\n[remotes.r]\nurl = "s3://bucket"\n')
    line = orlop.fails(2, "--config", "remotes.toml", "ls", "r:")
    assert f'"{name}"' in line and "something else" in line
