"""Bucket policies as plain data: TLS only, one key only, and what delivers access logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stackyard import iam
from stackyard.bucket.layout import bucket_arn

ENCRYPTION = "s3:x-amz-server-side-encryption"
KEY_ID = "s3:x-amz-server-side-encryption-aws-kms-key-id"
OWN_KEY = "s3:x-amz-server-side-encryption-customer-algorithm"


def bucket_policy(
    bucket: str, key_arn: str | None, statements: Sequence[iam.Statement] = ()
) -> dict[str, Any]:
    """Return the whole policy of a bucket; `key_arn` None for a bucket without a KMS key."""
    key = one_key(bucket, key_arn) if key_arn else []
    return iam.document(*transport(bucket), *key, *statements)


def transport(bucket: str) -> list[iam.Statement]:
    """Return the denials of plain HTTP and of TLS before 1.2.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html.
    """
    arn = bucket_arn(bucket)
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


def one_key(bucket: str, key_arn: str) -> list[iam.Statement]:
    """Return the denials of uploads that ask for another encryption than the bucket's default.

    An upload that asks for nothing gets the default, so each denial is for a header that is there.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html.
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
            (f"{bucket_arn(bucket)}/*",),
            effect="Deny",
            principals="*",
            conditions=condition,
        )
        for sid, condition in conditions.items()
    ]


def log_delivery(bucket: str, *, account: str, sources: Sequence[str]) -> iam.Statement:
    """Return what lets S3 deliver the access logs of the buckets `sources`.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html.
    """
    return iam.statement(
        "DeliverAccessLogs",
        ("s3:PutObject",),
        (f"{bucket_arn(bucket)}/*",),
        principals={"Service": "logging.s3.amazonaws.com"},
        conditions={
            "StringEquals": {"aws:SourceAccount": account},
            "ArnLike": {"aws:SourceArn": [bucket_arn(source) for source in sources]},
        },
    )
