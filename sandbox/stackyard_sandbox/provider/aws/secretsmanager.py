"""Secrets, their versions, resource policies and rotation.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/secretsmanager/secret/,
…/secretversion/, …/secretpolicy/ and …/secretrotation/.
"""

from __future__ import annotations

import base64

from stackyard_sandbox.provider.aws.casing import PASCAL
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.documents import as_text
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    Setting,
    Tagging,
    call_or_none,
    changed,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Properties

MISSING = ("ResourceNotFoundException",)
TAGS = Tagging("secretsmanager", resource="SecretId")


class Secret(Resource):
    """A secret without its value; its id is its ARN."""

    token = "aws:secretsmanager/secret:Secret"
    takes = ("name", "namePrefix", "description", "kmsKeyId", "policy", "recoveryWindowInDays")
    replaces = frozenset({"name", "namePrefix"})
    autoname = Autoname(limit=512)
    defaults = {"recoveryWindowInDays": 30}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the secret."""
        arguments = PASCAL.pick(inputs, "name", "description", "kmsKeyId")
        answer = aws.client("secretsmanager").create_secret(
            Tags=TAGS.api(inputs.get("tagsAll")), **arguments
        )
        return str(answer["ARN"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Write the resource policy that is set on the secret itself."""
        if inputs.get("policy"):
            aws.client("secretsmanager").put_resource_policy(
                SecretId=identity, ResourcePolicy=inputs["policy"]
            )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the secret; one pending deletion counts as deleted."""
        client = aws.client("secretsmanager")
        answer = call_or_none(client.describe_secret, *MISSING, SecretId=identity)
        if answer is None or answer.get("DeletedDate"):
            return None
        actual = {
            "name": answer["Name"],
            "description": answer.get("Description") or None,
            "kmsKeyId": answer.get("KmsKeyId"),
            "arn": answer["ARN"],
            "tagsAll": TAGS.to_dict(answer.get("Tags")),
        }
        if state.get("policy"):
            policy = client.get_resource_policy(SecretId=identity)
            actual["policy"] = as_text(policy.get("ResourcePolicy"))
        return actual

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change description, key, policy and tags."""
        client = aws.client("secretsmanager")
        if changed(old, new, "description", "kmsKeyId"):
            arguments = PASCAL.pick(new, "kmsKeyId")
            client.update_secret(
                SecretId=identity, Description=new.get("description") or "", **arguments
            )
        if changed(old, new, "policy"):
            if new.get("policy"):
                self.finish(aws, identity, new)
            else:
                client.delete_resource_policy(SecretId=identity)
        TAGS.update(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the secret, at once if it has no recovery window."""
        window = state.get("recoveryWindowInDays")
        arguments: Properties = (
            {"RecoveryWindowInDays": window} if window else {"ForceDeleteWithoutRecovery": True}
        )
        with ignoring_missing(*MISSING, "InvalidRequestException"):
            aws.client("secretsmanager").delete_secret(SecretId=identity, **arguments)


class SecretVersion(Resource):
    """The value of a secret; its id is `secret|version`."""

    token = "aws:secretsmanager/secretVersion:SecretVersion"
    takes = ("secretId", "secretString", "secretBinary", "versionStages")
    replaces = frozenset({"secretId", "secretString", "secretBinary"})

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Put the value."""
        arguments = PASCAL.pick(inputs, "secretString", "versionStages")
        if inputs.get("secretBinary"):
            arguments["SecretBinary"] = base64.b64decode(inputs["secretBinary"])
        answer = aws.client("secretsmanager").put_secret_value(
            SecretId=inputs["secretId"], **arguments
        )
        return f"{answer['ARN']}|{answer['VersionId']}"

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the value; a version without a stage counts as deleted, as in the service."""
        secret, _, version = identity.partition("|")
        client = aws.client("secretsmanager")
        codes = (*MISSING, "InvalidRequestException")
        answer = call_or_none(client.get_secret_value, *codes, SecretId=secret, VersionId=version)
        if answer is None or not answer.get("VersionStages"):
            return None
        binary = answer.get("SecretBinary")
        return {
            "secretId": state.get("secretId", secret),
            "secretString": answer.get("SecretString"),
            "secretBinary": base64.b64encode(binary).decode() if binary else None,
            "versionStages": answer["VersionStages"],
            "versionId": version,
            "arn": answer["ARN"],
            "secretArn": answer["ARN"],
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Move stages."""
        secret, _, version = identity.partition("|")
        before, after = old.get("versionStages") or [], new.get("versionStages") or []
        for stage in sorted(set(after) - set(before)):
            aws.client("secretsmanager").update_secret_version_stage(
                SecretId=secret, VersionStage=stage, MoveToVersionId=version
            )

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Keep the value with its secret: the current version cannot be deleted alone."""


class SecretPolicy(Setting):
    """The resource policy of a secret."""

    token = "aws:secretsmanager/secretPolicy:SecretPolicy"
    takes = ("secretArn", "policy", "blockPublicPolicy")
    parent = "secretArn"
    replaces = frozenset({"secretArn"})

    def put(self, aws: Cloud, parent: str, inputs: Properties) -> None:
        """Write the policy."""
        arguments = PASCAL.pick(inputs, "blockPublicPolicy")
        aws.client("secretsmanager").put_resource_policy(
            SecretId=parent, ResourcePolicy=inputs["policy"], **arguments
        )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the policy."""
        client = aws.client("secretsmanager")
        codes = (*MISSING, "InvalidRequestException")
        answer = call_or_none(client.get_resource_policy, *codes, SecretId=identity)
        if answer is None or not answer.get("ResourcePolicy"):
            return None
        return {"secretArn": identity, "policy": as_text(answer["ResourcePolicy"])}

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Remove the policy."""
        with ignoring_missing(*MISSING, "InvalidRequestException"):
            aws.client("secretsmanager").delete_resource_policy(SecretId=identity)


class SecretRotation(Setting):
    """The rotation function and schedule of a secret."""

    token = "aws:secretsmanager/secretRotation:SecretRotation"
    takes = ("secretId", "rotationLambdaArn", "rotationRules", "rotateImmediately")
    parent = "secretId"
    replaces = frozenset({"secretId"})
    defaults = {"rotateImmediately": True}

    def put(self, aws: Cloud, parent: str, inputs: Properties) -> None:
        """Write function and schedule."""
        arguments = PASCAL.pick(inputs, "rotationRules", "rotateImmediately")
        if inputs.get("rotationLambdaArn"):
            arguments["RotationLambdaARN"] = inputs["rotationLambdaArn"]
        aws.client("secretsmanager").rotate_secret(SecretId=parent, **arguments)

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read function and schedule."""
        answer = call_or_none(
            aws.client("secretsmanager").describe_secret, *MISSING, SecretId=identity
        )
        if answer is None or not answer.get("RotationEnabled"):
            return None
        return {
            "secretId": identity,
            "rotationEnabled": True,
            "rotationLambdaArn": answer.get("RotationLambdaARN") or None,
            "rotationRules": PASCAL.sdk(answer.get("RotationRules") or {}) or None,
        }

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Stop the rotation."""
        with ignoring_missing(*MISSING, "InvalidRequestException"):
            aws.client("secretsmanager").cancel_rotate_secret(SecretId=identity)
