"""Limits of RDS that files decide."""

from __future__ import annotations


def least_maximum(storage_gb: int) -> int:
    """Return the least maximum in GiB to which RDS grows a storage by itself: 10 % more.

    Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html.
    """
    return -(-storage_gb * 11 // 10)
