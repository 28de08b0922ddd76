"""What is written wrongly gets one line that says what to write instead; help and version."""

import pytest

VERBS = ["ls", "stat", "cat", "cp", "mv", "rm", "presign", "mb", "serve", "check", "version", "help"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "orlop help"),
        (["lss"], "write orlop ls"),
        (["sync"], "write orlop cp -r"),
        (["frobnicate"], "orlop help"),
        (["--jsno", "ls", "x"], "write --json"),
        (["ls", "--recursiv", "x"], "write --recursive"),
        (["ls", "--no-sign-request", "x"], "write --set anonymous=true"),
        (["ls"], "write URL"),
        (["cp", "a"], "write SOURCE... DESTINATION"),
        (["version", "a"], "takes no operands"),
        (["ls", "--region"], "--region needs a value"),
        (["ls", "--set", "x", "mem:"], "write NAME=VALUE"),
        (["ls", "--set", "regoin=x", "s3://bucket"], "region"),
        (["ls", "--set", "secret_access_key=hush", "s3://bucket"], "AWS_SECRET_ACCESS_KEY"),
        (["ls", "s4://bucket"], "write s3://"),
        (["ls", "s3:bucket"], "write s3://bucket"),
        (["ls", "s3://"], "write s3://BUCKET/KEY"),
        (["ls", "nowhere:x"], "./nowhere:x"),
        (["cp", "-j", "0", "a", "b"], "from 1 to 256"),
        (["cp", "-", "-"], "write a destination"),
        (["mv", "-", "a"], "standard input can only be copied"),
        (["cat", "--last", "1", "--offset", "1", "a"], "--last goes without"),
        (["cat", "--offset", "x", "a"], "64K"),
        (["presign", "--expires", "soon", "s3://b/k"], "30m"),
        (["presign", "--method", "steal", "s3://b/k"], "get|head|put|delete|post"),
        (["presign", "local"], "write a URL with a key"),
        (["rm", "s3://bucket"], "-r"),
        (["stat", "s3://bucket"], "write the key"),
        (["mb", "s3://bucket/key"], "write the bucket alone"),
    ],
)
def test_wrong_arguments(orlop, arguments, says):
    line = orlop.fails(2, *arguments)
    assert says in line
    assert "hush" not in line


def test_a_remote_that_is_nearly_right(orlop, work):
    (work / "remotes.toml").write_text('[remotes.photos]\nurl = "s3://bucket"\n')
    assert "write photos:" in orlop.fails(2, "--config", "remotes.toml", "ls", "photo:x")


def test_a_broken_configuration_names_its_line(orlop, work):
    (work / "remotes.toml").write_text("[remotes.photos]\nurl = \n")
    assert "remotes.toml, line 2" in orlop.fails(2, "--config", "remotes.toml", "ls", "photos:x")


def test_overview(orlop):
    text = orlop.ok("help").text
    for verb in VERBS:
        assert f"\n  {verb} " in text
    assert orlop.ok("--help").text == text


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_each_verb(orlop, verb):
    text = orlop.ok("help", verb).text
    assert f"orlop {verb}" in text and "--endpoint-url" in text
    assert all(len(line) <= 120 for line in text.splitlines())


def test_help_comes_before_complaints(orlop):
    assert "SOURCE... DESTINATION" in orlop.ok("cp", "--help").text
    assert orlop.ok("cp", "-h").text == orlop.ok("--help", "cp").text


def test_version(orlop):
    text = orlop.ok("version").text
    assert text.startswith("orlop ")
    assert orlop.ok("--version").text == text
    facts = orlop.ok("version", "--json").json[0]
    assert facts["version"] == text.split()[1]
    assert {"s3", "file", "mem"} <= facts["backends"].keys()
