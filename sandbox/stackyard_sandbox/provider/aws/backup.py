"""AWS Backup vaults and plans.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/backup/vault/ and
…/plan/. The emulator has no selections, so neither has this.
"""

from __future__ import annotations

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    Tagging,
    call_or_none,
    changed,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Properties

MISSING = ("ResourceNotFoundException",)
TAGS = Tagging("backup", keys="TagKeyList", style="map", listing="list_tags")
RULE_DEFAULTS = {
    "startWindow": 60,
    "completionWindow": 180,
    "scheduleExpressionTimezone": "Etc/UTC",
}
RULE = Casing(
    names={
        "targetVaultName": "TargetBackupVaultName",
        "schedule": "ScheduleExpression",
        "startWindow": "StartWindowMinutes",
        "completionWindow": "CompletionWindowMinutes",
        "coldStorageAfter": "MoveToColdStorageAfterDays",
        "deleteAfter": "DeleteAfterDays",
        "destinationVaultArn": "DestinationBackupVaultArn",
    },
    maps=frozenset({"recoveryPointTags"}),
)


class Vault(Resource):
    """A vault that stores backups; its id is its name."""

    token = "aws:backup/vault:Vault"
    takes = ("name", "kmsKeyArn", "forceDestroy")
    replaces = frozenset({"name", "kmsKeyArn"})
    autoname = Autoname(limit=50)
    defaults = {"forceDestroy": False}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the vault."""
        key = {"EncryptionKeyArn": inputs["kmsKeyArn"]} if inputs.get("kmsKeyArn") else {}
        aws.client("backup").create_backup_vault(
            BackupVaultName=inputs["name"],
            BackupVaultTags=dict(inputs.get("tagsAll") or {}),
            **key,
        )
        return str(inputs["name"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the vault."""
        call = aws.client("backup").describe_backup_vault
        answer = call_or_none(call, *MISSING, "AccessDeniedException", BackupVaultName=identity)
        if answer is None:
            return None
        return {
            "name": identity,
            "kmsKeyArn": answer.get("EncryptionKeyArn") or None,
            "recoveryPoints": answer.get("NumberOfRecoveryPoints"),
            "arn": answer["BackupVaultArn"],
            "tagsAll": TAGS.read(aws, answer["BackupVaultArn"]),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change the rules and tags."""
        if changed(old, new, "rules"):
            client = aws.client("backup")
            client.update_backup_plan(BackupPlanId=identity, BackupPlan=_content(new))
        TAGS.update(aws, old["arn"], old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the vault."""
        with ignoring_missing(*MISSING):
            aws.client("backup").delete_backup_vault(BackupVaultName=identity)


class Plan(Resource):
    """The schedule and retention of backups; its id is the plan's."""

    token = "aws:backup/plan:Plan"
    takes = ("name", "rules")
    replaces = frozenset({"name"})
    autoname = Autoname(limit=50)
    recomputed = {"rules": ("version",)}

    def completed(self, inputs: Properties) -> Properties:
        """Give each rule its windows (minutes) and time zone, as the official provider does."""
        rules = inputs.get("rules")
        if not isinstance(rules, list):
            return inputs
        return {**inputs, "rules": [{**RULE_DEFAULTS, **rule} for rule in rules]}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the plan."""
        answer = aws.client("backup").create_backup_plan(
            BackupPlan=_content(inputs),
            BackupPlanTags=dict(inputs.get("tagsAll") or {}),
        )
        return str(answer["BackupPlanId"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the plan."""
        answer = call_or_none(aws.client("backup").get_backup_plan, *MISSING, BackupPlanId=identity)
        if answer is None or answer.get("DeletionDate"):
            return None
        plan = answer["BackupPlan"]
        rules = [
            {key: value for key, value in RULE.sdk(rule).items() if key != "ruleId"}
            for rule in plan["Rules"]
        ]
        return {
            "name": plan["BackupPlanName"],
            "rules": rules,
            "version": answer["VersionId"],
            "arn": answer["BackupPlanArn"],
            "tagsAll": TAGS.read(aws, answer["BackupPlanArn"]),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change the rules and tags."""
        if changed(old, new, "rules"):
            client = aws.client("backup")
            client.update_backup_plan(BackupPlanId=identity, BackupPlan=_content(new))
        TAGS.update(aws, old["arn"], old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the plan."""
        with ignoring_missing(*MISSING):
            aws.client("backup").delete_backup_plan(BackupPlanId=identity)


def _content(inputs: Properties) -> Properties:
    return {"BackupPlanName": inputs["name"], "Rules": RULE.api(inputs["rules"])}
