"""One run of collectstatic, with ours or with django-storages: collectstatic.py STORAGE HOW SOURCE PLACE.

Prints what it cost as one line of JSON.
"""

import io
import json
import os
import resource
import sys
import tempfile
import time

from django.conf import settings
from django.core.cache.backends.filebased import FileBasedCache


class Cache(FileBasedCache):
    def _cull(self):
        """Would list all entries each time one is added."""


storage, how, source, place = sys.argv[1:]
local = {"local": "StaticFilesStorage", "localmanifest": "ManifestStaticFilesStorage"}.get(storage)
if local:
    backend = {"BACKEND": f"django.contrib.staticfiles.storage.{local}", "OPTIONS": {"location": place}}
else:
    options = {"bucket_name": place, "endpoint_url": os.environ["AWS_ENDPOINT_URL"], "region_name": "us-east-1"}
    backend = {"BACKEND": f"storages.backends.s3.{storage}", "OPTIONS": options}
apps = ["django.contrib.staticfiles", "storages"]
if how == "collectfasta":
    apps = ["collectfasta", *apps]
settings.configure(
    INSTALLED_APPS=apps,
    STATIC_URL="static/",
    STATICFILES_DIRS=[source],
    STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
    STORAGES={"staticfiles": backend},
    # Of Collectfasta: its recommended strategy, and a cache that lasts from one deploy to the next.
    AWS_STORAGE_BUCKET_NAME=place,
    AWS_PRELOAD_METADATA=True,
    COLLECTFASTA_STRATEGY="collectfasta.strategies.boto3.Boto3Strategy",
    COLLECTFASTA_THREADS=20,
    COLLECTFASTA_CACHE="default",
    CACHES={
        "default": {
            "BACKEND": "__main__.Cache",
            "LOCATION": os.path.join(tempfile.gettempdir(), f"bench-{os.path.basename(place)}"),
        }
    },
)

import django  # noqa: E402

django.setup()

import storages  # noqa: E402
from django.core.management import call_command  # noqa: E402

ours = "site-packages" not in storages.__file__
assert ours == (".venv-peers" not in sys.prefix), storages.__file__
sent = {"count": 0}
if ours:
    import orlop

    ledger = orlop.requests(all_threads=True)
elif not local:
    import contextlib

    import botocore.endpoint

    send = botocore.endpoint.Endpoint._send

    def counted(self, request):
        sent["count"] += 1
        return send(self, request)

    botocore.endpoint.Endpoint._send = counted
    ledger = contextlib.nullcontext()

named = {"plain": True} if how == "plain" and ours else {}
wall, cpu = time.perf_counter(), time.process_time()
with ledger:
    call_command("collectstatic", interactive=False, stdout=io.StringIO(), **named)
cost = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
cost["requests"] = ledger.count if ours else sent["count"]
cost["rss_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps(cost))
