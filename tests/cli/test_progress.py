"""The bar on a terminal, the lines elsewhere, and silence when asked for."""

import re
import subprocess
import time

import pytest
from cli.terminal import Terminal

MEGABYTE = 1 << 20


def on_terminal(orlop, bucket, columns, *options):
    """The upload of a slow standard input, and what the terminal was sent meanwhile."""
    terminal = Terminal(columns)
    orlop.env.update({"TERM": "xterm"})
    process = orlop.start("cp", *options, "-", bucket.url + "/k", stdin=subprocess.PIPE, stderr=terminal.end)
    process.stdin.write(b"x" * 30 * MEGABYTE)
    process.stdin.flush()
    time.sleep(0.7)
    process.stdin.close()
    return terminal.sent_by(process).decode()


def drawn(output):
    return [line.replace("\r\n", "") for line in output.split("\r\x1b[K") if line]


@pytest.mark.parametrize("columns", [20, 80, 300])
def test_the_line_fits(orlop, bucket, columns):
    lines = drawn(on_terminal(orlop, bucket, columns))
    assert lines
    for line in lines:
        assert len(re.sub(r"\x1b\[\d+m", "", line)) < columns
    assert lines[-1].startswith("30M")


@pytest.mark.parametrize("option", ["--quiet", "--no-progress"])
def test_none_when_unwanted(orlop, bucket, option):
    assert on_terminal(orlop, bucket, 80, option) == ""


def upload_file_on_terminal(orlop, bucket, work, env):
    with open(work / "big", "wb") as file:
        file.truncate(200 * MEGABYTE)
    terminal = Terminal(100)
    orlop.env.update({"TERM": "xterm", **env})
    process = orlop.start("cp", "big", bucket.url + "/k", stdin=subprocess.DEVNULL, stderr=terminal.end)
    return terminal.sent_by(process).decode()


def test_a_known_size_has_a_bar(orlop, bucket, work):
    output = upload_file_on_terminal(orlop, bucket, work, {})
    lines = drawn(output)
    assert re.search(r"\x1b\[32m\[=*>? *\]\x1b\[0m +\d+%  [\d.]+M of 200M, [\d.]+[MG]/s", lines[0])
    assert "100%" in lines[-1] and output.endswith("\r\n")


def test_no_colors_when_unwanted(orlop, bucket, work):
    output = upload_file_on_terminal(orlop, bucket, work, {"NO_COLOR": "1"})
    assert "[" in output and "\x1b[3" not in output


def test_nothing_short_of_a_few_seconds_elsewhere(orlop, bucket):
    process = orlop.start("cp", "-", bucket.url + "/k", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.communicate(b"x" * MEGABYTE, timeout=10)[1] == b""


def test_lines_elsewhere(orlop, bucket):
    process = orlop.start("cp", "-", bucket.url + "/k", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(b"x" * MEGABYTE)
    process.stdin.flush()
    first = process.stderr.readline().decode()
    rest = process.communicate(b"", timeout=10)[1].decode()
    assert re.fullmatch(r"orlop: 1\.0M, [\d.]+[KM]?/s\n", first)
    assert rest.startswith("orlop: 1.0M")
