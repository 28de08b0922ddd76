"""Uses an installed wheel: its import is quick; files are saved and read on disk, on an S3 server, and by Django."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType

MOST_MILLISECONDS = 5.0
MEASURE = "import time; t = time.process_time(); import orlop; print((time.process_time() - t) * 1000)"


def main() -> None:
    for compiler in ("cc", "gcc", "g++", "clang"):
        assert not shutil.which(compiler), f"a compiler is in reach: {compiler}"
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]

    milliseconds = import_time()
    assert milliseconds <= MOST_MILLISECONDS, f"import orlop takes {milliseconds:.1f} ms"

    import orlop.testing

    assert Path(orlop.__file__).is_relative_to(sys.prefix), f"that is not the wheel's: {orlop.__file__}"
    save_locally()
    with orlop.testing.Server(buckets=["wheel"]) as server:
        save_to_s3(server)
        version = save_with_django(server)
    here = f"{sys.version.split()[0]}: imported in {milliseconds:.1f} ms"
    print(f"[wheel] {here}; saved and read on disk, on S3, with Django {version}")


def import_time() -> float:
    """Of the processor, the best of many: what the clock shows when nothing else runs."""
    command = [sys.executable, "-c", MEASURE]
    return min(float(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(20))


def save_locally() -> None:
    import orlop

    with tempfile.TemporaryDirectory() as folder:
        storage = orlop.open(f"file://{folder}")
        name = storage.save("a/b.txt", b"on disk")
        with storage.open(name) as file:
            assert file.read() == b"on disk"
        assert Path(folder, "a/b.txt").read_bytes() == b"on disk"


def save_to_s3(server: object) -> None:
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


def save_with_django(server: object) -> str:
    import django

    options = {
        "bucket_name": "wheel",
        "endpoint_url": server.endpoint,
        "access_key": server.access_key_id,
        "secret_key": server.secret_access_key,
        "region_name": server.region,
    }
    # A module, not settings.configure(): after that, Django 4.2 ignores the OPTIONS of STORAGES.
    site = sys.modules["site_settings"] = ModuleType("site_settings")
    site.SECRET_KEY, site.USE_TZ = "none", True
    site.STORAGES = {"default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}}
    os.environ["DJANGO_SETTINGS_MODULE"] = site.__name__
    django.setup()

    from django.core.files.base import ContentFile
    from django.core.files.storage import storages

    storage = storages["default"]
    name = storage.save("uploads/hello.txt", ContentFile(b"from a site"))
    with storage.open(name) as file:
        assert file.read() == b"from a site"
    assert storage.size(name) == 11
    assert f"/{name}?" in storage.url(name)
    storage.delete(name)
    assert not storage.exists(name)
    return django.get_version()


if __name__ == "__main__":
    main()
