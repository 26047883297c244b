"""Who may push, pull and sign images, as plain data."""

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
"""What a push takes, https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html."""

REMOVE = ("ecr:BatchDeleteImage",)

FIND = ("ecr:DescribeImages", "ecr:ListImages")


def repository_arn(repository: str, *, account: str, region: str) -> str:
    """Return the ARN of a repository, or of all that a pattern names."""
    return AwsLocation(account, region).arn("ecr", f"repository/{repository}")


def only_pushed_by(role_arns: Sequence[str]) -> dict[str, Any]:
    """Return the policy of a repository that nobody else pushes to, whatever else allows it."""
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
    """Return what lets a role push to repositories, given by their ARNs, and pull from them."""
    return [
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html: no ARN to name.
        iam.statement("SignInToRegistry", ("ecr:GetAuthorizationToken",), ("*",)),
        iam.statement("PushImages", (*PUSH, *PULL, *FIND), sorted(repositories)),
    ]


def pull(repositories: Sequence[str]) -> iam.Statement:
    """Return what lets a role pull from repositories, given by their ARNs."""
    return iam.statement("PullImages", (*PULL, *FIND), sorted(repositories))


def sign(profile_arn: str) -> iam.Statement:
    """Return what lets a role sign with a profile, and nothing with others.

    Source: https://docs.aws.amazon.com/signer/latest/developerguide/image-signing-steps.html.
    """
    return iam.statement(
        "SignImages", ("signer:GetSigningProfile", "signer:SignPayload"), (profile_arn,)
    )


def write_logs(log_group_arn: str) -> iam.Statement:
    """Return what lets a build write its own log."""
    actions = ("logs:CreateLogStream", "logs:PutLogEvents")
    return iam.statement("WriteLogs", actions, (f"{log_group_arn}:*",))


def read_package(url: str, region: str) -> iam.Statement:
    """Return what lets a build fetch a package from `s3://BUCKET/KEY`."""
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
