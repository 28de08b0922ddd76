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
        (["rm", "s3://"], "write s3://BUCKET/KEY"),
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
        (["ls", "--recursive=x", "s3://b"], "--recursive takes no value"),
        (["ls", "--region=eu-west-1", "--recursive=x", "s3://b"], "--recursive takes no value"),
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


SECRET = "hUsH/sEcReT"


@pytest.mark.parametrize(
    "operand",
    [
        f"s3://AKIAKEY:{SECRET}@bucket/x",
        "s3://AKIAKEY:hUsH-sEcReT@bucket/x@y",
        f"s3://bucket?secret_access_key={SECRET}",
        f"s3://bucket/x?region=eu-west-1&secret_access_key={SECRET}",
        f"s3:///?session_token={SECRET}",
        f"https://AKIAKEY:{SECRET}@host/x",
        f"photos:?secret_access_key={SECRET}",
    ],
)
@pytest.mark.parametrize(
    "verb",
    [
        ["ls"],
        ["cat"],
        ["stat"],
        ["rm"],
        ["mb"],
        ["cp", "-v", "--dry-run", "OPERAND"],
        ["presign"],
        ["check"],
        ["serve"],
    ],
)
def test_no_secret_is_repeated(orlop, verb, operand):
    done = orlop(*[operand if word == "OPERAND" else word for word in verb], operand)
    said = done.err + done.text
    assert done.code == 2, said
    assert "AKIA" not in said and "hUsH" not in said and "sEcReT" not in said


def test_what_looks_like_a_secret_and_is_a_key(orlop, bucket):
    for key in ("me@example.com", "12:30/a@b"):
        assert f"/{key}: " in orlop.fails(3, "cat", f"{bucket.url}/{key}")


def test_operands_that_look_like_options(orlop, bucket, work):
    (work / "-r").write_text("1")
    orlop.ok("cp", "--", "-r", bucket.url + "/--")
    assert bucket.get("--") == b"1"
    orlop.ok("--", "mv", "-n", "--", "-r", "--json")
    assert (work / "--json").read_text() == "1"
    assert "write SOURCE... DESTINATION" in orlop.fails(2, "cp", "--", "-r")


# ---- Files of settings that are none ----


def test_a_configuration_that_is_named_and_missing(orlop, work):
    line = orlop.fails(2, "--config", "missing.toml", "ls", "photos:x")
    assert "--config" in line and "missing.toml" in line and "ORLOP_CONFIG" not in line
    assert "ORLOP_CONFIG" in orlop.fails(2, "ls", "photos:x", env={"ORLOP_CONFIG": "missing.toml"})


@pytest.mark.parametrize(
    ("arguments", "env", "says"),
    [
        (["--config", "/tmp", "ls", "photos:x"], {}, "--config"),
        (["ls", "photos:x"], {"ORLOP_CONFIG": "/tmp"}, "ORLOP_CONFIG"),
        (["serve", "mem:", "--fault-script", "/tmp"], {}, "--fault-script"),
    ],
)
def test_a_directory_is_no_file_of_settings(orlop, arguments, env, says):
    line = orlop.fails(2, *arguments, env=env)
    assert says in line and "Is a directory" in line


def test_directories_among_the_files_of_amazon_are_passed_over(orlop, bucket):
    bucket.put("k", b"1")
    directories = {"AWS_CONFIG_FILE": "/tmp", "AWS_SHARED_CREDENTIALS_FILE": "/tmp"}
    assert orlop.ok("cat", bucket.url + "/k", env=directories).out == b"1"
    keyless = {**directories, "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    orlop.fails(4, "cat", bucket.url + "/k", env=keyless)
    web = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/tmp", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r"}
    assert orlop("cat", bucket.url + "/k", env={**keyless, **web}).code in (2, 4)
