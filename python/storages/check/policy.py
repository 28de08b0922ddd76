"""The least an IAM user or role must be allowed for a storage to work."""

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
_OBJECT = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
_BY_PARAMETER = {
    "ACL": "s3:PutObjectAcl",
    "GrantFullControl": "s3:PutObjectAcl",
    "GrantRead": "s3:PutObjectAcl",
    "GrantReadACP": "s3:PutObjectAcl",
    "GrantWriteACP": "s3:PutObjectAcl",
    "ObjectLockLegalHoldStatus": "s3:PutObjectLegalHold",
    "ObjectLockMode": "s3:PutObjectRetention",
    "Tagging": "s3:PutObjectTagging",
}


def policy_for(storages):
    """A policy document for these storages."""
    statements = []
    for storage in storages:
        for statement in _statements(storage):
            if statement not in statements:
                statements.append(statement)
    return {"Version": "2012-10-17", "Statement": statements}


def _statements(storage):
    bucket = _arn(storage)
    prefix = f"{storage.location.strip('/')}/" if storage.location else ""
    parameters = set(storage.object_parameters or ()) | ({"ACL"} if storage.default_acl else set())
    extra = sorted({_BY_PARAMETER[name] for name in parameters if name in _BY_PARAMETER})
    # Without the first one a missing file would be answered with 403, not with 404; its s3:prefix condition is about
    # listings only, and would take that away again.
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    yield {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [bucket]}
    yield {"Effect": "Allow", "Action": _OBJECT + extra, "Resource": [f"{bucket}/{prefix}*"]}
    key = (storage.object_parameters or {}).get("SSEKMSKeyId")
    if key and str(key).startswith("arn:"):
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
        yield {"Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": [str(key)]}


def _arn(storage):
    if storage.bucket_name.startswith("arn:"):
        return storage.bucket_name
    region = storage.region_name or ""
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    return f"arn:{partition}:s3:::{storage.bucket_name}"
