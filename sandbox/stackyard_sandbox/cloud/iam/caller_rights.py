"""Permissions that a call needs beside its own action: on keys, tags, roles, a secret of RDS.

A service that encrypts, tags or creates a resource for a caller does so as the caller, so IAM also
checks these permissions of the caller, with the service in `kms:ViaService` and `aws:CalledVia`:
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from stackyard_sandbox.cloud.iam import object_keys
from stackyard_sandbox.cloud.iam.created_tags import tagging
from stackyard_sandbox.cloud.iam.linked_roles import missing
from stackyard_sandbox.cloud.iam.passed_roles import passed
from stackyard_sandbox.cloud.iam.request_resources import resource_of

SEAL = ("kms:Decrypt", "kms:GenerateDataKey")
VALIDATION = "RequestToValidateKeyAccess"
"""The version in the encryption context of the calls with which Secrets Manager validates a key."""


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
    """The key of the secret that the request changes or reads."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """With names in lower case."""

    def key(
        self, actions: tuple[str, ...], named: Any, service: str, **context: str
    ) -> Iterator[Besides]:
        """Yield the uses of a key through a service; none for a key that AWS owns or manages.

        `context` is the encryption context.
        """
        if not named or "alias/aws/" in str(named):
            return
        asked = json.dumps({"KeyId": str(named)}).encode()
        arn = resource_of("kms", self.region, self.account, asked, {}) or "*"
        via = {"kms:viaservice": f"{service}.{self.region}.amazonaws.com"}
        via |= {f"kms:encryptioncontext:{name.lower()}": value for name, value in context.items()}
        for action in actions:
            yield Besides(action, arn, via)


def besides(made: Made) -> Iterator[Besides]:
    """Yield the permissions of the caller that a request needs beside its own action."""
    for action in tagging(made.action, made.fields):
        yield Besides(action, made.resource)
    for role, service in passed(made.action, made.fields):
        yield Besides("iam:PassRole", role, {"iam:passedtoservice": service})
    for role, service in missing(made.action, made.account):
        yield Besides("iam:CreateServiceLinkedRole", role, {"iam:awsservicename": service})
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


def _read_secret(made: Made) -> Iterator[Besides]:
    """Who reads a value decrypts it, through Secrets Manager.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html.
    """
    context = {"SecretARN": made.resource, "SecretVersionId": "of-the-value"}
    yield from made.key(("kms:Decrypt",), made.encrypted_with, "secretsmanager", **context)


def _read_object(made: Made) -> Iterator[Besides]:
    """Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html."""
    if seal := object_keys.of_existing(made.resource, made.account):
        yield from _through_s3(made, ("kms:Decrypt",), seal)


def _write_object(made: Made) -> Iterator[Besides]:
    """Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html."""
    if seal := object_keys.of_new(made.resource, made.account, made.headers):
        yield from _through_s3(made, ("kms:GenerateDataKey",), seal)


def _through_s3(made: Made, actions: tuple[str, ...], seal: object_keys.Seal) -> Iterator[Besides]:
    yield from made.key(actions, seal.key, "s3", **{"aws:s3:arn": seal.context})


def _publish(made: Made) -> Iterator[Besides]:
    """Source: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html."""
    topic = sns_backends[made.account][made.region].topics.get(made.resource)
    named = getattr(topic, "kms_master_key_id", None)
    yield from made.key(SEAL, named, "sns", **{"aws:sns:topicArn": made.resource})


def _message(made: Made) -> Iterator[Besides]:
    """Who sends encrypts, and who receives decrypts.

    Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html.
    """
    queues = sqs_backends[made.account][made.region].queues
    named = getattr(queues.get(made.resource.rpartition(":")[2]), "kms_master_key_id", None)
    actions = SEAL if made.action == "sqs:SendMessage" else ("kms:Decrypt",)
    yield from made.key(actions, named, "sqs", **{"aws:sqs:arn": made.resource})


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
    "s3:GetObject": _read_object,
    "s3:GetObjectVersion": _read_object,
    "s3:PutObject": _write_object,
    "secretsmanager:CreateSecret": _secret,
    "secretsmanager:GetSecretValue": _read_secret,
    "secretsmanager:PutSecretValue": _secret,
    "secretsmanager:UpdateSecret": _secret,
    "sns:Publish": _publish,
    "sqs:ReceiveMessage": _message,
    "sqs:SendMessage": _message,
}
