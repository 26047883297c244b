"""The identity of a stack, and every physical name that must be known outside its resource."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from stackyard.aws_location import AwsLocation

SEGMENT = re.compile(r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$")
"""One segment of a stack's path; strict, because DNS names, IAM paths and tags contain it."""

BUCKET_LIMIT = 63
"""Maximum length of an S3 bucket name,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html."""

IAM_ROLE_LIMIT = 64
"""Maximum length of an IAM role name,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""

LONGEST_SLUG = IAM_ROLE_LIMIT - len("-") - len("-01234567")
"""Maximum length of a stack's slug that role names contain completely: `fitted` shortens only what
follows it. Apply roles match the roles of their stage by this part of the name."""

RESERVED_PREFIXES = {
    "sthree-": "buckets of S3",
    "amzn-s3-demo-": "buckets of S3",
    "pg-": "roles of PostgreSQL, where hyphens become underscores",
}
"""Beginnings of names that no stack can have. Sources:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html and
https://www.postgresql.org/docs/current/sql-createrole.html."""

NAMESPACE_LIMIT = 63
"""Maximum length of a namespace name (an RFC 1123 label),
https://kubernetes.io/docs/concepts/overview/working-with-objects/names/."""


@dataclass(frozen=True, order=True)
class StackId:
    """The identity of a stack in the estate: `team/project/stage`."""

    team: str
    project: str
    stage: str

    @classmethod
    def parse(cls, text: str) -> StackId:
        """Parse `team/project/stage`; the ValueError names the invalid segment and the reason."""
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
    def problem(self) -> tuple[str, str] | None:
        """The reason why AWS would refuse names with this path, and a hint; None for a valid path.

        ECR and RDS refuse two hyphens in a row:
        https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html and
        https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html.
        """
        if "--" in self.slug:
            single = re.sub("-+", "-", str(self))
            return "has two hyphens in a row, which ECR and RDS refuse", f"name it {single}"
        for prefix, owner in RESERVED_PREFIXES.items():
            if self.slug.startswith(prefix):
                return f"begins with `{prefix}`, which is reserved for {owner}", "rename the team"
        if (length := len(self.slug)) > LONGEST_SLUG:
            problem = f"is too long: {length} characters, at most {LONGEST_SLUG} are allowed"
            return (
                problem,
                "shorten the team, the project or the stage: names of roles contain them",
            )
        return None

    @property
    def slug(self) -> str:
        """The path as a single name: `team-project-stage`."""
        return f"{self.team}-{self.project}-{self.stage}"

    @property
    def pulumi_project(self) -> str:
        """The Pulumi project: `team.project`; unambiguous, because segments contain no dot."""
        return f"{self.team}.{self.project}"

    @property
    def reference(self) -> str:
        """The name for a stack reference on a self-managed backend."""
        return f"organization/{self.pulumi_project}/{self.stage}"


def fitted(name: str, limit: int) -> str:
    """Return `name` if it fits, else its start and a digest of the whole, so that it is unique."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - 9].rstrip('-')}-{digest}"


def bucket_name(stack: StackId, account: str, role: str) -> str:
    """Return a bucket name that is globally unique, because it ends with the account id."""
    return fitted(f"{stack.slug}-{role}-{account}", BUCKET_LIMIT)


def role_name(stack: StackId, role: str) -> str:
    """Return the name of an IAM role; trust policies need it before the role exists."""
    return fitted(f"{stack.slug}-{role}", IAM_ROLE_LIMIT)


def role_arn(stack: StackId, location: AwsLocation, role: str) -> str:
    """Return the ARN of an IAM role of the stack, before the role exists."""
    return location.global_arn("iam", f"role/{role_name(stack, role)}")


def cluster_name(foundation: StackId) -> str:
    """Return the name of the EKS cluster of a foundation."""
    return foundation.slug


def namespace_name(stack: StackId) -> str:
    """Return the Kubernetes namespace of a project in a stage, the same on every cluster."""
    return fitted(stack.slug, NAMESPACE_LIMIT)
