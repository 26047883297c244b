"""Rights that AWS asks of a caller beside the action called: keys, and a secret made on the way.

A service that uses a key or makes a secret for a caller does so in the caller's name (forward
access sessions), so the caller needs those rights too, if only through that service:
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html.
"""

from __future__ import annotations

from collections.abc import Mapping

from stackyard import iam
from stackyard_cli.bootstrap.context import AccountContext, tagged

SEAL = ("kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext")
"""What services do with a key in the caller's name, when they encrypt what is made."""

THROUGH = ("elasticfilesystem", "rds", "secretsmanager")
"""Services that do so. Secrets Manager makes a call to validate the key, even for a secret without
a value; EFS generates a data key; RDS has Secrets Manager seal the master password. Sources:
https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html,
https://docs.aws.amazon.com/efs/latest/ug/EFSKMS.html,
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html."""

MANAGED_SECRET = (
    "secretsmanager:CreateSecret",
    "secretsmanager:DeleteSecret",
    "secretsmanager:RotateSecret",
    "secretsmanager:TagResource",
    "secretsmanager:UpdateSecret",
)
"""What RDS does with the secret of a database's master user, which gets RDS's tags only."""


def statements(context: AccountContext, stage: str) -> list[iam.Statement]:
    """Return the rights of an apply through services: the stage's keys, RDS's own secrets."""
    vias = [f"{service}.*.amazonaws.com*" for service in THROUGH]
    return [
        iam.statement(
            "SealThroughServices",
            SEAL,
            ["*"],
            conditions={"StringEquals": tagged(stage), "StringLike": {"kms:ViaService": vias}},
        ),
        iam.statement(
            "MasterSecretThroughRds",
            MANAGED_SECRET,
            [context.managed_secrets("rds")],
            conditions=_called_via("rds.amazonaws.com"),
        ),
    ]


def _called_via(service: str) -> Mapping[str, Mapping[str, str]]:
    """The services that a request came through are a list, of which one is enough."""
    return {"ForAnyValue:StringEquals": {"aws:CalledVia": service}}
