"""What the Python tests share: Django, an S3 server in this process, and the real ones when they are up."""

from __future__ import annotations

import functools
import itertools
import os
import socket
from dataclasses import dataclass

import django
import pytest
from django.db import connection, models
from helpers import django_site
from helpers.static_files import write_files
from servers.fixtures import running_servers

django_site.set_up(SECRET_KEY="of the tests")

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Place:
    """An S3 server, and options of S3Storage to reach a bucket of its own there."""

    name: str
    endpoint: str
    key: str
    secret: str
    ca: str = ""
    bucket: str = ""

    def with_bucket(self) -> Place:
        bucket = f"orlop-py-{os.getpid()}-{next(_numbers)}"
        place = Place(self.name, self.endpoint, self.key, self.secret, self.ca, bucket)
        place.handle().create()
        return place

    @property
    def dialect(self) -> str:
        return self.name.partition("-")[0]

    @property
    def options(self) -> dict:
        options = {
            "bucket_name": self.bucket,
            "endpoint_url": self.endpoint,
            "access_key": self.key,
            "secret_key": self.secret,
            "region_name": "us-east-1",
            "dialect": self.dialect,
        }
        return {**options, "verify": self.ca} if self.ca else options

    @property
    def engine_options(self) -> dict:
        options = {
            "endpoint": self.endpoint,
            "access_key_id": self.key,
            "secret_access_key": self.secret,
            "region": "us-east-1",
            "dialect": self.dialect,
        }
        return {**options, "ca_file": self.ca} if self.ca else options

    def handle(self, **options):
        import orlop

        return orlop.open(f"s3://{self.bucket}", **{**self.engine_options, **options})

    def storage(self, kind=None, **options):
        from storages.backends.s3 import S3Storage

        return (kind or S3Storage)(**{**self.options, **options})


SETTINGS = {
    "bucket_name": "AWS_STORAGE_BUCKET_NAME",
    "endpoint_url": "AWS_S3_ENDPOINT_URL",
    "access_key": "AWS_S3_ACCESS_KEY_ID",
    "secret_key": "AWS_S3_SECRET_ACCESS_KEY",
    "region_name": "AWS_S3_REGION_NAME",
    "verify": "AWS_S3_VERIFY",
    "location": "AWS_LOCATION",
    "gzip": "AWS_IS_GZIPPED",
    "dialect": "AWS_S3_DIALECT",
}


def site_settings(place: Place, *, default: str = "", static: str = "", **options):
    """Settings of a site that keeps its files at `place`, in the words of the Django at hand."""
    from django.test import override_settings

    default = f"storages.backends.s3.{default}" if default else "django.core.files.storage.FileSystemStorage"
    static = f"storages.backends.s3.{static}" if static else "django.contrib.staticfiles.storage.StaticFilesStorage"
    values = {SETTINGS[name]: value for name, value in {**place.options, **options}.items()}
    if django.VERSION >= (4, 2):
        values["STORAGES"] = {"default": {"BACKEND": default}, "staticfiles": {"BACKEND": static}}
    else:
        values |= {"DEFAULT_FILE_STORAGE": default, "STATICFILES_STORAGE": static}
    return override_settings(**values)


@pytest.fixture
def setting_names():
    """Option -> Django setting."""
    return SETTINGS


@pytest.fixture
def site(place):
    """site_settings() for a fresh bucket on each server."""
    return functools.partial(site_settings, place)


@pytest.fixture(scope="session")
def own_server():
    """The development server, in this process."""
    from orlop.testing import Server

    with Server() as server:
        yield server


def _real(server) -> Place:
    ca = server.ca if server.secure else ""
    return Place(f"{server.name}-{'tls' if server.secure else 'http'}", server.endpoint, server.key, server.secret, ca)


def _own(server) -> Place:
    return Place("orlop", server.endpoint, server.access_key_id, server.secret_access_key)


@pytest.fixture(
    params=[None, *running_servers()],
    ids=lambda server: _real(server).name if server else "orlop",
    scope="session",
)
def any_server(request, own_server) -> Place:
    """Each S3 server there is, without a bucket."""
    return _own(own_server) if request.param is None else _real(request.param)


@pytest.fixture(
    params=[None, *(server for server in running_servers() if server.name == "minio" and not server.secure)],
    ids=lambda server: _real(server).name if server else "orlop",
    scope="session",
)
def comparable_server(request, own_server) -> Place:
    """The servers that keep whatever django-storages sends them."""
    return _own(own_server) if request.param is None else _real(request.param)


@pytest.fixture(scope="session")
def particular_servers() -> dict[str, Place]:
    """Those that have their own ways, by name."""
    servers = (server for server in running_servers() if server.name in ("ceph", "s3proxy") and not server.secure)
    return {server.name: _real(server) for server in servers}


@pytest.fixture
def place(any_server) -> Place:
    """A fresh bucket on each S3 server there is."""
    return any_server.with_bucket()


@pytest.fixture
def storage(place):
    """S3Storage with a fresh bucket on each S3 server there is."""
    return place.storage()


@pytest.fixture(scope="session")
def make_own_place(own_server):
    """Fresh buckets on the server in this process, as many as are wanted."""
    return _own(own_server).with_bucket


@pytest.fixture
def own_place(own_server) -> Place:
    """A fresh bucket on the server in this process, whose log is empty and which has no faults."""
    place = Place("orlop", own_server.endpoint, own_server.access_key_id, own_server.secret_access_key).with_bucket()
    own_server.set_faults("")
    own_server.take_log()
    yield place
    own_server.set_faults("")


@pytest.fixture(scope="module")
def files_at():
    """files_at(place, model) makes a table; the function it returns, a storage at the place for the model's files."""
    tables = []

    def of(place, model):
        if model not in tables:
            with connection.schema_editor() as editor:
                editor.create_model(model)
            tables.append(model)
        fields = [field for field in model._meta.get_fields() if isinstance(field, models.FileField)]

        def use(**options):
            storage = place.storage(**options)
            for field in fields:
                field.storage = storage  # the one it has was made with its class
            return storage

        return use

    yield of
    for model in tables:
        with connection.schema_editor() as editor:
            editor.delete_model(model)


@pytest.fixture
def source(tmp_path):
    """A folder of static files that name each other."""
    files = {
        "css/site.css": 'body { background: url("../img/dot.svg"); }\n@import "parts/base.css";',
        "css/parts/base.css": 'h1 { src: url("../../img/dot.svg#x") }',
        "img/dot.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "js/app.js": "console.log('h\u00e9');\n//# sourceMappingURL=app.js.map\n",
        "js/app.js.map": "{}",
        "a b.txt": "space",
        "empty.txt": "",
    }
    return write_files(tmp_path / "source", files)


@pytest.fixture
def closed_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
