# After the page of releases up to 1.1.9 (seed 004): the class on Amazon's S3.py.
from S3 import CallingFormat

DEFAULT_FILE_STORAGE = "storages.backends.s3.S3Storage"
AWS_ACCESS_KEY_ID = "key"
AWS_SECRET_ACCESS_KEY = "hidden"
AWS_STORAGE_BUCKET_NAME = "resumes"
AWS_CALLING_FORMAT = CallingFormat.SUBDOMAIN
AWS_HEADERS = {
    "Expires": "Thu, 15 Apr 2010 20:00:00 GMT",
    "Cache-Control": "max-age=86400",
}
AWS_BUCKET_PREFIX = "/pdfs"
AWS_QUERYSTRING_ACTIVE = True
AWS_PRELOAD_METADATA = True
