"""Limits of RDS that stack files must keep."""

from __future__ import annotations


def least_maximum(storage_gb: int) -> int:
    """Return the minimum of `max_storage_gb` for RDS's storage autoscaling: 10 % more, in GiB.

    Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html.
    """
    return -(-storage_gb * 11 // 10)
