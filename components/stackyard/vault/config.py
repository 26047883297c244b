"""What a person may write about keys and secrets; never a secret value."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stackyard.config import Config, Name

Purpose = Literal["data", "personal", "secrets", "logs", "images"]
"""What a key encrypts; each purpose has a key of its own, so that access can differ."""

PURPOSES: tuple[Purpose, ...] = ("data", "personal", "secrets", "logs", "images")
"""All purposes, in the order in which keys are made."""


UserArn = Annotated[str, Field(pattern=r"^arn:aws:iam::\d{12}:user/[\w+=,.@/-]+$")]
"""ARN of an IAM user; sessions of roles carry no second factor, so they cannot show one."""


class VaultConfig(Config):
    """The KMS keys of a stage, one for each purpose, and who opens secrets in an emergency."""

    rotation_days: Annotated[int, Field(ge=90, le=2560)] = 365
    """Days between rotations of the key material, 90 to 2,560; old data stays readable. Source:
    https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html."""

    deletion_window_days: Annotated[int, Field(ge=7, le=30)] = 30
    """Days in which the deletion of a key can still be cancelled, 7 to 30."""

    break_glass: list[UserArn] = []
    """IAM users who may take the role that reads secrets in an emergency, with a second factor and
    for an hour; its use rings. Without any, there is no such role, and `admins` read them."""


class SecretConfig(Config):
    """One secret: who may read it. Its value is put in by an administrator, outside of files."""

    readers: Annotated[list[Name], Field(min_length=1)]
    """Audiences, and the workloads `trainer` and `server`, that may read the value; everyone else
    is denied, whatever their own policies."""

    description: Annotated[str, Field(min_length=1, max_length=500)]
    """What the secret opens, and where a new value comes from."""

    rotation_days: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Days after which a value is overdue: `stackyard status` says so, and the secret has the tag
    `stackyard:rotate-days`. Nothing puts a new value in by itself."""


class SecretStoreConfig(Config):
    """The secrets of one stack."""

    entries: dict[Name, SecretConfig] = {}
    """The secrets by name."""

    recovery_days: Annotated[int, Field(ge=7, le=30)] | Literal[0] = 30
    """Days in which a deleted secret can be restored: 7 to 30, or 0 to delete at once."""
