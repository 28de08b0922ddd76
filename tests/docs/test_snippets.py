"""Every command and every piece of code in the documents is run as it stands there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from docs.snippets import Command, Snippet, agrees, commands, read, settled

ROOT = Path(__file__).resolve().parents[2]
ORLOP = shutil.which("orlop") or str(ROOT / "build/dev/bin/orlop")

#: What the documents take for granted.
BUCKETS = ["s3://photos", "s3://static"]

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def documents_with(language):
    return [
        pytest.param(document, id=str(document.relative_to(ROOT)))
        for document in DOCUMENTS
        if any(snippet.language == language for snippet in read(document))
    ]


@pytest.fixture
def environment(tmp_path):
    """A machine of one's own: an empty home, and a server that plays the cloud."""
    home = tmp_path / "home"
    home.mkdir()
    variables = {
        "PATH": f"{Path(ORLOP).parent}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": os.environ.get("PYTHONPATH", str(ROOT / "python")),
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb",
    }
    server = subprocess.Popen([ORLOP, "serve", "mem:", "--port", "0"], stdout=subprocess.PIPE, env=variables, text=True)
    try:
        variables.update(server.stdout.readline().rstrip("\n").split("=", 1) for _ in range(3))
        subprocess.run([ORLOP, "mb", *BUCKETS], env=variables, check=True)
        yield variables
    finally:
        server.terminate()
        assert server.wait(10) == 0


def printed(command: list[str], place: str, **options) -> str:
    """What a command printed that went well; `place` is said of one that did not."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        **options,
    )
    assert done.returncode == 0, f"{place}\nexit code {done.returncode}\n{done.stdout}"
    return done.stdout


class Shell:
    """Runs one command after the other; variables and the working directory last, as for somebody who types them."""

    def __init__(self, environment, directory):
        self.environment = environment
        self.state = directory / "state.sh"
        self.work = directory / "work"
        self.work.mkdir()
        self.state.write_text(f"cd '{self.work}'\n")

    def run(self, command: Command) -> list[str]:
        script = (
            f"set -a; source '{self.state}'\n{command.text}\nstatus=$?\n"
            f'{{ export -p; declare -f; printf "cd %q\\n" "$PWD"; }} >\'{self.state}\'\nexit $status\n'
        )
        command_line = ["bash", "-o", "pipefail", "-c", script]
        return printed(command_line, f"{command.place}: $ {command.text}", env=self.environment).splitlines()


@pytest.mark.parametrize("document", documents_with("console"))
def test_commands(document, environment, tmp_path):
    shell = Shell(environment, tmp_path)
    for snippet in read(document):
        if snippet.language != "console":
            continue
        for command in commands(snippet):
            output = shell.run(command)
            if command.expected is not None and not agrees(command.expected, output):
                shown = "\n".join(map(settled, command.expected))
                got = "\n".join(map(settled, output))
                pytest.fail(
                    f"{command.place}: $ {command.text}\n-- the document shows --\n{shown}\n-- it says --\n{got}"
                )


RUN_PYTHON = """
import sys
namespace = {"__name__": "__main__"}
for path in sys.argv[1:]:
    exec(compile(open(path).read(), path, "exec"), namespace)
"""


# The pages for Django sites need a site around them: python/tests/test_docs.py runs their Python.
DJANGO = ROOT / "docs" / "django"


@pytest.mark.parametrize(
    "document", [case for case in documents_with("python") if DJANGO not in case.values[0].parents]
)
def test_python(document, environment, tmp_path):
    paths = []
    for snippet in read(document):
        if snippet.language == "python":
            # Blank lines in front: tracebacks then name the line of the document.
            path = tmp_path / f"{document.name}-{snippet.line}.py"
            path.write_text("\n" * snippet.line + snippet.text)
            paths.append(str(path))
    printed([sys.executable, "-c", RUN_PYTHON, *paths], document.name, env=environment, cwd=tmp_path)


LIBRARIES = ["-lcurl", "-lssl", "-lcrypto", "-lz", "-lpugixml", "-lfmt", "-pthread"]


HEADERS = sorted(
    str(path.relative_to(ROOT / "include")) for path in (ROOT / "include").rglob("*.h") if "testing" not in path.parts
)


def as_source(snippet: Snippet) -> str:
    """A block that includes nothing stands for statements of a function in a program that includes what it needs."""
    text = f'#line {snippet.line + 1} "{snippet.document.name}"\n{snippet.text}'
    if "#include" in snippet.text:
        return text
    includes = "".join(f"#include <{header}>\n" for header in HEADERS)
    return f"{includes}void snippet() {{\n{text}}}\n"


def compile_cpp(snippet: Snippet, directory: Path) -> Path | None:
    """The program a block is, or None for one without main(), which is only compiled."""
    source = directory / f"{snippet.document.stem}-{snippet.line}.cpp"
    source.write_text(as_source(snippet))
    is_program = "int main(" in snippet.text
    program = source.with_suffix("")
    build = ["-o", str(program), str(source), str(ROOT / "build/dev/src/liborlop.a"), *LIBRARIES]
    flags = ["-std=c++20", "-Wall", "-Wextra", f"-I{ROOT / 'include'}"]
    printed(["g++", *flags, *(build if is_program else ["-fsyntax-only", str(source)])], snippet.place)
    return program if is_program else None


@pytest.mark.parametrize("document", documents_with("cpp"))
def test_cpp(document, environment, tmp_path):
    for snippet in read(document):
        if snippet.language != "cpp":
            continue
        program = compile_cpp(snippet, tmp_path)
        if program is not None:
            printed([program], snippet.place, env=environment, cwd=tmp_path)
