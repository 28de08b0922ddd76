import os

import obstore
from common import BODY, BUCKET, serve
from obstore.store import S3Store

store = S3Store(
    BUCKET, endpoint=os.environ["AWS_ENDPOINT_URL"], region="us-east-1", client_options={"allow_http": True}
)
obstore.put(store, "key", BODY)
serve(
    head=lambda: obstore.head(store, "key"),
    get=lambda: bytes(obstore.get(store, "key").bytes()),
    put=lambda: obstore.put(store, "key", BODY),
    url=lambda: obstore.sign(store, "GET", "key", __import__("datetime").timedelta(hours=1)),
)
