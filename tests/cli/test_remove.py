"""rm and mb."""

import pytest


def test_one(orlop, bucket):
    bucket.put("a")
    bucket.put("ab")
    orlop.ok("rm", bucket.url + "/a")
    assert bucket.listing() == ["ab"]
    orlop.ok("rm", bucket.url + "/a")  # absent already


def test_globs(orlop, bucket):
    for key in ["a.log", "b.log", "c.txt", "dir/d.log"]:
        bucket.put(key)
    orlop.ok("rm", bucket.url + "/*.log")
    assert bucket.listing() == ["c.txt", "dir/d.log"]
    assert "nothing matches" in orlop.fails(3, "rm", bucket.url + "/*.log")


def test_trees(orlop, bucket):
    for key in ["a", "dir", "dir/b", "dir/c/d", "dirt"]:
        bucket.put(key)
    orlop.ok("rm", "-r", bucket.url + "/dir")
    assert bucket.listing() == ["a", "dir", "dirt"]


def test_dry_run(orlop, bucket):
    bucket.put("a/b")
    assert orlop.ok("rm", "-r", "--dry-run", bucket.url).text == f"would remove {bucket.url}/a/b\n"
    assert bucket.listing() == ["a/b"]
    removed = orlop.ok("rm", "-r", "--json", bucket.url).json
    assert removed == [{"action": "remove", "name": f"{bucket.url}/a/b", "done": True}]


def test_local(orlop, work):
    (work / "tree/sub").mkdir(parents=True)
    (work / "tree/sub/a").write_text("")
    (work / "kept").write_text("")
    (work / "tree/link").symlink_to(work)
    orlop.ok("rm", "tree/sub/a")
    orlop.fails(3, "rm", "tree/sub/a")
    orlop.fails(2, "rm", "tree")
    orlop.ok("rm", "-r", "tree")
    assert [p.name for p in work.iterdir()] == ["kept"]
    for path in ["/", "."]:
        orlop.fails(2, "rm", "-r", path)


def test_local_globs(orlop, work):
    for name in ("ga/x", "gb/y/z", "gc"):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text("1")
    (work / "keep").mkdir()
    (work / "keep/k").write_text("1")
    (work / "gl").symlink_to("keep")
    done = orlop("rm", "g*")
    assert done.code == 1 and done.err.count("write -r") == 2
    assert sorted(p.name for p in work.iterdir()) == ["ga", "gb", "keep"]
    assert "write -r" in orlop.fails(2, "rm", "ga*")
    (work / "gl").symlink_to("keep")
    orlop.ok("rm", "-r", "g*")
    assert [p.name for p in work.iterdir()] == ["keep"] and (work / "keep/k").exists()
    assert "nothing matches" in orlop.fails(3, "rm", "-r", "g*")


@pytest.mark.parametrize("verb", ["cp", "mv"])
def test_a_glob_of_directories_alone_needs_r(orlop, bucket, work, verb):
    (work / "ga").mkdir()
    (work / "ga/x").write_text("1")
    assert "only directories match" in orlop.fails(2, verb, "g*", bucket.url)
    orlop.ok(verb, "-r", "g*", bucket.url)
    assert bucket.listing() == ["ga/x"]


def test_a_link_is_removed_and_not_what_it_leads_to(orlop, work):
    (work / "kept").mkdir()
    (work / "kept/a").write_text("")
    (work / "link").symlink_to(work / "kept")
    (work / "file").symlink_to(work / "kept/a")
    orlop.ok("rm", "file")
    assert orlop("rm", "-r", "link").code == 0
    assert (work / "kept/a").exists()
    assert not (work / "file").is_symlink() and not (work / "link").is_symlink()


def test_mb(orlop, bucket, work):
    orlop.ok("mb", bucket.url + "-new")
    orlop.ok("mb", bucket.url + "-new")
    orlop.ok("ls", bucket.url + "-new")
    orlop.ok("mb", "local/dir")
    assert (work / "local/dir").is_dir()
    assert orlop.fails(2, "mb", "s3://No_Good")


@pytest.mark.parametrize("verb", ["ls", "stat", "cat", "rm"])
def test_a_missing_bucket_is_told_apart(orlop, verb):
    key = "" if verb == "ls" else "/key"
    assert orlop(verb, "s3://there-is-no-such-bucket" + key).code == 3
