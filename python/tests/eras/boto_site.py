# After the pages of 1.5 to 1.8 (seeds 000 - 002), the class on boto.
from boto.s3.connection import OrdinaryCallingFormat

DEFAULT_FILE_STORAGE = "storages.backends.s3boto.S3BotoStorage"
STATICFILES_STORAGE = "storages.backends.s3boto.S3BotoStorage"
AWS_ACCESS_KEY_ID = "key"
AWS_SECRET_ACCESS_KEY = "hidden"
AWS_STORAGE_BUCKET_NAME = "media"
AWS_AUTO_CREATE_BUCKET = True
AWS_HEADERS = {  # see http://developer.yahoo.com/performance/rules.html#expires
    "Expires": "Thu, 15 Apr 2010 20:00:00 GMT",
    "Cache-Control": "max-age=86400",
    "x-amz-meta-Origin": "site",
}
AWS_S3_ENCRYPTION = True
AWS_REDUCED_REDUNDANCY = True
AWS_S3_HOST = "s3.eu-central-1.amazonaws.com"
AWS_ORIGIN = "eu-central-1"
S3_USE_SIGV4 = True
AWS_S3_CALLING_FORMAT = OrdinaryCallingFormat()
AWS_S3_PROXY_HOST = "proxy.example.com"
AWS_S3_PROXY_PORT = 3128
AWS_S3_SECURE_URLS = False
AWS_IS_GZIPPED = True
AWS_QUERYSTRING_EXPIRE = 600
