"""The account that a bootstrap prepares; names and tags that identify Stackyard's resources."""

from __future__ import annotations

from dataclasses import dataclass

PREFIX = "stackyard-"
"""Prefix of every role and policy of the bootstrap; stacks cannot change them."""

ROLE_BOUNDARY = f"{PREFIX}roles"
"""Name of the permissions boundary of stacks' roles; stack files refer to it."""

OURS = {"stackyard:managed-by": "stackyard"}
"""Tag of all resources of Stackyard, including the bootstrap's own roles and key."""


@dataclass(frozen=True)
class AccountContext:
    """The account to prepare, its state bucket and its key."""

    partition: str
    account: str
    region: str
    bucket: str
    key_arn: str

    @property
    def role_boundary(self) -> str:
        """ARN of the permissions boundary of every stack's roles."""
        return f"arn:{self.partition}:iam::{self.account}:policy/{ROLE_BOUNDARY}"

    @property
    def bucket_arn(self) -> str:
        """ARN of the state bucket."""
        return f"arn:{self.partition}:s3:::{self.bucket}"

    def own(self, kind: str) -> str:
        """Return the ARN pattern of the bootstrap's own roles or policies."""
        return f"arn:{self.partition}:iam::{self.account}:{kind}/{PREFIX}*"

    def managed_secrets(self, prefix: str) -> str:
        """Return the ARN pattern of secrets that a service creates; their names contain a `!`."""
        return f"arn:{self.partition}:secretsmanager:*:{self.account}:secret:{prefix}!*"


def stage_tags(stage: str) -> dict[str, str]:
    """Return the tags of all resources of a stage's stacks."""
    return {**OURS, "stackyard:stage": stage}


def requested(stage: str) -> dict[str, str]:
    """Return the condition that a request sets the tags of a stage on a new resource."""
    return {f"aws:RequestTag/{key}": value for key, value in stage_tags(stage).items()}


def tagged(stage: str) -> dict[str, str]:
    """Return the condition that a resource has the tags of a stage."""
    return {f"aws:ResourceTag/{key}": value for key, value in stage_tags(stage).items()}
