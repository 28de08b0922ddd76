"""boto 2's names over `orlop.s3`, for scripts of its time: change ``boto`` to ``orlop.compat.boto`` in their imports.

What scripts used of S3 is here, with boto's arguments and outcomes (docs/object-api.md lists where they differ); what
is not here is an `AttributeError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orlop.compat.boto.s3.connection import S3Connection


def connect_s3(
    aws_access_key_id: str | None = None, aws_secret_access_key: str | None = None, **kwargs: Any
) -> S3Connection:
    from orlop.compat.boto.s3.connection import S3Connection

    return S3Connection(aws_access_key_id, aws_secret_access_key, **kwargs)
