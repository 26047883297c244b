"""The identity of a stack, and every physical name that must be known outside its resource."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from stackyard.aws_location import AwsLocation

SEGMENT = re.compile(r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$")
"""One segment of a stack's path; narrow, as it becomes part of DNS names, IAM paths and tags."""

BUCKET_LIMIT = 63
"""Longest S3 bucket name, https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html."""

IAM_ROLE_LIMIT = 64
"""Longest IAM role name, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""

NAMESPACE_LIMIT = 63
"""Longest namespace name (an RFC 1123 label), https://kubernetes.io/docs/concepts/overview/working-with-objects/names/."""


@dataclass(frozen=True, order=True)
class StackId:
    """Where a stack stands in the estate: `team/project/stage`."""

    team: str
    project: str
    stage: str

    @classmethod
    def parse(cls, text: str) -> StackId:
        """Read `team/project/stage`; raises ValueError that says which segment is wrong and why."""
        parts = text.split("/")
        if len(parts) != 3:
            raise ValueError(f"a stack is `team/project/stage` (got {text!r})")
        for label, part in zip(("team", "project", "stage"), parts, strict=True):
            if not SEGMENT.match(part):
                raise ValueError(
                    f"{label} must be 2 to 32 lower-case letters, digits and hyphens, "
                    f"starting with a letter (got {part!r})"
                )
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.team}/{self.project}/{self.stage}"

    @property
    def slug(self) -> str:
        """The path as one word: `team-project-stage`."""
        return f"{self.team}-{self.project}-{self.stage}"

    @property
    def pulumi_project(self) -> str:
        """The Pulumi project: `team.project`; segments hold no dot, so it reads back uniquely."""
        return f"{self.team}.{self.project}"

    @property
    def reference(self) -> str:
        """The name for a stack reference on a self-managed backend."""
        return f"organization/{self.pulumi_project}/{self.stage}"


def fitted(name: str, limit: int) -> str:
    """Return `name` if it fits, else its head and a digest of the whole, so it stays unique."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - 9].rstrip('-')}-{digest}"


def bucket_name(stack: StackId, account: str, role: str) -> str:
    """Return a bucket name that is unique in the world: the account closes the name."""
    return fitted(f"{stack.slug}-{role}-{account}", BUCKET_LIMIT)


def role_name(stack: StackId, role: str) -> str:
    """Return the name of an IAM role; it is known before the role exists, so trust can name it."""
    return fitted(f"{stack.slug}-{role}", IAM_ROLE_LIMIT)


def role_arn(stack: StackId, location: AwsLocation, role: str) -> str:
    """Return the ARN of an IAM role of the stack, before it exists."""
    return location.global_arn("iam", f"role/{role_name(stack, role)}")


def cluster_name(foundation: StackId) -> str:
    """Return the name of the EKS cluster that a foundation makes."""
    return foundation.slug


def namespace_name(stack: StackId) -> str:
    """Return the Kubernetes namespace of a project in a stage, the same on every cluster."""
    return fitted(stack.slug, NAMESPACE_LIMIT)
