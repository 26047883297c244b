"""Config of KMS keys and of secrets; secret values are never in stack files."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stackyard.config import Config, Name

Purpose = Literal["data", "personal", "secrets", "logs", "images"]
"""Data that a key encrypts; each purpose has its own key, so that access can differ."""

PURPOSES: tuple[Purpose, ...] = ("data", "personal", "secrets", "logs", "images")
"""All purposes, in the order in which keys are created."""


UserArn = Annotated[
    str, Field(pattern=r"^arn:aws(-us-gov|-cn)?:iam::[0-9]{12}:user/[A-Za-z0-9_+=,.@/-]+$")
]
"""ARN of an IAM user; sessions of a role do not contain the MFA state, so they cannot prove it."""


class VaultConfig(Config):
    """The KMS keys of a stage, one per purpose, and the users who read secrets in an emergency."""

    rotation_days: Annotated[int, Field(ge=90, le=2560)] = 365
    """Days between rotations of the key material, 90 to 2,560; existing data stays readable.
    Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html."""

    deletion_window_days: Annotated[int, Field(ge=7, le=30)] = 30
    """Waiting period before a key is deleted, in days, 7 to 30."""

    break_glass: list[UserArn] = []
    """IAM users who may assume the role that reads secrets in an emergency, with MFA and for one
    hour; each use raises an alarm. If empty, the role does not exist, and `admins` can read
    secrets."""


class SecretConfig(Config):
    """One secret and its readers; an administrator sets the value outside of stack files."""

    readers: Annotated[list[Name], Field(min_length=1)]
    """Audiences and workloads (`trainer`, `server`) that may read the value; all others are denied,
    whatever their own policies allow."""

    description: Annotated[str, Field(min_length=1, max_length=500)]
    """Purpose of the secret, and the source of a new value."""

    rotation_days: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Maximum age of the value in days: `stackyard status` reports an older one, and the secret has
    the tag `stackyard:rotate-days`. Nothing rotates the value automatically."""


class SecretStoreConfig(Config):
    """The secrets of one stack."""

    entries: dict[Name, SecretConfig] = {}
    """The secrets by name."""

    recovery_days: Annotated[int, Field(ge=7, le=30)] | Literal[0] = 30
    """Recovery window of a deleted secret in days: 7 to 30, or 0 to delete immediately."""
