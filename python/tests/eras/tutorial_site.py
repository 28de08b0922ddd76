# After the tutorial of 2013 (seed 003); its s3utils.py stands beside this file.
STATICFILES_STORAGE = "s3utils.StaticRootS3BotoStorage"  # collectstatic
DEFAULT_FILE_STORAGE = "s3utils.MediaRootS3BotoStorage"  # FileField
AWS_STORAGE_BUCKET_NAME = "meetuphouston"
