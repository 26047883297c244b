"""The two permissions boundaries: of the apply roles, and of every role that an apply makes.

Whoever can make roles can otherwise make a stronger one and take it. Source:
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html.
"""

from __future__ import annotations

from stackyard import iam
from stackyard_cli.bootstrap.permissions import Actions
from stackyard_cli.bootstrap.policies import Place

WORK = (
    "aps",
    "autoscaling",
    "budgets",
    "cloudwatch",
    "codebuild",
    "ec2",
    "ecr",
    "ecr-public",
    "eks",
    "eks-auth",
    "elasticfilesystem",
    "elasticloadbalancing",
    "events",
    "kms",
    "lambda",
    "logs",
    "s3",
    "sagemaker",
    "secretsmanager",
    "signer",
    "sns",
    "states",
    "sts",
)
"""Services that roles of stacks work with: people, pods, nodes, builds, pipelines."""

OPENS = (
    "ecr:DeleteRepositoryPolicy",
    "ecr:SetRepositoryPolicy",
    "elasticfilesystem:PutFileSystemPolicy",
    "kms:DisableKey",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "lambda:AddPermission",
    "s3:DeleteAccessPointPolicy",
    "s3:DeleteBucketPolicy",
    "s3:PutAccessPointPolicy",
    "s3:PutAccountPublicAccessBlock",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "secretsmanager:DeleteResourcePolicy",
    "secretsmanager:PutResourcePolicy",
    "sns:AddPermission",
)
"""What gives others access, or takes keys away: the pipeline's part, never that of a workload."""


def of_applies(place: Place, actions: Actions) -> list[iam.Statement]:
    """Return the most that an apply can ever do, whatever is attached to its role later."""
    services = {one.split(":")[0] for one in (*actions.create, *actions.change, *actions.read)}
    own = [place.own("role"), place.own("policy")]
    bounds = {"iam:PermissionsBoundary": place.role_boundary}
    return [
        iam.statement("Services", sorted(f"{name}:*" for name in services | {"sts"}), ["*"]),
        iam.statement("NotItself", ["iam:*"], own, effect="Deny"),
        iam.statement(
            "OnlyBoundRoles",
            [
                "iam:AttachRolePolicy",
                "iam:CreateRole",
                "iam:PutRolePermissionsBoundary",
                "iam:PutRolePolicy",
            ],
            ["*"],
            effect="Deny",
            conditions={"StringNotEquals": bounds},
        ),
        iam.statement("NoUnbinding", ["iam:DeleteRolePermissionsBoundary"], ["*"], effect="Deny"),
        iam.statement(
            "NoPeople",
            ["iam:*AccessKey*", "iam:*LoginProfile*", "iam:*SAML*", "iam:*User*", "iam:*Group*"],
            ["*"],
            effect="Deny",
        ),
        iam.statement(
            "KeepState",
            [
                "s3:DeleteBucket",
                "s3:DeleteBucketPolicy",
                "s3:DeleteObjectVersion",
                "s3:PutBucketPolicy",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutBucketVersioning",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
            ],
            [place.bucket_arn, f"{place.bucket_arn}/*"],
            effect="Deny",
        ),
        iam.statement(
            "KeepKey",
            ["kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"],
            [place.key_arn],
            effect="Deny",
        ),
    ]


def of_roles(place: Place) -> list[iam.Statement]:
    """Return the most that a role of a stack can ever do: its work, and nothing about rights."""
    return [
        iam.statement("Work", [f"{service}:*" for service in WORK], ["*"]),
        iam.statement(
            "HandOn", ["iam:CreateServiceLinkedRole", "iam:GetRole", "iam:PassRole"], ["*"]
        ),
        iam.statement("OpensNothing", OPENS, ["*"], effect="Deny"),
        iam.statement(
            "NoState", ["s3:*"], [place.bucket_arn, f"{place.bucket_arn}/*"], effect="Deny"
        ),
        iam.statement("NoStateKey", ["kms:*"], [place.key_arn], effect="Deny"),
    ]
