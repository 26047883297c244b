"""Permissions to push, pull and sign images, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stackyard import iam
from stackyard.aws_location import AwsLocation
from stackyard.bucket.layout import bucket_arn

PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")

PUSH = (
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
"""Actions of a push, https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html."""

REMOVE = ("ecr:BatchDeleteImage",)

FIND = ("ecr:DescribeImages", "ecr:ListImages")


def repository_arn(repository: str, *, account: str, region: str) -> str:
    """Return the ARN of a repository, or of all repositories that match a pattern."""
    return AwsLocation(account, region).arn("ecr", f"repository/{repository}")


def only_pushed_by(role_arns: Sequence[str]) -> dict[str, Any]:
    """Return a repository policy that denies pushes to all others, whatever their own policies."""
    return iam.document(
        iam.statement(
            "OnlyPushedBy",
            (*PUSH, *REMOVE),
            (),
            effect="Deny",
            principals="*",
            conditions={"ArnNotEquals": {"aws:PrincipalArn": sorted(role_arns)}},
        )
    )


def push(repositories: Sequence[str]) -> list[iam.Statement]:
    """Return the statements that allow push to and pull from repositories (ARNs)."""
    return [
        # `*`: this action has no resource type,
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html.
        iam.statement("SignInToRegistry", ("ecr:GetAuthorizationToken",), ("*",)),
        iam.statement("PushImages", (*PUSH, *PULL, *FIND), sorted(repositories)),
    ]


def pull(repositories: Sequence[str]) -> iam.Statement:
    """Return the statement that allows pull from repositories (ARNs)."""
    return iam.statement("PullImages", (*PULL, *FIND), sorted(repositories))


def sign(profile_arn: str) -> iam.Statement:
    """Return the statement that allows signing with one profile only.

    Source: https://docs.aws.amazon.com/signer/latest/developerguide/image-signing-steps.html.
    """
    return iam.statement(
        "SignImages", ("signer:GetSigningProfile", "signer:SignPayload"), (profile_arn,)
    )


def write_logs(log_group_arn: str) -> iam.Statement:
    """Return the statement that allows a build to write its own log."""
    actions = ("logs:CreateLogStream", "logs:PutLogEvents")
    return iam.statement("WriteLogs", actions, (f"{log_group_arn}:*",))


def read_package(url: str, region: str) -> iam.Statement:
    """Return the statement that allows a build to download a package from `s3://BUCKET/KEY`."""
    arn = bucket_arn(url.removeprefix("s3://"), region)
    return iam.statement("ReadSigner", ("s3:GetObject",), (arn,))


def build_trust(project_arn: str, account: str) -> dict[str, Any]:
    """Return the trust policy of the role of one CodeBuild project.

    Source: https://docs.aws.amazon.com/codebuild/latest/userguide/cross-service-confused-deputy-prevention.html.
    """
    return iam.assumable_by(
        {"Service": "codebuild.amazonaws.com"},
        conditions={
            "ArnEquals": {"aws:SourceArn": project_arn},
            "StringEquals": {"aws:SourceAccount": account},
        },
    )
