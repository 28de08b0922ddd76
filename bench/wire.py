"""The pure functions a request passes through: signing, checksums, digests."""

from __future__ import annotations

import json
import subprocess

from harness import PROGRAMS, show, write_result


def main() -> None:
    command = [PROGRAMS / "wire_bench", "--benchmark_format=json", "--benchmark_min_time=0.1"]
    report = json.loads(subprocess.check_output(command, stderr=subprocess.DEVNULL))
    rows = {}
    for benchmark in report["benchmarks"]:
        row = {"cpu_us": round(benchmark["cpu_time"] / 1000, 4)}
        if "bytes_per_second" in benchmark:
            row["gb_per_s"] = round(benchmark["bytes_per_second"] / 1e9, 2)
        rows[benchmark["name"]] = {"orlop": row}
    show("CPU, microseconds a call", {name: row["orlop"] for name, row in rows.items()})
    print(f"\n{write_result('wire', rows)}")


if __name__ == "__main__":
    main()
