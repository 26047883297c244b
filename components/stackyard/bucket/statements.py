"""IAM statements for whole datasets, for single directories and for keys; buckets are ARNs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stackyard import iam
from stackyard.aws_location import endpoint
from stackyard.bucket.layout import prefix

LIST = ("s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation")
READ = ("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging")
WRITE = (
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
)
"""Without `s3:DeleteObjectVersion`: a deleted object can be restored until its retention ends."""

AUDIT = (
    "s3:GetBucketLogging",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
)
"""Actions that read the settings of buckets, without their objects."""


def datasets(sid: str, buckets: Sequence[str], *, write: bool) -> list[iam.Statement]:
    """Return the statements that allow the use of whole buckets."""
    if not buckets:
        return []
    arns = sorted(buckets)
    objects = [f"{arn}/*" for arn in arns]
    actions = (*READ, *WRITE) if write else READ
    return [
        iam.statement(f"List{sid}", LIST, arns),
        iam.statement(sid, actions, objects),
    ]


def directories(
    sid: str, roots: Sequence[tuple[str, str]], names: Sequence[str], *, role: str = ""
) -> list[iam.Statement]:
    """Return the statements that allow the use of directories, and listing them only.

    Each root is a pair of ARNs: the one to list and the one that is the prefix of keys, of a bucket
    or of an access point. `principal` is for policies of access points. Source:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html.
    """
    prefixes = [prefix(name) for name in sorted(names)]
    within = [pattern for one in prefixes for pattern in (one, f"{one}*")]
    who = {"AWS": f"{role.rpartition(':')[0]}:root"} if role else None
    named = {"ArnEquals": {"aws:PrincipalArn": role}} if role else {}
    return [
        iam.statement(
            f"List{sid}",
            ("s3:ListBucket",),
            [listed for listed, _ in roots],
            principals=who,
            conditions={"StringLike": {"s3:prefix": within}, **named},
        ),
        iam.statement(
            sid,
            (*READ, *WRITE),
            [f"{keys}/{one}*" for _, keys in roots for one in prefixes],
            principals=who,
            conditions=named,
        ),
    ]


def keys(buckets_by_key: dict[str, set[str]], region: str) -> list[iam.Statement]:
    """Return the statements that allow KMS keys through S3, for objects of the given buckets only.

    With bucket keys, the encryption context is the bucket:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html.
    """
    return [
        iam.statement(
            f"UseKey{number}",
            ("kms:Decrypt", "kms:GenerateDataKey"),
            (key,),
            conditions={
                "StringEquals": {
                    "kms:ViaService": endpoint("s3", region),
                    "kms:EncryptionContext:aws:s3:arn": sorted(buckets),
                }
            },
        )
        for number, (key, buckets) in enumerate(sorted(buckets_by_key.items()), start=1)
    ]


def deny_outside(sid: str, role: str, arn: str, names: Sequence[str]) -> list[iam.Statement]:
    """Return statements that deny a role the objects of a bucket outside of these directories."""
    only: dict[str, dict[str, Any]] = {"ArnEquals": {"aws:PrincipalArn": role}}
    prefixes = [prefix(name) for name in sorted(names)]
    objects = iam.statement(f"Fence{sid}", ("s3:*",), (), effect="Deny", principals="*")
    objects |= {"Condition": only, "NotResource": [arn, *(f"{arn}/{one}*" for one in prefixes)]}
    outside: dict[str, dict[str, Any]] = dict(only)
    if prefixes:
        within = [pattern for one in prefixes for pattern in (one, f"{one}*")]
        outside["StringNotLike"] = {"s3:prefix": within}
    listing = iam.statement(
        f"Fence{sid}List",
        ("s3:ListBucket", "s3:ListBucketVersions"),
        (arn,),
        effect="Deny",
        principals="*",
        conditions=outside,
    )
    return [objects, listing]


def delegation(arn: str, access_points: Sequence[str]) -> iam.Statement:
    """Return the statement that delegates a bucket's access control to the named access points.

    It applies only to identities of the bucket's own account, because vendors use roles of that
    account, too. Source:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html.
    """
    through = {
        "s3:DataAccessPointArn": sorted(access_points),
        "aws:PrincipalAccount": access_points[0].split(":")[4],
    }
    return iam.statement(
        "DelegateToAccessPoints",
        ("s3:ListBucket", *READ, *WRITE),
        (arn, f"{arn}/*"),
        principals={"AWS": "*"},
        conditions={"StringEquals": through},
    )
