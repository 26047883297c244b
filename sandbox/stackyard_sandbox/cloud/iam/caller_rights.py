"""Permissions that a call needs beside its own action: on keys, tags, a secret of RDS.

A service that encrypts, tags or creates a resource for a caller does so as the caller, so IAM also
checks these permissions of the caller, with the service in `kms:ViaService` and `aws:CalledVia`:
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stackyard_sandbox.cloud.iam.request_resources import resource_of

SEAL = ("kms:Decrypt", "kms:GenerateDataKey")
VALIDATION = "RequestToValidateKeyAccess"
"""The version in the encryption context of the calls with which Secrets Manager validates a key."""

TAGGED_ON_THE_WAY = {
    "iam:CreateOpenIDConnectProvider": "iam:TagOpenIDConnectProvider",
    "iam:CreateRole": "iam:TagRole",
    "kms:CreateKey": "kms:TagResource",
    "secretsmanager:CreateSecret": "secretsmanager:TagResource",
}
"""Actions that set tags, and the action that IAM also checks: each service's page of
https://docs.aws.amazon.com/service-authorization/latest/reference/."""


@dataclass(frozen=True)
class Besides:
    """A further permission that a request needs."""

    action: str
    resource: str
    facts: Mapping[str, str] = field(default_factory=dict)
    """Condition keys of this check only."""


@dataclass(frozen=True)
class Made:
    """A request that creates or changes a resource, with its account and region."""

    action: str
    resource: str
    fields: Mapping[str, Any]
    body: bytes
    region: str
    account: str
    encrypted_with: str | None = None
    """The key of the secret that the request changes."""

    def key(
        self, actions: tuple[str, ...], named: Any, service: str, **context: str
    ) -> Iterator[Besides]:
        """Yield the uses of a key through a service; none for a key that AWS owns.

        `context` is the encryption context.
        """
        if not named:
            return
        asked = json.dumps({"KeyId": str(named)}).encode()
        arn = resource_of("kms", self.region, self.account, asked, {}) or "*"
        via = {"kms:viaservice": f"{service}.{self.region}.amazonaws.com"}
        via |= {f"kms:encryptioncontext:{name.lower()}": value for name, value in context.items()}
        for action in actions:
            yield Besides(action, arn, via)


def besides(made: Made) -> Iterator[Besides]:
    """Yield the permissions of the caller that a request needs beside its own action."""
    tagging = TAGGED_ON_THE_WAY.get(made.action)
    if tagging and any(name.startswith("Tags") for name in made.fields):
        yield Besides(tagging, made.resource)
    if rule := _RULES.get(made.action):
        yield from rule(made)


def _secret(made: Made) -> Iterator[Besides]:
    """A named key is validated by calls of its own; a value is encrypted as a version.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html.
    """
    named = made.fields.get("KmsKeyId")
    yield from made.key(SEAL, named, "secretsmanager", SecretVersionId=VALIDATION)
    if made.fields.keys() & {"SecretString", "SecretBinary"}:
        context = {"SecretARN": made.resource, "SecretVersionId": "of-the-new-value"}
        yield from made.key(SEAL, named or made.encrypted_with, "secretsmanager", **context)


def _database(made: Made) -> Iterator[Besides]:
    """Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html."""
    grants = ("kms:CreateGrant", "kms:DescribeKey")
    yield from made.key(grants, made.fields.get("KmsKeyId"), "rds")
    if str(made.fields.get("ManageMasterUserPassword", "")).lower() != "true":
        return
    through = {"aws:calledvia": "rds.amazonaws.com"}
    secret = f"arn:aws:secretsmanager:{made.region}:{made.account}:secret:rds!db-master"
    for action in ("CreateSecret", "TagResource"):
        # The secret has RDS's own tags, not those of the request for the database.
        untagged = {"aws:requesttag/stackyard:managed-by": "", "aws:requesttag/stackyard:stage": ""}
        yield Besides(f"secretsmanager:{action}", secret, through | untagged)
    named = made.fields.get("MasterUserSecretKmsKeyId")
    for one in made.key((*SEAL, *grants), named, "secretsmanager"):
        yield Besides(one.action, one.resource, {**one.facts, **through})


def _file_system(made: Made) -> Iterator[Besides]:
    """Source: https://docs.aws.amazon.com/efs/latest/ug/EFSKMS.html."""
    actions = ("kms:CreateGrant", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext")
    yield from made.key(actions, made.fields.get("KmsKeyId"), "elasticfilesystem")


def _repository(made: Made) -> Iterator[Besides]:
    """Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html."""
    chosen = made.fields.get("encryptionConfiguration") or {}
    actions = ("kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant")
    yield from made.key(actions, chosen.get("kmsKey"), "ecr")


def _cluster(made: Made) -> Iterator[Besides]:
    """Source: https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html."""
    for one in made.fields.get("encryptionConfig") or ():
        yield from made.key(
            ("kms:CreateGrant", "kms:DescribeKey"), one["provider"]["keyArn"], "eks"
        )


def _access_point(made: Made) -> Iterator[Besides]:
    """Source: the permissions of the create handler of AWS::S3::AccessPoint."""
    if b"<PublicAccessBlockConfiguration>" in made.body:
        yield Besides("s3:PutAccessPointPublicAccessBlock", made.resource)


_RULES: Mapping[str, Callable[[Made], Iterator[Besides]]] = {
    "ecr:CreateRepository": _repository,
    "eks:CreateCluster": _cluster,
    "elasticfilesystem:CreateFileSystem": _file_system,
    "rds:CreateDBInstance": _database,
    "s3:CreateAccessPoint": _access_point,
    "secretsmanager:CreateSecret": _secret,
    "secretsmanager:PutSecretValue": _secret,
    "secretsmanager:UpdateSecret": _secret,
}
