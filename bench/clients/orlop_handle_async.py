"""Python's own handle of the engine, on an event loop."""

import orlop
from common_async import BODY, BUCKET, serve

storage = orlop.open(f"s3://{BUCKET}")
serve(
    lambda: storage.asave("key", BODY),
    head=lambda: storage.aexists("key"),
    get=lambda: storage.aread_bytes("key"),
)
