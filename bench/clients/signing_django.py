"""Addresses of Django's storage, ours or django-storages', one by one, CloudFront's among them, and, of ours, in bulk;
and direct uploads: the view that begins one, and all that one costs."""

import os
import subprocess
import sys
import types
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

from common import BUCKET, SERVER_CORE, pin, serve
from django.conf import settings

NAMES = [f"photos/2026/{number:04}/picture {number % 7}.jpg" for number in range(1000)]

urls = types.ModuleType("urls_of_the_benchmark")
urls.urlpatterns = []
sys.modules[urls.__name__] = urls
options = {"bucket_name": BUCKET, "endpoint_url": os.environ["AWS_ENDPOINT_URL"], "region_name": "us-east-1"}
key = [
    "openssl",
    "genpkey",
    "-quiet",
    "-algorithm",
    "RSA",
    "-pkeyopt",
    "rsa_keygen_bits:2048",
]  # as CloudFront asks for
cloudfront = {
    "custom_domain": "static.example.org",
    "cloudfront_key_id": "K2JCJMDEHXQW5F",
    "cloudfront_key": subprocess.check_output(key),
}
BACKEND = "storages.backends.s3.S3Storage"
settings.configure(
    SECRET_KEY="of a benchmark",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=urls.__name__,
    STORAGES={
        "default": {"BACKEND": BACKEND, "OPTIONS": options},
        "cloudfront": {"BACKEND": BACKEND, "OPTIONS": {**options, **cloudfront}},
    },
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
)

import django  # noqa: E402

django.setup()

from django.core.files.storage import storages  # noqa: E402

storage = storages["default"]
names = cycle(NAMES)
distributed = storages["cloudfront"]
operations = {
    "url": lambda: storage.url(next(names)),
    "cloudfront": lambda: distributed.url(next(names)),
}
helpers = ExitStack()

if hasattr(storage, "upload_ticket"):
    import io

    from django.core.wsgi import get_wsgi_application
    from django.db import models
    from django.urls import include, path
    from storages.uploads import verify_and_attach

    class Film(models.Model):
        file = models.FileField(max_length=200)

        class Meta:
            app_label = "site_of_the_benchmark"

    urls.urlpatterns.append(path("storage/", include("storages.urls")))
    application = get_wsgi_application()
    SIZE = 4096  # what it costs Django does not depend on it
    QUESTION = b'{"ticket": "%%s", "name": "film.mp4", "size": %d, "type": "video/mp4", "checksum": "AAAAAA=="}' % SIZE
    browser = helpers.enter_context(
        subprocess.Popen(
            [sys.executable, Path(__file__).parent / "browser.py", str(SIZE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=pin(SERVER_CORE),
        )
    )

    def begin():
        """The ticket in a page of the site, and the view that the browser asks with it."""
        ticket = storage.upload_ticket("films/", max_size=1 << 30, content_types=["video/*"])
        body = QUESTION % str(ticket).encode()
        environment = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/storage/uploads/begin",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
        }
        answered = []
        parts = application(environment, lambda status, headers: answered.append(status))
        answer = b"".join(parts)
        parts.close()
        assert answered == ["200 OK"], answer
        return answer

    receipts = []

    def arrive():
        """A browser has sent its file; to talk with it is nothing a site would do."""
        browser.stdin.write(begin() + b"\n")
        browser.stdin.flush()
        receipts.append(browser.stdout.readline().decode().strip())

    def finish():
        assert verify_and_attach(Film(), "file", receipts.pop()) == "films/film.mp4"

    operations.update(urls=lambda: storage.urls(NAMES), begin=begin, arrive=arrive, finish=finish)

with helpers:
    serve(**operations)
