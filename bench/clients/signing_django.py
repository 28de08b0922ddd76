"""Addresses of Django's storage, ours or django-storages', one by one and, of ours, in bulk; and the view that begins a
direct upload, through WSGI."""

import os
import sys
import types
from itertools import cycle

from common import BUCKET, serve
from django.conf import settings

NAMES = [f"photos/2026/{number:04}/picture {number % 7}.jpg" for number in range(1000)]

urls = types.ModuleType("urls_of_the_benchmark")
urls.urlpatterns = []
sys.modules[urls.__name__] = urls
options = {"bucket_name": BUCKET, "endpoint_url": os.environ["AWS_ENDPOINT_URL"], "region_name": "us-east-1"}
settings.configure(
    SECRET_KEY="of a benchmark",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=urls.__name__,
    STORAGES={"default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}},
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
)

import django  # noqa: E402

django.setup()

from django.core.files.storage import storages  # noqa: E402

storage = storages["default"]
names = cycle(NAMES)
operations = {"url": lambda: storage.url(next(names))}

if hasattr(storage, "upload_ticket"):
    import io
    import json

    from django.core.wsgi import get_wsgi_application
    from django.urls import include, path

    urls.urlpatterns.append(path("storage/", include("storages.urls")))
    application = get_wsgi_application()
    ticket = str(storage.upload_ticket("films/", max_size=1 << 30, content_types=["video/*"]))
    question = {"ticket": ticket, "name": "film.mp4", "size": 5 << 20, "type": "video/mp4", "checksum": "AAAAAA=="}
    body = json.dumps(question).encode()
    environment = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/storage/uploads/begin",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
    }

    def begin():
        answered = []
        parts = application(
            {**environment, "wsgi.input": io.BytesIO(body)}, lambda status, headers: answered.append(status)
        )
        answer = b"".join(parts)
        parts.close()
        assert answered == ["200 OK"], answer

    operations.update(urls=lambda: storage.urls(NAMES), begin=begin)

serve(**operations)
