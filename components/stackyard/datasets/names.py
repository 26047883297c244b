"""Names of a project's dataset buckets, for code that must not import Pulumi."""

from __future__ import annotations

from stackyard.bucket.layout import ACCESS_LOGS
from stackyard.datasets.config import DatasetStoreConfig
from stackyard.naming import StackId, bucket_name


def dataset_buckets(config: DatasetStoreConfig, stack: StackId, account: str) -> dict[str, str]:
    """Return the bucket name of each dataset."""
    return {key: bucket_name(stack, account, f"data-{key}") for key in config.datasets}


def log_bucket_name(stack: StackId, account: str) -> str:
    """Return the name of the bucket for access logs."""
    return bucket_name(stack, account, ACCESS_LOGS)
