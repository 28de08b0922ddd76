"""A site's storages for direct uploads and signed addresses, and what a browser does with what is signed."""

from __future__ import annotations

import base64
import contextlib
import sys
import types
import urllib.error
import urllib.request
import uuid
import zlib

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.storage import storages as django_storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.urls import clear_url_caches, include, path
from django.utils.functional import empty

ALIASES = ("s3", "memory", "local")

_urls = types.ModuleType("urls_of_direct_uploads")
_urls.urlpatterns = [path("storage/", include("storages.urls"))]
sys.modules[_urls.__name__] = _urls


def backend(name, **options):
    return {"BACKEND": f"storages.backends.{name}", "OPTIONS": options}


@contextlib.contextmanager
def site(server, directory, **options):
    """All three kinds of storages under their names, and the bundled views."""
    s3 = {
        "bucket_name": "media",
        "endpoint_url": server.endpoint,
        "access_key": server.access_key_id,
        "secret_key": server.secret_access_key,
        "region_name": server.region,
        "dialect": "orlop",
    }
    storages = {
        "default": backend("s3.S3Storage", **{**s3, **options}),
        "s3": backend("s3.S3Storage", **{**s3, **options}),
        "memory": backend("memory.MemoryStorage", bucket_name=uuid.uuid4().hex, **options),
        "local": backend("local.LocalStorage", root=str(directory), **options),
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        "public": backend("local.LocalStaticStorage", root=str(directory / "public")),
    }
    apps = [*settings.INSTALLED_APPS, *({"storages"} - set(settings.INSTALLED_APPS))]
    renderer = "django.forms.renderers.DjangoTemplates"  # made anew, with the templates of these apps
    with override_settings(
        STORAGES=storages,
        STATIC_URL="/static/",
        ROOT_URLCONF=_urls.__name__,
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=apps,
        FORM_RENDERER=renderer,
    ):
        clear_url_caches()
        # In Django 4.2 the signal for one setting of the two loses the options of the other.
        settings.STORAGES["default"] = storages["s3"]
        django_storages._storages.pop("default", None)
        django_storages.backends["default"] = storages["s3"]
        default_storage._wrapped = empty
        yield
    default_storage._wrapped = empty
    clear_url_caches()


def crc32(content):
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


def send(signed, content, headers=None, fields=None):
    """(status, body) of a signed request sent as a browser does; `headers` and `fields` are what it sends instead."""
    signed = signed if isinstance(signed, dict) else signed.as_dict()
    headers = {**signed.get("headers", {}), **(headers or {})}
    if signed["method"] == "POST":
        fields = dict(signed["fields"]) if fields is None else fields
        if signed["url"].startswith("http"):
            return _send_form(signed["url"], fields, content)
        answer = Client().post(signed["url"], {**fields, "file": SimpleUploadedFile("x", content)})
        return answer.status_code, answer.content
    if signed["url"].startswith("http"):
        headers.pop("content-length", None)
        return _fetch(urllib.request.Request(signed["url"], content, headers, method=signed["method"]))
    length = headers.pop("content-length", None)
    content_type = headers.pop("content-type", "")
    extra = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    if length is not None:
        extra["CONTENT_LENGTH"] = str(len(content))
        extra["CONTENT_TYPE"] = content_type
    answer = Client().generic(signed["method"], signed["url"], content, content_type, **extra)
    return answer.status_code, b"".join(answer.streaming_content) if answer.streaming else answer.content


def get(url, **headers):
    """(status, body, headers) of an address, wherever it leads."""
    if url.startswith("http"):
        request = urllib.request.Request(
            url, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read(), _headers(answer)
        except urllib.error.HTTPError as error:
            return error.code, error.read(), _headers(error)
    answer = Client().get(url, **{f"HTTP_{name.upper()}": value for name, value in headers.items()})
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer.status_code, body, _headers(answer)


def _headers(answer):
    return {name.title(): value for name, value in answer.headers.items()}


def form_body(fields, content):
    """(body, type) of a browser's form."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n')
    body = "".join(parts).encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def _send_form(url, fields, content):
    body, content_type = form_body(fields, content)
    return _fetch(urllib.request.Request(url, body, {"Content-Type": content_type}, method="POST"))


def _fetch(request):
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
