"""Name of the tracking server's bucket, for code that must not import Pulumi."""

from __future__ import annotations

from stackyard.naming import StackId, bucket_name


def artifact_bucket(stack: StackId, account: str) -> str:
    """Return the name of the bucket for the artifacts of runs."""
    return bucket_name(stack, account, "artifacts")
