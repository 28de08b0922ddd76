"""One run of `manage.py storages gc`: gc.py DATABASE. Prints what it found and cost as one line of JSON."""

import contextlib
import io
import json
import os
import resource
import sys
import time

from django.conf import settings

place = {
    "bucket_name": "bench",
    "endpoint_url": os.environ["AWS_ENDPOINT_URL"],
    "region_name": "us-east-1",
    "dialect": "orlop",
}
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}},
    STORAGES={"default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": place}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.core.management.base import CommandError  # noqa: E402
from django.db import models  # noqa: E402
from storages.management.commands.storages import Command  # noqa: E402


class Upload(models.Model):
    file = models.FileField(upload_to="uploads")

    class Meta:
        app_label = "contenttypes"


class Last(io.StringIO):
    """Keeps the last line: what is printed is not what is measured."""

    line = ""

    def write(self, text):
        self.line = text.strip() or self.line
        return len(text)


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


before, started, cpu, out = peak_mib(), time.perf_counter(), time.process_time(), Last()
with contextlib.suppress(CommandError):  # rows and files do not agree
    call_command(Command(), "gc", "--format", "json", "--older-than", "0", stdout=out)
cost = {
    "cpu_s": round(time.process_time() - cpu, 2),
    "wall_s": round(time.perf_counter() - started, 2),
    "started_mib": round(before, 1),
    "peak_mib": round(peak_mib(), 1),
}
print(json.dumps({**json.loads(out.line), **cost}))
