"""The account that a bootstrap prepares; the names and tags by which roles know what is theirs."""

from __future__ import annotations

from dataclasses import dataclass

PREFIX = "stackyard-"
"""Prefix of every role and policy of the bootstrap; stacks cannot change them."""

ROLE_BOUNDARY = f"{PREFIX}roles"
"""Name of the permissions boundary of stacks' roles; stack files name it."""

OURS = {"stackyard:managed-by": "stackyard"}
"""Tag of everything that Stackyard makes, the bootstrap's own roles and key included."""


@dataclass(frozen=True)
class AccountContext:
    """The account that is prepared, and its state bucket and key."""

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
        """Return the ARN pattern of secrets that a service makes; its names hold an `!`."""
        return f"arn:{self.partition}:secretsmanager:*:{self.account}:secret:{prefix}!*"


def stage_tags(stage: str) -> dict[str, str]:
    """Return the tags of everything that a stack of a stage makes."""
    return {**OURS, "stackyard:stage": stage}


def requested(stage: str) -> dict[str, str]:
    """Return the condition that a request gives a new resource the tags of a stage."""
    return {f"aws:RequestTag/{key}": value for key, value in stage_tags(stage).items()}


def tagged(stage: str) -> dict[str, str]:
    """Return the condition that a resource has the tags of a stage."""
    return {f"aws:ResourceTag/{key}": value for key, value in stage_tags(stage).items()}
