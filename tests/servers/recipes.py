"""How each server is started. A recipe starts it over HTTP and TLS, waits until it answers, and says where."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import cache
from .processes import Group, free_ports


@dataclass(frozen=True)
class Settings:
    key: str
    secret: str
    certificates: Path


@dataclass(frozen=True)
class Endpoints:
    http: str
    https: str


def minio(group: Group, settings: Settings) -> Endpoints:
    binary = cache.minio()
    environment = {
        "MINIO_ROOT_USER": settings.key,
        "MINIO_ROOT_PASSWORD": settings.secret,
        "MINIO_DOMAIN": "localhost",  # virtual hosts
        "MINIO_SITE_REGION": "us-east-1",  # without it every region is accepted
        "MINIO_BROWSER": "off",
        "MINIO_UPDATE": "off",
        "MINIO_CI_CD": "1",  # a data folder on the root disk is fine
        "MINIO_KMS_SECRET_KEY": "k:" + base64.b64encode(b"0123456789abcdef" * 2).decode(),  # SSE-S3 and SSE-KMS answer
    }
    certificates = group.folder / "certs"
    certificates.mkdir()
    (certificates / "public.crt").write_text((settings.certificates / "server.pem").read_text())
    (certificates / "private.key").write_text((settings.certificates / "server.key").read_text())
    port, secure_port = free_ports(), free_ports()
    for name, number, options in (
        ("http", port, ["--certs-dir", str(group.folder)]),
        ("https", secure_port, ["--certs-dir", str(certificates)]),
    ):
        addresses = ["--address", f"127.0.0.1:{number}", "--console-address", f"127.0.0.1:{free_ports()}"]
        command = [str(binary), "server", *addresses, *options, str(group.folder / f"data-{name}")]
        group.start(name, command, environment)
    endpoints = Endpoints(f"http://127.0.0.1:{port}", f"https://127.0.0.1:{secure_port}")
    group.wait_http(f"{endpoints.http}/minio/health/ready")
    group.wait_http(f"{endpoints.https}/minio/health/ready", settings.certificates / "ca.pem")
    return endpoints


# Without a configuration its logging library writes every step of every request.
LOGBACK = """<configuration><appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
<encoder><pattern>%d %level %logger %msg%n</pattern></encoder></appender>
<root level="warn"><appender-ref ref="OUT"/></root></configuration>
"""


def s3proxy(group: Group, settings: Settings) -> Endpoints:
    jars = cache.s3proxy()
    certificates, store = settings.certificates, group.folder / "key.p12"
    group.run(
        *f"openssl pkcs12 -export -passout pass:changeit -out {store}".split(),
        *("-in", str(certificates / "server.pem"), "-inkey", str(certificates / "server.key")),
    )
    port, secure_port = free_ports(), free_ports()
    properties = {
        "s3proxy.authorization": "aws-v2-or-v4",
        "s3proxy.endpoint": f"http://127.0.0.1:{port}",
        "s3proxy.secure-endpoint": f"https://127.0.0.1:{secure_port}",
        "s3proxy.identity": settings.key,
        "s3proxy.credential": settings.secret,
        "s3proxy.virtual-host": "localhost",
        "s3proxy.keystore-path": store,
        "s3proxy.keystore-password": "changeit",
        "jclouds.provider": "transient-nio2",
        "jclouds.identity": "x",
        "jclouds.credential": "x",
    }
    file = group.folder / "s3proxy.conf"
    file.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
    logging = group.folder / "logback.xml"
    logging.write_text(LOGBACK)
    java = ["java", "-Xmx512m", f"-Dlogback.configurationFile={logging}", "-cp", f"{jars}/*"]
    group.start("s3proxy", [*java, "org.gaul.s3proxy.Main", "--properties", str(file)])
    group.wait_port(port)
    group.wait_port(secure_port)
    # Not 127.0.0.1: a host that is not below its virtual host is a bucket to S3Proxy.
    return Endpoints(f"http://localhost:{port}", f"https://localhost:{secure_port}")


FSID = "11111111-2222-3333-4444-555555555555"
OSD_UUID = "66666666-7777-8888-9999-000000000000"


def ceph(group: Group, settings: Settings) -> Endpoints:
    """One monitor, one OSD in memory, one gateway; no manager is needed."""
    cache.ceph()
    monitor, port, secure_port = free_ports(), free_ports(), free_ports()
    folder = group.folder
    for name in ("mon", "osd0", "log"):
        (folder / name).mkdir()
    (folder / "keyring").touch()
    configuration = folder / "ceph.conf"
    configuration.write_text(_ceph_configuration(folder, settings, monitor, port, secure_port))
    with_configuration = ("-c", str(configuration))
    monmap = str(folder / "monmap")
    group.run(*f"monmaptool --create --clobber --fsid {FSID} --addv a v1:127.0.0.1:{monitor}/0 {monmap}".split())
    group.run("ceph-mon", *with_configuration, "--mkfs", "-i", "a", "--monmap", monmap)
    group.start("mon", ["ceph-mon", *with_configuration, "-i", "a", "-f"])
    group.wait_port(monitor)
    # A monitor that listens may refuse everybody until it has formed its quorum of one.
    group.run_until_done("ceph", *with_configuration, "osd", "new", OSD_UUID, "0")
    group.run_until_done("ceph", *with_configuration, *"osd crush add osd.0 1.0 root=default host=h".split())
    group.run("ceph-osd", *with_configuration, "-i", "0", "--mkfs", "--osd-uuid", OSD_UUID)
    group.start("osd", ["ceph-osd", *with_configuration, "-i", "0", "-f"])
    group.start("rgw", ["radosgw", *with_configuration, "-n", "client.rgw", "-f"])
    endpoints = Endpoints(f"http://127.0.0.1:{port}", f"https://127.0.0.1:{secure_port}")
    group.wait_http(endpoints.http)
    group.wait_http(endpoints.https, settings.certificates / "ca.pem")
    admin = ("radosgw-admin", *with_configuration, "-n", "client.rgw", "user", "create")
    # Every test has a bucket of its own: more than the 1000 that are allowed by default.
    user = ("--uid", "tester", "--display-name", "tester", "--max-buckets", "1000000")
    group.run(*admin, *user, "--access-key", settings.key, "--secret", settings.secret)
    return endpoints


def _ceph_configuration(folder: Path, settings: Settings, monitor: int, port: int, secure_port: int) -> str:
    low = free_ports(40)
    gateway = (
        f"beast endpoint=127.0.0.1:{port} ssl_endpoint=127.0.0.1:{secure_port} "
        f"ssl_certificate={settings.certificates / 'server.both.pem'}"
    )
    general = {
        "fsid": FSID,
        "mon host": f"v1:127.0.0.1:{monitor}/0",
        "public addr": "127.0.0.1",
        "cluster addr": "127.0.0.1",  # without it the OSD listens on every interface
        "auth cluster required": "none",
        "auth service required": "none",
        "auth client required": "none",
        "ms bind msgr2": "false",
        "ms bind port min": low,
        "ms bind port max": low + 39,
        "osd pool default size": 1,
        "osd pool default min size": 1,
        "osd pool default pg num": 8,
        "osd pool default pgp num": 8,
        "osd crush chooseleaf type": 0,
        # Without these two the OSD sometimes dies on a busy machine ("wrong fsid").
        "osd crush update on start": "false",
        "osd class update on start": "false",
        "mon allow pool size one": "true",
        "mon max pg per osd": 1000,
        "admin socket": folder / "$name.asok",
        "log file": folder / "log/$name.log",
        "pid file": "",
        "run dir": folder,
        "mon data": folder / "mon",
        "osd data": folder / "osd0",
        "keyring": folder / "keyring",
        "osd objectstore": "memstore",
        "memstore device bytes": "4G",
        "osd max object name len": 2048,
        "osd class default list": "*",
        "osd class load list": "*",
    }
    section = {"rgw frontends": gateway, "rgw dns name": "localhost", "rgw crypt require ssl": "false"}
    lines = ["[global]", *(f"{name} = {value}" for name, value in general.items())]
    lines += ["[client.rgw]", *(f"{name} = {value}" for name, value in section.items())]
    return "\n".join(lines) + "\n"


RECIPES: dict[str, Callable[[Group, Settings], Endpoints]] = {"minio": minio, "ceph": ceph, "s3proxy": s3proxy}
INSTALLERS: dict[str, Callable[[], object]] = {"minio": cache.minio, "ceph": cache.ceph, "s3proxy": cache.s3proxy}
