"""Policies of the model bucket and of its users, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stackyard import iam
from stackyard.aws_location import endpoint
from stackyard.bucket.layout import BucketRef
from stackyard.naming import StackId, bucket_name

ROOT = "registered"
"""Directory of versions in the bucket: `registered/NAME/VERSION/`."""

KEEPER = "models"
"""Name of the program that copies versions to the bucket, and of its service account."""


def model_bucket(stack: StackId, account: str) -> str:
    """Return the name of the bucket for registered models."""
    return bucket_name(stack, account, "models")


def bucket_statements(arn: str, *, keeper: str, readers: Sequence[str]) -> list[iam.Statement]:
    """Return the statements for the bucket `arn`: objects are never overwritten, few may read.

    `keeper` and `readers` are role ARNs. An upload without `If-None-Match` could replace an
    existing object; the parts of an upload cannot have this header, but its completion must.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html.
    """
    objects = (f"{arn}/*",)
    conditional: dict[str, dict[str, Any]] = {
        "Null": {"s3:if-none-match": "true"},
        "Bool": {"s3:ObjectCreationOperation": "true"},
    }
    return [
        _deny("WriteOnce", ("s3:PutObject",), objects, conditional),
        _deny("OnlyKeeperWrites", ("s3:PutObject", "s3:PutObjectTagging"), objects, _not(keeper)),
        _deny(
            "OnlyDeliveryReads",
            ("s3:GetObject", "s3:GetObjectVersion"),
            objects,
            _not(keeper, *readers),
        ),
    ]


def keeper_policy(artifacts: BucketRef, models: BucketRef, key_arn: str) -> dict[str, Any]:
    """Return the keeper's permissions: read artifacts, add and tag models, but delete nothing."""
    return iam.document(
        iam.statement(
            "List",
            ("s3:GetBucketLocation", "s3:ListBucket"),
            (artifacts.arn, models.arn),
        ),
        iam.statement("ReadArtifacts", ("s3:GetObject",), (f"{artifacts.arn}/*",)),
        iam.statement(
            "KeepModels",
            (
                "s3:AbortMultipartUpload",
                "s3:GetObject",
                "s3:GetObjectTagging",
                "s3:PutObject",
                "s3:PutObjectTagging",
            ),
            (f"{models.arn}/{ROOT}/*",),
        ),
        _use_key(key_arn, (artifacts, models), ("kms:Decrypt", "kms:GenerateDataKey")),
    )


def reader_policy(models: BucketRef, key_arn: str) -> dict[str, Any]:
    """Return the policy that allows the delivery role to copy a registered model into an image."""
    return iam.document(
        iam.statement(
            "ListModels",
            ("s3:GetBucketLocation", "s3:ListBucket"),
            (models.arn,),
        ),
        iam.statement(
            "ReadModels",
            ("s3:GetObject", "s3:GetObjectVersion"),
            (f"{models.arn}/{ROOT}/*",),
        ),
        _use_key(key_arn, (models,), ("kms:Decrypt",)),
    )


def _deny(
    sid: str, actions: Sequence[str], resources: Sequence[str], conditions: dict[str, Any]
) -> iam.Statement:
    return iam.statement(
        sid, actions, resources, effect="Deny", principals="*", conditions=conditions
    )


def _not(*role_arns: str) -> dict[str, Any]:
    return {"ArnNotEquals": {"aws:PrincipalArn": sorted(role_arns)}}


def _use_key(key_arn: str, buckets: Sequence[BucketRef], actions: Sequence[str]) -> iam.Statement:
    through = {
        "kms:ViaService": endpoint("s3", buckets[0].region),
        "kms:EncryptionContext:aws:s3:arn": sorted(bucket.arn for bucket in buckets),
    }
    return iam.statement("UseKey", actions, (key_arn,), conditions={"StringEquals": through})
