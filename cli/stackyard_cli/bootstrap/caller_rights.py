"""Permissions that a call needs beside its own action: on keys, and on secrets of a service.

A service that uses a key or creates a secret for a caller does so as the caller (forward access
sessions), so the caller needs these permissions too, but only through that service:
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html.
"""

from __future__ import annotations

from collections.abc import Mapping

from stackyard import iam
from stackyard_cli.bootstrap.context import AccountContext, tagged

SEAL = ("kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext")
"""Actions of services on a key, as the caller, when they encrypt a new resource."""

THROUGH = ("elasticfilesystem", "rds")
"""Services that do so: EFS generates a data key, RDS encrypts the master password. Sources:
https://docs.aws.amazon.com/efs/latest/ug/EFSKMS.html,
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html."""

VALIDATION = {"kms:EncryptionContext:SecretVersionId": "RequestToValidateKeyAccess"}
"""Condition on the calls with which Secrets Manager validates a key that is named for a secret.

Any value is encrypted with its own version in the context. So an apply, which may call
`CreateSecret` and `UpdateSecret`, gives no secret a value. Source:
https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html."""

MANAGED_SECRET = (
    "secretsmanager:CreateSecret",
    "secretsmanager:DeleteSecret",
    "secretsmanager:RotateSecret",
    "secretsmanager:TagResource",
    "secretsmanager:UpdateSecret",
)
"""Actions of RDS on the secret of a database's master user, which has only the tags of RDS."""


def statements(context: AccountContext, stage: str) -> list[iam.Statement]:
    """Return the permissions of an apply through services: the stage's keys, RDS's own secrets."""
    own = {"StringEquals": tagged(stage)}
    vias = [_endpoints(service) for service in THROUGH]
    secrets = {"StringLike": {"kms:ViaService": _endpoints("secretsmanager")}}
    return [
        iam.statement(
            "SealThroughServices",
            SEAL,
            ["*"],
            conditions={**own, "StringLike": {"kms:ViaService": vias}},
        ),
        iam.statement(
            "ValidateKeysOfSecrets",
            SEAL,
            ["*"],
            conditions={**secrets, "StringEquals": {**tagged(stage), **VALIDATION}},
        ),
        iam.statement(
            "MasterPasswordThroughRds",
            SEAL,
            ["*"],
            conditions={**own, **secrets, **_called_via("rds.amazonaws.com")},
        ),
        iam.statement(
            "MasterSecretThroughRds",
            MANAGED_SECRET,
            [context.managed_secrets("rds")],
            conditions=_called_via("rds.amazonaws.com"),
        ),
    ]


def _endpoints(service: str) -> str:
    """Return a pattern for a service's host names in all regions and partitions."""
    return f"{service}.*.amazonaws.com*"


def _called_via(service: str) -> Mapping[str, Mapping[str, str]]:
    """Return the condition that a request came through a service; `aws:CalledVia` is a list."""
    return {"ForAnyValue:StringEquals": {"aws:CalledVia": service}}
