"""Corrects moto's check that a bucket accepts S3 access logs."""

import json
from collections.abc import Mapping
from typing import Any

from moto.s3.models import FakeBucket
from moto.s3.utils import LOGGING_SERVICE_PRINCIPAL


def install() -> None:
    """Accept policies of every valid form: the emulator's check fails on `*` and on lists."""
    FakeBucket._log_permissions_enabled_policy = staticmethod(_may_deliver)  # type: ignore[method-assign]  # the repair


def _may_deliver(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    """Return whether a statement allows S3 to deliver below the prefix.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html.
    """
    if not target_bucket.policy:
        return False
    statements = json.loads(target_bucket.policy)["Statement"]
    return any(_allows(each, target_bucket.name, target_prefix or "") for each in statements)


def _allows(statement: Mapping[str, Any], bucket: str, prefix: str) -> bool:
    principal = statement.get("Principal")
    services = _listed(principal.get("Service")) if isinstance(principal, Mapping) else []
    arn = f"arn:aws:s3:::{bucket}"
    return (
        statement["Effect"] == "Allow"
        and LOGGING_SERVICE_PRINCIPAL in services
        and "s3:PutObject" in _listed(statement.get("Action"))
        and bool({f"{arn}/*", f"{arn}/{prefix}*"} & set(_listed(statement.get("Resource"))))
    )


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])
