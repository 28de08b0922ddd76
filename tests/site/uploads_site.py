"""A site of direct uploads: one page a storage and form of upload, with an S3 server beside it.

Prints its address. /state tells what the tests want to know: rows, objects, what the store was asked for, and how large
the bodies were that passed through Django.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import django
from django.conf import settings
from orlop.testing import Server

MIB = 1 << 20
LIMIT = 60 * MIB

root = Path(sys.argv[1])
s3 = Server(buckets=["media"])
S3 = {
    "bucket_name": "media",
    "endpoint_url": s3.endpoint,
    "access_key": s3.access_key_id,
    "secret_key": s3.secret_access_key,
    "region_name": s3.region,
    "dialect": "orlop",
}

bodies: list[int] = []


def count_bodies(get_response):
    """Middleware: how much of each request's body was sent to Django."""

    def answer(request):
        bodies.append(int(request.META.get("CONTENT_LENGTH") or 0))
        response = get_response(request)
        # No script but from files, as a careful site has it.
        response["Content-Security-Policy"] = "default-src 'self'; connect-src *"
        return response

    return answer


settings.configure(
    SECRET_KEY="of this test alone",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    STATIC_URL="/static/",
    MEDIA_ROOT=str(root / "media"),
    INSTALLED_APPS=["django.contrib.staticfiles", "storages"],
    MIDDLEWARE=[f"{__name__}.count_bodies", "django.middleware.csrf.CsrfViewMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": root / "db.sqlite3"}},
    STORAGES={
        "s3": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": S3},
        "memory": {"BACKEND": "storages.backends.memory.MemoryStorage", "OPTIONS": {"bucket_name": "media"}},
        "local": {"BACKEND": "storages.backends.local.LocalStorage"},
        "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": S3},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    },
)
django.setup()

from django.contrib.staticfiles.views import serve  # noqa: E402
from django.core.files.storage import storages  # noqa: E402
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.template import engines  # noqa: E402
from django.urls import include, path  # noqa: E402
from storages.uploads.forms import DirectUploadField, DirectUploadModelForm  # noqa: E402

PAGE = """<!doctype html><meta charset="utf-8"><title>Upload</title>{{ form.media }}
<form method="post">{% csrf_token %}{{ form.as_p }}<button id="save">Save</button></form>"""


def model_for(alias):
    meta = type("Meta", (), {"app_label": "uploads"})
    members = {
        "__module__": __name__,
        "Meta": meta,
        "title": models.CharField(max_length=20),
        "file": models.FileField(storage=storages[alias]),
    }
    return type(f"Document{alias.title()}", (models.Model,), members)


DOCUMENTS = {alias: model_for(alias) for alias in ("s3", "memory", "local")}


def form_for(alias, how):
    meta = type("Meta", (), {"model": DOCUMENTS[alias], "fields": ["title", "file"]})
    field = DirectUploadField(
        storage=storages[alias],
        upload_to="documents",
        max_size=LIMIT,
        content_types=["application/*", "image/png"],
        form=None if how == "auto" else how,
    )
    return type("DocumentForm", (DirectUploadModelForm,), {"Meta": meta, "file": field})


def page(request, alias, how):
    form = form_for(alias, how)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        document = form.save()
        return HttpResponse(f'<p id="saved">{document.file.name}</p><a href="{document.file.url}">file</a>')
    return HttpResponse(engines["django"].from_string(PAGE).render({"form": form}, request))


def state(request):
    asked = [call.operation for call in s3.take_log()]
    answer = {
        "rows": {alias: [row.file.name for row in model.objects.all()] for alias, model in DOCUMENTS.items()},
        "objects": {alias: names_in(storages[alias]) for alias in DOCUMENTS},
        "asked": asked,
        "bodies": list(bodies),
    }
    bodies.clear()
    s3.take_log()  # of what was just asked
    return JsonResponse(answer)


def names_in(storage):
    return [name for name, *_ in storage._store.list("", "", "", "", 0, None).entries()]


def faults(request):
    s3.set_faults(request.GET.get("script", ""))
    return HttpResponse()


urlpatterns = [
    path("state", state),
    path("faults", faults),
    path("static/<path:path>", serve, {"insecure": True}),
    path("storage/", include("storages.urls")),
    path("<str:alias>/<str:how>/", page),
]


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *args):
        pass


def main():
    with connection.schema_editor() as editor:
        for model in DOCUMENTS.values():
            editor.create_model(model)
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietHandler)
    server.set_app(get_wsgi_application())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"site": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    sys.stdin.read()  # until whoever started it goes
    server.shutdown()
    s3.stop()


if __name__ == "__main__":
    main()
