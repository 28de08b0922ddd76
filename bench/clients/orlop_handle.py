"""Python's own handle of the engine."""

import orlop
from common import BODY, BUCKET, serve

storage = orlop.open(f"s3://{BUCKET}")
storage.save("key", BODY, overwrite=True)
serve(
    head=lambda: storage.exists("key"),
    get=lambda: storage.read_bytes("key"),
    put=lambda: storage.save("key", BODY, overwrite=True),
)
