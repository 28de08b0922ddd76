# After the page of 1.7 and 1.8 (seed 001), the class on boto3.
DEFAULT_FILE_STORAGE = "storages.backends.s3boto3.S3Boto3Storage"
STATICFILES_STORAGE = "storages.backends.s3boto3.S3Boto3Storage"
AWS_ACCESS_KEY_ID = "key"
AWS_SECRET_ACCESS_KEY = "hidden"
AWS_STORAGE_BUCKET_NAME = "media"
AWS_BUCKET_ACL = "public-read"
AWS_AUTO_CREATE_BUCKET = True
AWS_S3_OBJECT_PARAMETERS = {"CacheControl": "max-age=86400"}
AWS_S3_ENCRYPTION = True
AWS_S3_MAX_MEMORY_SIZE = 1000000
AWS_S3_FILE_OVERWRITE = False
AWS_S3_REGION_NAME = "eu-west-1"
AWS_S3_USE_SSL = True
AWS_S3_VERIFY = False
AWS_S3_ADDRESSING_STYLE = "virtual"
AWS_HEADERS = {"Cache-Control": "max-age=1"}
