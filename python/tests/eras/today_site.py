# After the page of 1.14.
AWS_STORAGE_BUCKET_NAME = "media"
AWS_S3_REGION_NAME = "eu-central-1"
AWS_S3_REGION = "eu-central-1"
STORAGES = {
    "default": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {"location": "media", "access_key": "key", "secret_key": "hidden"},
    },
    "staticfiles": {
        "BACKEND": "storages.backends.s3boto3.S3ManifestStaticStorage",
        "OPTIONS": {"default_acl": "public-read", "manifest_storage": None},
    },
    "local": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
}
