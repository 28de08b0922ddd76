import os

import opendal
from common import BODY, BUCKET, serve

operator = opendal.Operator("s3", bucket=BUCKET, endpoint=os.environ["AWS_ENDPOINT_URL"], region="us-east-1")
operator.write("key", BODY)
serve(
    head=lambda: operator.stat("key"),
    get=lambda: operator.read("key"),
    put=lambda: operator.write("key", BODY),
)
