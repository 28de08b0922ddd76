import os

import obstore
from common_async import BODY, BUCKET, serve
from obstore.store import S3Store

store = S3Store(
    BUCKET, endpoint=os.environ["AWS_ENDPOINT_URL"], region="us-east-1", client_options={"allow_http": True}
)


async def read():
    answer = await obstore.get_async(store, "key")
    return bytes(await answer.bytes_async())


serve(
    lambda: obstore.put_async(store, "key", BODY),
    head=lambda: obstore.head_async(store, "key"),
    get=read,
)
