"""KMS keys and aliases.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/kms/key/ and …/alias/.
"""

from __future__ import annotations

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.documents import as_text
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    Tagging,
    call_or_none,
    changed,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Properties

MISSING = ("NotFoundException",)
TAGS = Tagging("kms", resource="KeyId", style="kms", listing="list_resource_tags")
NAMES = Casing(
    names={
        "customerMasterKeySpec": "KeySpec",
        "bypassPolicyLockoutSafetyCheck": "BypassPolicyLockoutSafetyCheck",
    }
)


class Key(Resource):
    """A key; its id is the key id. A key pending deletion counts as deleted."""

    token = "aws:kms/key:Key"
    takes = (
        "description",
        "policy",
        "keyUsage",
        "customerMasterKeySpec",
        "multiRegion",
        "enableKeyRotation",
        "rotationPeriodInDays",
        "isEnabled",
        "deletionWindowInDays",
        "bypassPolicyLockoutSafetyCheck",
    )
    replaces = frozenset({"customerMasterKeySpec", "keyUsage", "multiRegion"})
    defaults = {
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "keyUsage": "ENCRYPT_DECRYPT",
        "isEnabled": True,
        "enableKeyRotation": False,
    }

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the key."""
        arguments = NAMES.pick(
            inputs,
            "description",
            "policy",
            "keyUsage",
            "customerMasterKeySpec",
            "multiRegion",
            "bypassPolicyLockoutSafetyCheck",
        )
        answer = aws.client("kms").create_key(Tags=TAGS.api(inputs.get("tagsAll")), **arguments)
        return str(answer["KeyMetadata"]["KeyId"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Enable rotation, and disable the key, if requested."""
        if inputs["enableKeyRotation"]:
            self._rotate(aws, identity, inputs)
        if not inputs["isEnabled"]:
            aws.client("kms").disable_key(KeyId=identity)

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the key, its policy, rotation and tags."""
        client = aws.client("kms")
        answer = call_or_none(client.describe_key, *MISSING, KeyId=identity)
        if answer is None or answer["KeyMetadata"]["KeyState"] == "PendingDeletion":
            return None
        key = answer["KeyMetadata"]
        policy = client.get_key_policy(KeyId=identity, PolicyName="default")["Policy"]
        rotation = client.get_key_rotation_status(KeyId=identity)
        return {
            "keyId": identity,
            "arn": key["Arn"],
            "description": key.get("Description") or None,
            "keyUsage": key["KeyUsage"],
            "customerMasterKeySpec": key["KeySpec"],
            "multiRegion": key.get("MultiRegion", False),
            "isEnabled": key["Enabled"],
            "policy": as_text(policy),
            "enableKeyRotation": rotation["KeyRotationEnabled"],
            "rotationPeriodInDays": rotation.get("RotationPeriodInDays"),
            "tagsAll": TAGS.read(aws, identity),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change description, policy, state, rotation and tags."""
        client = aws.client("kms")
        if changed(old, new, "description"):
            client.update_key_description(KeyId=identity, Description=new.get("description") or "")
        if new.get("policy") and changed(old, new, "policy"):
            client.put_key_policy(KeyId=identity, PolicyName="default", Policy=new["policy"])
        if changed(old, new, "isEnabled"):
            (client.enable_key if new["isEnabled"] else client.disable_key)(KeyId=identity)
        if changed(old, new, "enableKeyRotation", "rotationPeriodInDays"):
            if new["enableKeyRotation"]:
                self._rotate(aws, identity, new)
            else:
                client.disable_key_rotation(KeyId=identity)
        TAGS.update(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Schedule the deletion, after the window that was set at its creation."""
        with ignoring_missing(*MISSING, "KMSInvalidStateException"):
            aws.client("kms").schedule_key_deletion(
                KeyId=identity, PendingWindowInDays=state.get("deletionWindowInDays") or 30
            )

    def _rotate(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        arguments = NAMES.pick(inputs, "rotationPeriodInDays")
        aws.client("kms").enable_key_rotation(KeyId=identity, **arguments)


class Alias(Resource):
    """A name of a key; its id is the name, which starts with `alias/`."""

    token = "aws:kms/alias:Alias"
    takes = ("name", "targetKeyId")
    replaces = frozenset({"name"})
    autoname = Autoname(limit=256)

    def problems(self, inputs: Properties) -> list[tuple[str, str]]:
        """Refuse names that KMS refuses."""
        name = inputs.get("name")
        wrong = isinstance(name, str) and "name" not in inputs["__defaults"]
        if wrong and not str(name).startswith("alias/"):
            return [("name", "must start with `alias/`"), *super().problems(inputs)]
        return super().problems(inputs)

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the alias."""
        name = str(inputs["name"])
        name = name if name.startswith("alias/") else f"alias/{name}"
        aws.client("kms").create_alias(AliasName=name, TargetKeyId=_key_id(inputs["targetKeyId"]))
        return name

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Find the alias among all."""
        for page in aws.client("kms").get_paginator("list_aliases").paginate():
            for alias in page["Aliases"]:
                if alias["AliasName"] == identity:
                    key = alias["TargetKeyId"]
                    # A program may have used the key's ARN: id and ARN are the same key.
                    recorded = state.get("targetKeyId")
                    target = recorded if _key_id(recorded or "") == key else key
                    return {
                        "name": state.get("name", identity),
                        "arn": alias["AliasArn"],
                        "targetKeyId": target,
                        "targetKeyArn": aws.arn("kms", f"key/{key}"),
                    }
        return None

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Point the alias at another key."""
        aws.client("kms").update_alias(AliasName=identity, TargetKeyId=_key_id(new["targetKeyId"]))

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the alias."""
        with ignoring_missing(*MISSING):
            aws.client("kms").delete_alias(AliasName=identity)


def _key_id(target: str) -> str:
    return target.rpartition("/")[2]
