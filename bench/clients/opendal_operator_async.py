import os

import opendal
from common_async import BODY, BUCKET, serve

operator = opendal.AsyncOperator("s3", bucket=BUCKET, endpoint=os.environ["AWS_ENDPOINT_URL"], region="us-east-1")
serve(
    lambda: operator.write("key", BODY),
    head=lambda: operator.stat("key"),
    get=lambda: operator.read("key"),
)
