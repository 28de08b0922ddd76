"""A private CA with one good certificate and the bad ones a client must refuse, made with the openssl command."""

from __future__ import annotations

import subprocess
from pathlib import Path

NAMES = "DNS:localhost,DNS:*.localhost,DNS:*.s3.localhost,IP:127.0.0.1,IP:::1"


def make(folder: Path) -> None:
    """ca.pem, and server, wronghost and expired as NAME.key, NAME.pem and both in NAME.both.pem."""
    folder.mkdir(parents=True, exist_ok=True)
    _key(folder / "ca.key")
    _openssl(
        folder,
        *"req -x509 -new -key ca.key -sha256 -days 30 -out ca.pem".split(),
        *("-subj", "/CN=Orlop test CA", "-addext", "basicConstraints=critical,CA:TRUE"),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
    )
    _leaf(folder, "server", NAMES, days=30)
    _leaf(folder, "wronghost", "DNS:elsewhere.example", days=30)
    _leaf(folder, "expired", NAMES, days=-1)


def _leaf(folder: Path, name: str, subject_names: str, days: int) -> None:
    _key(folder / f"{name}.key")
    _openssl(folder, "req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
    (folder / f"{name}.ext").write_text(
        f"subjectAltName={subject_names}\nbasicConstraints=CA:FALSE\n"
        "keyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth\n"
    )
    _openssl(
        folder,
        *f"x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -sha256 -extfile {name}.ext".split(),
        *("-days", str(days), "-out", f"{name}.pem"),
    )
    both = (folder / f"{name}.key").read_text() + (folder / f"{name}.pem").read_text()
    (folder / f"{name}.both.pem").write_text(both)


def _key(path: Path) -> None:
    _openssl(path.parent, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path.name)


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
