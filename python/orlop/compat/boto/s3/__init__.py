"""S3 by region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orlop.compat.boto.s3.connection import S3Connection


def connect_to_region(region_name: str, **kw_params: Any) -> S3Connection:
    from orlop.compat.boto.s3.connection import S3Connection

    kw_params.setdefault(
        "host", "s3.amazonaws.com" if region_name == "us-east-1" else f"s3.{region_name}.amazonaws.com"
    )
    return S3Connection(**kw_params)
