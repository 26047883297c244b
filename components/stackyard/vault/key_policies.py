"""Policies of KMS keys and trust of the emergency role as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stackyard import iam
from stackyard.aws_location import AwsLocation, endpoint
from stackyard.vault.config import Purpose

ADMINISTER = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListAliases",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
"""Actions of administrators on a key; none of them decrypts data."""

USE = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
"""Actions of a service on a key."""


def key_policy(
    purpose: Purpose, *, account: str, region: str, admins: Sequence[str]
) -> dict[str, Any]:
    """Return the policy of a key.

    The statement for the account allows IAM policies to grant the use of the key; without it, a key
    can become permanently unmanageable:
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html.
    """
    location = AwsLocation(account, region)
    root = {"AWS": location.global_arn("iam", "root")}
    statements = [iam.statement("EnableIamPolicies", ("kms:*",), ("*",), principals=root)]
    if admins:
        people = {"AWS": sorted(admins)}
        statements.append(iam.statement("Administer", ADMINISTER, ("*",), principals=people))
    if purpose == "logs":
        statements.append(_use_by_cloudwatch_logs(location))
        statements.append(_use_by_alerts(account))
        statements.append(_use_by_trails(location))
    return iam.document(*statements)


def _use_by_cloudwatch_logs(location: AwsLocation) -> iam.Statement:
    """Allow CloudWatch Logs to use the key, for log groups of this account and region only.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html.
    """
    groups = location.arn("logs", "log-group:*")
    return iam.statement(
        "EncryptLogs",
        USE,
        ("*",),
        principals={"Service": endpoint("logs", location.region)},
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    )


def _use_by_alerts(account: str) -> iam.Statement:
    """Allow the services that publish alerts to do so to encrypted topics of this account.

    Source: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html.
    """
    services = ("aps", "budgets", "cloudwatch")
    return iam.statement(
        "EncryptAlerts",
        ("kms:Decrypt", "kms:GenerateDataKey*"),
        ("*",),
        principals={"Service": [f"{service}.amazonaws.com" for service in services]},
        conditions={"StringEquals": {"aws:SourceAccount": account}},
    )


def _use_by_trails(location: AwsLocation) -> iam.Statement:
    """Allow CloudTrail to encrypt the records of this account's trails.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html.
    """
    trails = location.arn("cloudtrail", "trail/*", region="*")
    return iam.statement(
        "EncryptAudit",
        ("kms:DescribeKey", "kms:GenerateDataKey*"),
        ("*",),
        principals={"Service": "cloudtrail.amazonaws.com"},
        conditions={"ArnLike": {"aws:SourceArn": trails}},
    )


def emergency_trust(people: Sequence[str]) -> dict[str, Any]:
    """Return the trust of the emergency role: only these users may assume it, with MFA only.

    Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html.
    """
    present = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    return iam.assumable_by({"AWS": sorted(people)}, conditions=present)
