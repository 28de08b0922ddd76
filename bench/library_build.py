"""A clean build of the library alone, without a compiler cache: the CPU time it takes, spread over two cores."""

from __future__ import annotations

import resource
import subprocess
import tempfile

from harness import ROOT, write_result

PARTS = [f"-DORLOP_{part}=OFF" for part in ("CLI", "SERVER", "TESTS", "PYTHON")]


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        configure = [
            "cmake",
            "-S",
            ROOT,
            "-B",
            folder,
            "-G",
            "Ninja",
            "-DCMAKE_BUILD_TYPE=Release",
            "-DCCACHE=",
            *PARTS,
        ]
        subprocess.run(configure, check=True, stdout=subprocess.DEVNULL)
        before = cpu_seconds()
        subprocess.run(["cmake", "--build", folder, "-j2"], check=True, stdout=subprocess.DEVNULL)
        per_core = (cpu_seconds() - before) / 2
    print(f"\nthe library: {per_core:.0f} s of each of two cores")
    print(write_result("library_build", {"library": {"orlop": {"cpu_s_per_core": round(per_core, 1)}}}))


if __name__ == "__main__":
    main()
