"""Finds the KMS key of an object in S3, and the context in which S3 uses it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html; with a key of the
bucket, the context names the bucket:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.s3.models import s3_backends

from stackyard_sandbox.cloud.iam.principals import PARTITION

_HEADER = "x-amz-server-side-encryption"
_KMS = "aws:kms"


@dataclass(frozen=True)
class Seal:
    """The key with which an object is encrypted, and the ARN in the encryption context."""

    key: str
    context: str


def of_new(arn: str, account: str, headers: Mapping[str, str]) -> Seal | None:
    """Return the seal of an object to be written: the one asked for, else the bucket's default."""
    bucket, _ = _named(arn, account)
    rule = ((bucket and bucket.encryption) or {}).get("Rule", {})
    default = rule.get("ApplyServerSideEncryptionByDefault", {})
    how = headers.get(_HEADER) or default.get("SSEAlgorithm")
    key = headers.get(f"{_HEADER}-aws-kms-key-id") or default.get("KMSMasterKeyID")
    own = headers.get(f"{_HEADER}-bucket-key-enabled") or rule.get("BucketKeyEnabled")
    return _seal(arn, key, own) if how == _KMS else None


def of_existing(arn: str, account: str) -> Seal | None:
    """Return the seal of the newest version of an object; None if it has no key of its own."""
    bucket, name = _named(arn, account)
    found = bucket.keys.get(name) if bucket else None
    if found is None or getattr(found, "encryption", None) != _KMS:
        return None
    return _seal(arn, found.kms_key_id, found.bucket_key_enabled)


def _seal(arn: str, key: Any, of_bucket: Any) -> Seal | None:
    """A key that nobody named is AWS's own."""
    if not key:
        return None
    is_of_bucket = str(of_bucket).lower() == "true"
    return Seal(str(key), arn.partition("/")[0] if is_of_bucket else arn)


def _named(arn: str, account: str) -> tuple[Any, str]:
    name, _, key = arn.rpartition(":::")[2].partition("/")
    return s3_backends[account][PARTITION].buckets.get(name), key
