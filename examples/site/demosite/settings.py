"""Settings of the demo site.

Where the S3 server is and who we are comes from the environment, as `orlop serve` prints it: AWS_ENDPOINT_URL,
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
"""

import os
from pathlib import Path

SITE = Path(__file__).resolve().parent.parent
STATE = Path(os.environ.get("DEMO_STATE", SITE / "state"))

SECRET_KEY = os.environ.get("DEMO_SECRET_KEY", "only for a demonstration on this machine")
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "demosite.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = ["storages", "django.contrib.staticfiles", "gallery"]
MIDDLEWARE = [
    "django.middleware.csrf.CsrfViewMiddleware",
    "gallery.ledger.LedgerMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": STATE / "db.sqlite3"}}

STATIC_URL = "static/"
AWS_S3_ENDPOINT_URL = os.environ.get("AWS_ENDPOINT_URL")
AWS_S3_REGION_NAME = "us-east-1"
STORAGES = {
    # Uploads: a private bucket, read through URLs that are signed for ten minutes.
    "default": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {"bucket_name": "media", "querystring_expire": 600, "file_overwrite": False},
    },
    # Static files: a bucket anybody may read, names that change with their content.
    "staticfiles": {
        "BACKEND": "storages.backends.s3.S3ManifestStaticStorage",
        "OPTIONS": {"bucket_name": "static", "gzip": True},
    },
}
