"""Resource policies of secrets as plain data: the named readers, and nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stackyard import iam
from stackyard.aws_location import endpoint

READ = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")
"""What a reader needs."""

READ_VALUE = ("secretsmanager:GetSecretValue",)
"""The one action that gives the value away."""

WRITE_VALUE = ("secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage")
"""What puts a new value in its place, or an old one back."""


def secret_policy(
    *, readers: Sequence[str], writers: Sequence[str], emergency: Sequence[str]
) -> dict[str, Any]:
    """Return the policy of a secret: who reads, who writes, and who else reads in an emergency.

    The denials hold whatever an identity's own policies allow, so that a role with broad rights
    (the one that applies stacks, too) cannot read a value. `aws:PrincipalArn` of a session is its
    role's ARN: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html.
    """
    return iam.document(
        iam.statement("Read", READ, ("*",), principals={"AWS": sorted(readers)}),
        _deny_others("DenyReadToOthers", READ_VALUE, sorted({*readers, *emergency})),
        _deny_others("DenyWriteToOthers", WRITE_VALUE, sorted(writers)),
    )


def reader_policy(arns: Sequence[str], *, key_arn: str, region: str) -> dict[str, Any]:
    """Return what a reader's own role needs: these secrets, and their key for nothing else.

    Secrets Manager decrypts in the reader's name, with the secret's ARN as encryption context:
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
