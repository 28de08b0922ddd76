"""Django's storage: ours or django-storages', whichever `storages` the interpreter finds."""

from common import BODY, BUCKET, serve
from django.conf import settings

settings.configure(AWS_STORAGE_BUCKET_NAME=BUCKET)

import os  # noqa: E402

from django.core.files.base import ContentFile  # noqa: E402
from storages.backends.s3 import S3Storage  # noqa: E402

storage = S3Storage(endpoint_url=os.environ["AWS_ENDPOINT_URL"], region_name="us-east-1")


def read():
    with storage.open("key") as file:
        return file.read()


storage.save("key", ContentFile(BODY))
serve(
    head=lambda: storage.exists("key"),
    get=read,
    put=lambda: storage.save("key", ContentFile(BODY)),
    url=lambda: storage.url("key"),
)
