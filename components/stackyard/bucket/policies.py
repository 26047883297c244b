"""Bucket policies as plain data: TLS only, one key only, and the delivery of access logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stackyard import iam

ENCRYPTION = "s3:x-amz-server-side-encryption"
KEY_ID = "s3:x-amz-server-side-encryption-aws-kms-key-id"
OWN_KEY = "s3:x-amz-server-side-encryption-customer-algorithm"


def bucket_policy(
    arn: str, key_arn: str | None, statements: Sequence[iam.Statement] = ()
) -> dict[str, Any]:
    """Return the policy of the bucket `arn`; `key_arn` is None for a bucket without a KMS key."""
    key = one_key(arn, key_arn) if key_arn else []
    return iam.document(*transport(arn), *key, *statements)


def transport(arn: str) -> list[iam.Statement]:
    """Return the statements that deny plain HTTP and TLS before 1.2.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html.
    """
    conditions = {
        "DenyPlainHttp": {"Bool": {"aws:SecureTransport": "false"}},
        "DenyOldTls": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
    }
    return [
        iam.statement(
            sid, ("s3:*",), (arn, f"{arn}/*"), effect="Deny", principals="*", conditions=condition
        )
        for sid, condition in conditions.items()
    ]


def one_key(arn: str, key_arn: str) -> list[iam.Statement]:
    """Return the statements that deny uploads with another encryption than the bucket's default.

    An upload without encryption headers gets the default, so each statement applies only where the
    header is present. Source:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html.
    """
    conditions = {
        "DenyOtherEncryption": {
            "Null": {ENCRYPTION: "false"},
            "StringNotEquals": {ENCRYPTION: "aws:kms"},
        },
        "DenyOtherKey": {"Null": {KEY_ID: "false"}, "StringNotEquals": {KEY_ID: key_arn}},
        "DenyCustomerKey": {"Null": {OWN_KEY: "false"}},
    }
    return [
        iam.statement(
            sid,
            ("s3:PutObject",),
            (f"{arn}/*",),
            effect="Deny",
            principals="*",
            conditions=condition,
        )
        for sid, condition in conditions.items()
    ]


def log_delivery(arn: str, *, account: str, sources: Sequence[str]) -> iam.Statement:
    """Return the statement that allows S3 to deliver access logs of the buckets `sources` (ARNs).

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html.
    """
    return iam.statement(
        "DeliverAccessLogs",
        ("s3:PutObject",),
        (f"{arn}/*",),
        principals={"Service": "logging.s3.amazonaws.com"},
        conditions={
            "StringEquals": {"aws:SourceAccount": account},
            "ArnLike": {"aws:SourceArn": list(sources)},
        },
    )
