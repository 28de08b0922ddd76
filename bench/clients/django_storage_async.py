"""Our storage for Django, on an event loop."""

from common_async import BODY, BUCKET, serve
from django.conf import settings

settings.configure(AWS_STORAGE_BUCKET_NAME=BUCKET)

import os  # noqa: E402

from django.core.files.base import ContentFile  # noqa: E402
from storages.backends.s3 import S3Storage  # noqa: E402

storage = S3Storage(endpoint_url=os.environ["AWS_ENDPOINT_URL"], region_name="us-east-1")


async def read():
    async with await storage.aopen("key") as file:
        return await file.read()


serve(
    lambda: storage.asave("key", ContentFile(BODY)),
    head=lambda: storage.aexists("key"),
    get=read,
)
