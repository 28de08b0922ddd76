"""The shape of the house, as far as a program can see it: who includes whom, how large what is, which words where."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = sorted(
    path
    for folder in ("include", "src", "cli", "server", "python/src")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".h", ".cpp")
)
PRODUCT = [path for path in CODE if not path.stem.endswith("_test")]
PUBLIC = "orlop/"
# The one face of a single service: docs/decisions/0040.
OBJECT_API = "python/src/s3.cpp"
SIGNING = ["python/src/signing.cpp", "python/src/driver_ref.h"]
ASYNCHRONOUS = ["python/src/aio.cpp", "python/src/aio.h"]

# What the code in a folder may include, besides its own folder and the world outside. First match counts.
MAY_INCLUDE = {
    "include/orlop": [PUBLIC],
    "src/wire": [PUBLIC],
    "src/net": [PUBLIC, "wire/", "engine/"],
    "src/engine": [PUBLIC, "wire/", "net/"],
    "src/layers": [PUBLIC, "engine/", "wire/", "core/"],
    "src/core": [PUBLIC, "engine/", "layers/", "wire/", "backends/"],
    "src/backends": [PUBLIC, "engine/", "wire/", "net/"],
    "server": [PUBLIC, "wire/", "engine/listing.h"],
    "cli": [PUBLIC],
    "python/src": [PUBLIC],
}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def without_comments(text: str) -> str:
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)


def lines_of_code(files: list[Path]) -> int:
    return sum(bool(line.strip()) for path in files for line in without_comments(text_of(path)).splitlines())


def own_includes(path: Path) -> list[str]:
    return re.findall(r'^\s*#\s*include\s*"([^"]+)"', text_of(path), re.MULTILINE)


def folder_rule(path: Path) -> str:
    name = relative(path)
    return next(folder for folder in MAY_INCLUDE if name.startswith(folder + "/"))


@pytest.mark.parametrize("path", PRODUCT, ids=relative)
def test_arrows_point_down(path: Path) -> None:
    folder = folder_rule(path)
    own = folder.removeprefix("src/") + "/"
    if folder == "src/backends":  # a backend's own folder, never another's
        own = "/".join(relative(path).split("/")[1:3]) + "/"
    for include in own_includes(path):
        neighbour = any((ROOT / place / include).exists() for place in (folder, path.parent))
        assert neighbour or include.startswith((own, *MAY_INCLUDE[folder])), f"it must not include {include}"


@pytest.mark.parametrize("path", PRODUCT, ids=relative)
def test_public_headers_need_only_the_standard_library(path: Path) -> None:
    if not relative(path).startswith("include/"):
        return
    for header in re.findall(r"^\s*#\s*include\s*<([^>]+)>", text_of(path), re.MULTILINE):
        assert "/" not in header and not header.endswith(".h"), f"{relative(path)} includes <{header}>"


@pytest.mark.parametrize("path", [path for path in PRODUCT if relative(path).startswith("src/backends/")], ids=relative)
def test_backends_know_nothing_above_them(path: Path) -> None:
    includes = own_includes(path)
    assert "orlop/storage.h" not in includes
    assert not [include for include in includes if include.startswith("orlop/layers/")]
    assert not [
        include
        for include in includes
        if include.startswith("orlop/backends/") and Path(include).stem != relative(path).split("/")[2]
    ]


def test_the_driver_is_twelve_operations() -> None:
    text = without_comments(text_of(ROOT / "include/orlop/driver/driver.h"))
    body = text[text.index("class Driver {") :]
    assert len(re.findall(r"\bvirtual\b[^;]*=\s*0\s*;", body)) == 12
    assert len(re.findall(r"\bvirtual\b", body)) == 13  # and the destructor


def test_every_operation_makes_four_promises() -> None:
    text = text_of(ROOT / "include/orlop/driver/driver.h")
    body = text[text.index("class Driver {") :]
    for number in range(3, 10):  # 1, 2, 10, 11 and 12 say it in fewer words
        promise = body[body.index(f"// {number}. ") : body.index(f"// {number + 1}. ")]
        for word in ("Result:", "Errors:", "Visibility:", "Threads:"):
            assert word in promise, f"operation {number} does not say {word}"


def test_storage_has_no_virtual_member() -> None:
    assert "virtual" not in without_comments(text_of(ROOT / "include/orlop/storage.h"))


@pytest.mark.parametrize("path", PRODUCT, ids=relative)
def test_no_dynamic_cast(path: Path) -> None:
    assert "dynamic_cast" not in without_comments(text_of(path))


@pytest.mark.parametrize("path", [path for path in PRODUCT if relative(path).startswith("src/")], ids=relative)
def test_nothing_throws_in_the_engine(path: Path) -> None:
    assert not re.search(r"\bthrow\b(?!\s*;)", without_comments(text_of(path)))


def test_the_extension_is_small_and_names_no_backend() -> None:
    files = [path for path in PRODUCT if relative(path).startswith("python/src/") and relative(path) != OBJECT_API]
    core = [path for path in files if relative(path) not in [*SIGNING, *ASYNCHRONOUS]]
    assert files
    assert lines_of_code(core) < 850
    assert lines_of_code([ROOT / name for name in SIGNING]) < 200
    assert lines_of_code([ROOT / OBJECT_API]) < 250
    assert lines_of_code([ROOT / name for name in ASYNCHRONOUS]) < 550
    backends = [folder.name for folder in (ROOT / "src/backends").iterdir() if folder.is_dir()]
    for path in files:
        for word in backends:
            assert not re.search(rf"\b{word}(::|/|\b\")", text_of(path)), f"{relative(path)} names {word}"


def test_wire_does_no_input_or_output() -> None:
    forbidden = re.compile(r"<(curl/|sys/socket|unistd|fcntl|fstream|iostream|thread|netdb)")
    for path in PRODUCT:
        if relative(path).startswith("src/wire/"):
            assert not forbidden.search(text_of(path)), relative(path)


def test_only_net_knows_the_network() -> None:
    for path in PRODUCT:
        if relative(path).startswith(("src/", "cli/", "python/")) and not relative(path).startswith("src/net/"):
            assert not re.search(r"<(curl/|openssl/ssl|sys/socket|netdb)", text_of(path)), relative(path)


def test_same_files_in_every_backend() -> None:
    for folder in (ROOT / "src/backends").iterdir():
        if folder.is_dir():
            assert (folder / "driver.cpp").exists(), f"{relative(folder)} has no driver.cpp"
            assert (ROOT / "include/orlop/backends" / f"{folder.name}.h").exists()


@pytest.mark.parametrize("path", PRODUCT, ids=relative)
def test_no_file_is_too_long(path: Path) -> None:
    assert len(text_of(path).splitlines()) <= 700, "a file of this length does two jobs"
