"""Resource policies of secrets as plain data: only the named readers have access."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stackyard import iam
from stackyard.aws_location import endpoint

READ = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")
"""Actions that a reader needs."""

READ_VALUE = ("secretsmanager:GetSecretValue",)
"""The only action that returns the value."""

WRITE_VALUE = ("secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage")
"""Actions that store a new value, or make an earlier one current again."""


def secret_policy(
    *, readers: Sequence[str], writers: Sequence[str], emergency: Sequence[str]
) -> dict[str, Any]:
    """Return the policy of a secret: its readers, its writers, and the readers in an emergency.

    The denials apply whatever an identity's own policies allow, so that a role with broad
    permissions (for example the one that applies stacks) cannot read a value. `aws:PrincipalArn` of
    a session is its role's ARN:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html.
    """
    return iam.document(
        iam.statement("Read", READ, ("*",), principals={"AWS": sorted(readers)}),
        _deny_others("DenyReadToOthers", READ_VALUE, sorted({*readers, *emergency})),
        _deny_others("DenyWriteToOthers", WRITE_VALUE, sorted(writers)),
    )


def reader_policy(arns: Sequence[str], *, key_arn: str, region: str) -> dict[str, Any]:
    """Return the policy of a reader's role: read these secrets, and use their key only for that.

    Secrets Manager decrypts as the reader, with the secret's ARN as encryption context:
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html.
    """
    secrets = sorted(arns)
    through = {
        "kms:EncryptionContext:SecretARN": secrets,
        "kms:ViaService": endpoint("secretsmanager", region),
    }
    return iam.document(
        iam.statement("ReadSecrets", READ, secrets),
        iam.statement(
            "OpenSecrets", ("kms:Decrypt",), (key_arn,), conditions={"StringEquals": through}
        ),
    )


def _deny_others(sid: str, actions: Sequence[str], allowed: Sequence[str]) -> iam.Statement:
    """Return a statement that denies `actions` to every identity that is not in `allowed`."""
    return iam.statement(
        sid,
        actions,
        ("*",),
        effect="Deny",
        principals="*",
        conditions={"ArnNotEquals": {"aws:PrincipalArn": list(allowed)}},
    )
