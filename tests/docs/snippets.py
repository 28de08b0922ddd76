"""The runnable parts of a Markdown document: fenced blocks, and hidden ones that prepare what they need.

A fenced block of `console`, `python` or `cpp` is run. What goes before it without being shown stands in a comment:

    <!-- run python
    import django
    -->

A block that cannot be run here says why, on the line before it: `<!-- not run: needs an account -->`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

LANGUAGES = ("console", "python", "cpp")

FENCE = re.compile(r"^(?P<indent> *)(?P<fence>```+)(?P<info>[^\n`]*)$")
HIDDEN = re.compile(r"^<!-- run (?P<language>\w+)$")
NOT_RUN = re.compile(r"^<!-- not run: .+ -->$")


@dataclass(frozen=True)
class Snippet:
    language: str
    text: str
    document: Path
    line: int

    @property
    def place(self) -> str:
        return f"{self.document.name}:{self.line}"


@dataclass(frozen=True)
class Command:
    """One `$ ` line of a console block, with the output the document shows for it (None: it shows none)."""

    text: str
    expected: list[str] | None
    place: str


def read(document: Path) -> list[Snippet]:
    snippets = []
    lines = document.read_text().splitlines()
    number = 0
    excused = False
    while number < len(lines):
        line = lines[number]
        number += 1
        hidden = HIDDEN.match(line)
        fence = FENCE.match(line)
        if hidden or fence:
            end = "-->" if hidden else fence["indent"] + fence["fence"]
            start = number
            while number < len(lines) and lines[number].rstrip() != end:
                number += 1
            if number == len(lines):
                raise ValueError(f"{document}:{start}: this block has no end")
            language = hidden["language"] if hidden else fence["info"].split(" ")[0]
            cut = 0 if hidden else len(fence["indent"])
            text = "".join(body[cut:] + "\n" for body in lines[start:number])
            number += 1
            if language in LANGUAGES and not excused:
                snippets.append(Snippet(language, text, document, start))
        excused = bool(NOT_RUN.match(line)) or (excused and not line.strip())
    return snippets


def commands(snippet: Snippet) -> list[Command]:
    found: list[tuple[str, list[str], int]] = []
    for offset, line in enumerate(snippet.text.splitlines()):
        if line.startswith("$ "):
            found.append((line[2:], [], snippet.line + offset + 1))
        elif line.startswith("> ") and found and not found[-1][1]:
            text, output, number = found[-1]
            found[-1] = (f"{text}\n{line[2:]}", output, number)
        elif not found:
            raise ValueError(f"{snippet.place}: a console block begins with a command: $ ...")
        else:
            found[-1][1].append(line)
    return [
        Command(text, [line for line in output if line.strip()] or None, f"{snippet.document.name}:{number}")
        for text, output, number in found
    ]


#: What differs from run to run, and what it becomes before two outputs are compared.
VOLATILE = [
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r"\b\d{8}T\d{6}Z\b"), "<time>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<hash>"),
    (re.compile(r'"?\b[0-9a-f]{32}(-\d+)?\b"?'), "<etag>"),
    (re.compile(r"(127\.0\.0\.1|localhost):\d+"), "<host>"),
    (re.compile(r"X-Amz-[A-Za-z]+=[^&\s]*"), "<signed>"),
    (re.compile(r"\b\d+(\.\d+)? ?ms\b"), "<duration>"),
    (re.compile(r"(AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY))=\S+"), r"\1=<key>"),
    (re.compile(r"[ \t]+"), " "),
]


def settled(line: str) -> str:
    for pattern, replacement in VOLATILE:
        line = pattern.sub(replacement, line)
    return line.strip()


def agrees(expected: list[str], actual: list[str]) -> bool:
    """A line of `...` stands for any lines, and `...` within a line for any text."""
    pattern = ""
    for line in expected:
        if line.strip() == "...":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += "[^\n]*".join(re.escape(part) for part in settled(line).split("...")) + "\n"
    text = "".join(settled(line) + "\n" for line in actual if line.strip())
    return re.fullmatch(pattern, text) is not None
