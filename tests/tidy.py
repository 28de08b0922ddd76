"""Runs clang-tidy over our sources, several at once, and remembers the files that were clean.

    tidy.py BUILD [FILE...]

A file is looked at again when it, one of our headers that it includes, its compile command, .clang-tidy or clang-tidy
itself has changed. Tests are left out: they would double the time.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("src", "server", "cli", "python/src")
PLACES = [ROOT, ROOT / "include", ROOT / "src", ROOT / "python/src"]
INCLUDE = re.compile(rb'^\s*#\s*include\s*["<]([^">]+)[">]', re.MULTILINE)


def main(build: Path, wanted: list[str]) -> int:
    clean = build / "tidy"
    clean.mkdir(exist_ok=True)
    database = [without_gch(entry, clean) for entry in json.loads((build / "compile_commands.json").read_text())]
    (clean / "compile_commands.json").write_text(json.dumps(database))
    commands = {entry["file"]: entry["command"] for entry in database}
    files = [name for name in sorted(commands) if is_ours(name)]
    if wanted:
        names = {str(Path(name).resolve()) for name in wanted}
        files = [name for name in files if name in names]
    stamps = {name: clean / digest(name, commands[name]) for name in files}
    files = [name for name in files if not stamps[name].exists()]

    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {pool.submit(tidy, clean, name): name for name in files}
        for number, done in enumerate(as_completed(running), 1):
            name = running[done]
            print(f"[{number}/{len(files)}] {Path(name).relative_to(ROOT)}", flush=True)
            if output := done.result():
                failed += 1
                print(output, flush=True)
            else:
                stamps[name].touch()
    return 1 if failed else 0


def without_gch(entry: dict[str, str], folder: Path) -> dict[str, str]:
    """The entry with its precompiled header moved to where GCC has not compiled it, which clang could not read."""
    if not (found := re.search(r"-include (\S+cmake_pch\.hxx)", entry["command"])):
        return entry
    header = Path(found[1])
    copy = folder / f"{header.parent.name}.hxx"
    if header.exists():
        copy.write_bytes(header.read_bytes())
    return {**entry, "command": entry["command"].replace(found[1], str(copy))}


def is_ours(name: str) -> bool:
    path = Path(name)
    return any(path.is_relative_to(ROOT / folder) for folder in FOLDERS) and not path.stem.endswith("_test")


def digest(name: str, command: str) -> str:
    """Of all that decides what clang-tidy says of the file."""
    parts = [command.encode(), clang_tidy_version(), content(ROOT / ".clang-tidy")]
    parts += [content(path) for path in sorted(included(Path(name)))]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def included(source: Path) -> set[Path]:
    """The file and those of our headers it includes, directly or not."""
    found = {source}
    ahead = [source]
    while ahead:
        for header in includes(ahead.pop()) - found:
            found.add(header)
            ahead.append(header)
    return found


@functools.cache
def includes(path: Path) -> frozenset[Path]:
    names = [name.decode() for name in INCLUDE.findall(content(path))]
    candidates = (place / name for name in names for place in [path.parent, *PLACES])
    return frozenset(candidate for candidate in candidates if candidate.is_file())


@functools.cache
def content(path: Path) -> bytes:
    return path.read_bytes()


@functools.cache
def clang_tidy_version() -> bytes:
    return subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout


def tidy(database: Path, name: str) -> str:
    """What clang-tidy has to say of the file; empty when nothing."""
    done = subprocess.run(["clang-tidy", "-p", str(database), "--quiet", name], capture_output=True, text=True)
    return done.stdout.strip() or (done.stderr.strip() if done.returncode else "")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
