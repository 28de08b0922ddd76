"""Uses an installed wheel: the import is quick and self-contained, and files go to an S3 server and come back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MOST_MILLISECONDS = 5.0
MEASURE = "import time; t = time.perf_counter(); import orlop; print((time.perf_counter() - t) * 1000)"


def main() -> None:
    assert not shutil.which("cc") and not shutil.which("gcc") and not shutil.which("g++"), "a compiler is in reach"

    import orlop
    import orlop._native
    import orlop.testing

    assert Path(orlop.__file__).is_relative_to(sys.prefix) if sys.version_info >= (3, 9) else True
    with open("/proc/self/maps") as maps:
        libraries = {line.split()[-1] for line in maps if ".so" in line}
    for foreign in ("libcurl", "libssl", "libcrypto", "libfmt", "libpugixml", "libstdc++"):
        ours = [name for name in libraries if Path(name).name.startswith(foreign)]
        assert not ours, f"the wheel loads {ours}"

    milliseconds = min(
        float(subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True).stdout)
        for _ in range(7)
    )
    assert milliseconds <= MOST_MILLISECONDS, f"import orlop takes {milliseconds:.1f} ms"

    with orlop.testing.Server(buckets=["wheel"]) as server:
        storage = server.storage("wheel")
        name = storage.save("folder/a.txt", b"from a wheel")
        assert storage.read_bytes(name) == b"from a wheel"
        big = os.urandom(20 << 20)
        with tempfile.NamedTemporaryFile() as file:
            file.write(big)
            file.flush()
            storage.upload(file.name, "big.bin")
        assert storage.read_bytes("big.bin") == big
        assert storage.listdir("")[0] == ["folder"]
        storage.remove(name)
        assert not storage.exists(name)
    print(f"[wheel] {sys.version.split()[0]}: imported in {milliseconds:.1f} ms, files saved and read")


if __name__ == "__main__":
    main()
