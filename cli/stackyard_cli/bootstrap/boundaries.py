"""The two permissions boundaries: of the apply roles, and of every role that an apply creates.

Without a boundary, a role that may create roles could create and assume a stronger one. Source:
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html.
"""

from __future__ import annotations

from stackyard import iam
from stackyard_cli.bootstrap.context import AccountContext
from stackyard_cli.bootstrap.permissions import Actions

WORK = (
    "aps",
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
    "pricing",
    "s3",
    "sagemaker",
    "secretsmanager",
    "signer",
    "sns",
    "sqs",
    "states",
    "sts",
)
"""Services that stacks' roles use: roles of people, pods, nodes, builds and pipelines."""

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
    "sqs:AddPermission",
)
"""Actions that grant access to others or disable keys: for pipelines, never for workloads."""


def of_applies(context: AccountContext, actions: Actions) -> list[iam.Statement]:
    """Return the boundary of apply roles: it limits all policies attached to them later."""
    services = {one.split(":")[0] for one in (*actions.create, *actions.change, *actions.read)}
    own = [context.own("role"), context.own("policy")]
    bounds = {"iam:PermissionsBoundary": context.role_boundary}
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
            [context.bucket_arn, f"{context.bucket_arn}/*"],
            effect="Deny",
        ),
        iam.statement(
            "KeepKey",
            ["kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"],
            [context.key_arn],
            effect="Deny",
        ),
    ]


def of_roles(context: AccountContext) -> list[iam.Statement]:
    """Return the boundary of stacks' roles: their work, and no change of permissions."""
    return [
        iam.statement("Work", [f"{service}:*" for service in WORK], ["*"]),
        iam.statement(
            "HandOn", ["iam:CreateServiceLinkedRole", "iam:GetRole", "iam:PassRole"], ["*"]
        ),
        iam.statement(
            "StartNodes",
            ["iam:GetInstanceProfile", "iam:ListInstanceProfiles", "ssm:GetParameter"],
            ["*"],
        ),
        iam.statement("OpensNothing", OPENS, ["*"], effect="Deny"),
        iam.statement(
            "NoState", ["s3:*"], [context.bucket_arn, f"{context.bucket_arn}/*"], effect="Deny"
        ),
        iam.statement("NoStateKey", ["kms:*"], [context.key_arn], effect="Deny"),
    ]
