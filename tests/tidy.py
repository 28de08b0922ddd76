"""Runs clang-tidy over our sources, several at once, and remembers the files that were clean.

    tidy.py BUILD [FILE...]

A file is looked at again when it, one of our headers, its compile command or .clang-tidy has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("src", "server", "cli", "python/src")


def main(build: Path, wanted: list[str]) -> int:
    commands = {entry["file"]: entry["command"] for entry in json.loads((build / "compile_commands.json").read_text())}
    files = [name for name in sorted(commands) if is_ours(name)]
    if wanted:
        names = {str(Path(name).resolve()) for name in wanted}
        files = [name for name in files if name in names]
    clean = build / "tidy"
    clean.mkdir(exist_ok=True)
    common = digest(ROOT / ".clang-tidy", *sorted(header for folder in FOLDERS for header in headers(folder)))
    stamps = {
        name: clean / hashlib.sha256(f"{common}{digest(name)}{commands[name]}".encode()).hexdigest() for name in files
    }
    files = [name for name in files if not stamps[name].exists()]

    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, (name, output) in enumerate(zip(files, pool.map(lambda name: tidy(build, name), files)), 1):
            print(f"[{number}/{len(files)}] {Path(name).relative_to(ROOT)}", flush=True)
            if output:
                failed += 1
                print(output, flush=True)
            else:
                stamps[name].touch()
    return 1 if failed else 0


def is_ours(name: str) -> bool:
    path = Path(name)
    return any(path.is_relative_to(ROOT / folder) for folder in FOLDERS) and not path.stem.endswith("_test")


def headers(folder: str) -> list[Path]:
    places = [ROOT / folder] if folder != "src" else [ROOT / "src", ROOT / "include"]
    return [path for place in places for path in place.rglob("*.h")]


def digest(*paths: str | Path) -> str:
    whole = hashlib.sha256()
    for path in paths:
        whole.update(Path(path).read_bytes())
    return whole.hexdigest()


def tidy(build: Path, name: str) -> str:
    """What clang-tidy has to say of the file; empty when nothing."""
    done = subprocess.run(["clang-tidy", "-p", str(build), "--quiet", name], capture_output=True, text=True)
    return done.stdout.strip() or (done.stderr.strip() if done.returncode else "")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
