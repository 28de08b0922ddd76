"""The names of settings of earlier releases: all a storage has to know to look for them."""

#: Settings later releases dropped, by the classes that read them. Those of boto's class and of the oldest one meant
#: nothing to the class on boto3.
BOTO3_DROPPED = frozenset(
    "AWS_AUTO_CREATE_BUCKET AWS_BUCKET_ACL AWS_REDUCED_REDUNDANCY AWS_S3_ENCRYPTION AWS_S3_SECURE_URLS "
    "AWS_PRELOAD_METADATA".split()
)
BOTO_ONLY = frozenset(
    "AWS_HEADERS AWS_ORIGIN AWS_S3_CALLING_FORMAT AWS_S3_HOST AWS_S3_PORT AWS_S3_PROXY_HOST AWS_S3_PROXY_PORT "
    "S3_USE_SIGV4".split()
)
OLDEST_ONLY = frozenset(
    "AWS_CALLING_FORMAT AWS_QUERYSTRING_ACTIVE AWS_BUCKET_PREFIX CRYPTO_KEYS_PUBLIC CRYPTO_KEYS_PRIVATE".split()
)
DROPPED = BOTO3_DROPPED | BOTO_ONLY | OLDEST_ONLY
