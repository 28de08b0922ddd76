"""The table of docs/performance.md, made of the files in bench/results: prints it, or with --write puts it there."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- made by bench/report.py -->\n", "<!-- end -->\n"


class Number(NamedTuple):
    """A figure of `row` as the results have it, alone or against that of another client in the same run."""

    what: str
    result: str  # the file
    row: str
    client: str
    figure: str
    limit: float
    unit: str = ""  # of `limit`; empty for a ratio
    against: str = ""


def collectstatic(kind: str) -> list[Number]:
    first, unchanged = f"{kind}, 10,000 files, first", f"{kind}, 10,000 files, unchanged"
    disk = "Django, local disk"
    return [
        Number(f"`collectstatic` of 10,000, {kind}", "collectstatic", first, "orlop", "cpu_s", 2, "", disk),
        Number("the same, unchanged", "collectstatic", unchanged, "orlop", "cpu_s", 1.4, "", disk),
        Number("its requests", "collectstatic", unchanged, "orlop", "requests", 11, "requests"),
    ]


HEAD = "small_requests", "head"
MILLION = "1,000,000 files and rows"
NUMBERS = [
    Number("HEAD, C++ `Driver::stat`", *HEAD, "orlop driver", "cpu_us", 1.15, "", "the system's libcurl (limit)"),
    Number("the same", *HEAD, "orlop driver", "cpu_us", 1.15, "", "Orlop's libcurl (limit)"),
    Number("HEAD, Python handle", "small_requests", "head", "orlop handle", "cpu_us", 0.75, "", "OpenDAL"),
    Number("GET of 4 KiB, Python handle", "small_requests", "get", "orlop handle", "cpu_us", 0.75, "", "OpenDAL"),
    Number("PUT of 4 KiB, Python handle", "small_requests", "put", "orlop handle", "cpu_us", 0.75, "", "OpenDAL"),
    Number("Django `exists()`", "small_requests", "head", "orlop Django", "cpu_us", 1 / 14, "", "django-storages"),
    Number("its requests", "small_requests", "head", "orlop Django", "requests", 1, "requests"),
    Number("Django `open().read()`", "small_requests", "get", "orlop Django", "cpu_us", 1 / 75, "", "django-storages"),
    Number("its requests", "small_requests", "get", "orlop Django", "requests", 1, "requests"),
    Number(
        "Django `save()` of 4 KiB", "small_requests", "put", "orlop Django", "cpu_us", 1 / 40, "", "django-storages"
    ),
    Number("its requests", "small_requests", "put", "orlop Django", "requests", 1, "requests"),
    Number("`aexists`, 64 in flight", "async_requests", "head", "orlop handle", "cpu_us", 0.6, "", "OpenDAL"),
    Number("the same", "async_requests", "head", "orlop handle", "cpu_us", 0.6, "", "obstore"),
    Number("Django's `aexists`", "async_requests", "head", "orlop Django", "cpu_us", 0.6, "", "OpenDAL"),
    Number("the same", "async_requests", "head", "orlop Django", "cpu_us", 0.6, "", "obstore"),
    Number("Read of 4 KiB, 64 in flight", "async_requests", "get", "orlop handle", "cpu_us", 0.6, "", "OpenDAL"),
    Number("the same", "async_requests", "get", "orlop handle", "cpu_us", 0.6, "", "obstore"),
    Number("HEAD, 64 Python threads", "threads", "head 64", "orlop handle", "cpu_us", 1 / 1.6, "", "OpenDAL"),
    Number("its memory over bare Python", "threads", "memory 64", "orlop handle", "over_mib", 30, "MiB"),
    Number("HEAD, 8 Python threads", "threads", "head 8", "orlop handle", "cpu_us", 1 / 0.9, "", "orlop storage"),
    Number("One more storage", "many_storages", "storage", "orlop", "made_us", 50, "µs"),
    Number("its memory", "many_storages", "storage", "orlop", "ready_kib", 50, "KiB"),
    Number("`orlop version`", "cold_start", "commands", "orlop version", "ms", 6, "ms"),
    Number("`orlop ls` of one key", "cold_start", "commands", "orlop ls", "ms", 9, "ms"),
    Number("Import and construction", "cold_start", "django", "orlop", "made_cpu_ms", 0.1, "", "django-storages"),
    Number("its memory", "cold_start", "django", "orlop", "made_rss_mib", 0.1, "", "django-storages"),
    Number("until a first call: CPU", "cold_start", "django", "orlop", "ready_cpu_ms", 0.1, "", "django-storages"),
    Number("its memory", "cold_start", "django", "orlop", "ready_rss_mib", 0.1, "", "django-storages"),
    Number("Upload of 1 GiB, peak memory", "transfers", "upload", "orlop", "peak_mib", 48, "MiB"),
    Number("its time", "transfers", "upload", "orlop", "seconds", 1, "", "boto3"),
    Number("its time", "transfers", "upload", "orlop", "seconds", 1, "", "s5cmd"),
    Number("Download of 1 GiB, peak memory", "transfers", "download", "orlop", "peak_mib", 48, "MiB"),
    Number("its time", "transfers", "download", "orlop", "seconds", 1, "", "boto3"),
    Number("its time", "transfers", "download", "orlop", "seconds", 1, "", "s5cmd"),
    Number("Signing with the day's key", "wire", "signed_head", "orlop", "cpu_us", 1, "µs"),
    Number("`gc` of a million, peak memory", "gc", "files", MILLION, "peak_mib", 1.1, "", "100,000 files and rows"),
    Number("`url()`, one by one", "signing", "url", "orlop Django", "cpu_us", 10, "µs"),
    Number("`urls()`, in bulk", "signing", "urls", "orlop Django", "cpu_us", 5, "µs"),
    Number("CloudFront's, one by one", "signing", "cloudfront", "orlop Django", "cpu_us", 1000, "µs"),
    Number("The view that begins a direct upload", "signing", "begin", "orlop Django", "cpu_us", 1000, "µs"),
    Number("a whole one, begun and verified", "signing", "upload", "orlop Django", "cpu_us", 1000, "µs"),
    Number("its requests", "signing", "upload", "orlop Django", "requests", 3, "requests"),
    *collectstatic("plain"),
    *collectstatic("manifest"),
    Number("Compiling the library, two cores", "library_build", "library", "orlop", "cpu_s_per_core", 60, "s"),
]
UNITS = {
    "cpu_us": "µs CPU",
    "made_cpu_ms": "ms CPU",
    "made_rss_mib": "MiB",
    "ready_cpu_ms": "ms CPU",
    "ready_rss_mib": "MiB",
    "seconds": "s",
    "cpu_s": "s CPU",
    "peak_mib": "MiB",
    "over_mib": "MiB",
    "made_us": "µs CPU",
    "ready_kib": "KiB",
}


def _share(ratio: float) -> str:
    return f"1/{1 / ratio:.0f}" if ratio < 0.4 else f"{ratio:.2f}x"


def _short(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def _line(number: Number, results: Path) -> str:
    path = results / f"{number.result}.json"
    if not path.exists():
        return f"| {number.what} | | not measured | |"
    rows = json.loads(path.read_text())["rows"][number.row]
    value = rows[number.client][number.figure]
    if number.against:
        peer = rows[number.against][number.figure]
        limit, measured = _share(number.limit), _share(value / peer)
        detail = f" ({_short(value)} to {_short(peer)} {UNITS[number.figure]})"
        limit += f" {number.against.removesuffix(' (limit)')}"
        met = value <= number.limit * peer
    else:
        limit, measured, detail = f"{number.limit:g} {number.unit}", f"{_short(value)} {number.unit}", ""
        met = value <= number.limit
    return f"| {number.what} | {limit} | {measured}{detail} | {'yes' if met else '**no**'} |"


def table(results: Path = ROOT / "bench" / "results") -> str:
    lines = [_line(number, results) for number in NUMBERS]
    return "\n".join(["| What | At most | Measured | Met |", "| --- | --- | --- | --- |", *lines]) + "\n"


def parts(document: str) -> tuple[str, str, str]:
    """What stands before the table, the table, and what comes after it."""
    before, _, rest = document.partition(BEGIN)
    inside, _, after = rest.partition(END)
    return before, inside, after


def main() -> None:
    if sys.argv[1:] != ["--write"]:
        print(table(), end="")
        return
    before, _, after = parts(DOCUMENT.read_text())
    DOCUMENT.write_text(before + BEGIN + table() + END + after)


if __name__ == "__main__":
    main()
