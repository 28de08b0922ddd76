import boto3
from common import BODY, BUCKET, serve

client = boto3.client("s3")
client.put_object(Bucket=BUCKET, Key="key", Body=BODY)
serve(
    head=lambda: client.head_object(Bucket=BUCKET, Key="key"),
    get=lambda: client.get_object(Bucket=BUCKET, Key="key")["Body"].read(),
    put=lambda: client.put_object(Bucket=BUCKET, Key="key", Body=BODY),
    url=lambda: client.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "key"}),
)
