"""A site with an admin, in a process of its own: uploads through forms and the admin, and what becomes of them.

Started by test_django_models.py with the place's settings as JSON; prints what it saw.
"""

from __future__ import annotations

import io
import json
import sys


def configure(place):
    import django
    from django.conf import settings

    backend = "storages.backends.s3.S3Storage"
    settings.configure(
        **place,
        AWS_S3_FILE_OVERWRITE=False,
        SECRET_KEY="of a test",
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["testserver"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        STORAGES={
            "default": {"BACKEND": backend},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
        STATIC_URL="/static/",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()


def model():
    from django.contrib import admin
    from django.db import models

    class Picture(models.Model):
        image = models.ImageField(upload_to="p", width_field="width", height_field="height", max_length=40)
        attached = models.FileField(upload_to="f", blank=True)
        width = models.PositiveIntegerField(null=True, editable=False)
        height = models.PositiveIntegerField(null=True, editable=False)

        class Meta:
            app_label = "auth"

    admin.site.register(Picture)
    return Picture


def png(width, height):
    from PIL import Image

    data = io.BytesIO()
    Image.new("RGB", (width, height)).save(data, "PNG")
    return data.getvalue()


def main():
    configure(json.loads(sys.argv[1]))
    picture = model()

    from django.contrib import admin
    from django.contrib.auth.models import User
    from django.core.files.storage import default_storage
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.urls import path

    globals()["urlpatterns"] = [path("admin/", admin.site.urls)]
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(picture)
    client = Client()
    client.force_login(User.objects.create_superuser("root", "root@example.com", "password"))

    def post(url, **data):
        answer = client.post(url, data)
        assert answer.status_code == 302, answer.content.decode()

    first = SimpleUploadedFile("büro one.png", png(3, 2), "image/png")
    post("/admin/auth/picture/add/", image=first, attached=SimpleUploadedFile("n.txt", b"note", "text/plain"))
    made = picture.objects.get()
    seen = {"made": [made.image.name, made.width, made.height, made.attached.read().decode()]}
    page = client.get(f"/admin/auth/picture/{made.pk}/change/").content.decode()
    seen["link"] = "X-Amz-Signature=" in page
    # Replaced, and the other file cleared.
    again = SimpleUploadedFile("two.png", png(5, 7), "image/png")
    post(f"/admin/auth/picture/{made.pk}/change/", image=again, **{"attached-clear": "on"})
    made = picture.objects.get()
    seen["replaced"] = [made.image.name, made.width, made.height, bool(made.attached)]
    seen["old"] = default_storage.exists("p/büro_one.png")
    no_image = client.post("/admin/auth/picture/add/", {"image": SimpleUploadedFile("x.png", b"no image")})
    seen["refused"] = "Upload a valid image" in no_image.content.decode()
    post(f"/admin/auth/picture/{made.pk}/delete/", post="yes")
    seen["deleted"] = picture.objects.count()
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
