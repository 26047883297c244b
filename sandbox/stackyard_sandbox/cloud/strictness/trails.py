"""CloudTrail accepts a log group's role only if it can assume it, and five trails per region.

It assumes the role without `aws:SourceArn` and `aws:SourceAccount`, so a trust policy with a
condition on either refuses it. Sources:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html
and https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.cloudtrail.models import CloudTrailBackend
from moto.core.exceptions import JsonRESTError

from stackyard_sandbox.cloud.iam.service_roles import trusts
from stackyard_sandbox.cloud.strictness import checked

SERVICE = "cloudtrail.amazonaws.com"
TRAILS_PER_REGION = 5


def install() -> None:
    """Refuse a role that CloudTrail cannot assume, and a sixth trail."""
    checked.before(CloudTrailBackend, "create_trail", _check_number)
    for method in ("create_trail", "update_trail"):
        checked.before(CloudTrailBackend, method, _check_trail)


def _check_number(trails: CloudTrailBackend, call: Mapping[str, Any]) -> None:
    # Trails of other regions that include this one count as well.
    seen = len(list(trails.describe_trails(include_shadow_trails=True)))
    if call["name"] not in trails.trails and seen >= TRAILS_PER_REGION:
        raise JsonRESTError(
            "MaximumNumberOfTrailsExceededException",
            f"User: {trails.account_id} already has {seen} trails in {trails.region_name}.",
        )


def _check_trail(trails: CloudTrailBackend, call: Mapping[str, Any]) -> None:
    _check_role(trails.account_id, call["cw_role_arn"])


def _check_role(account: str, role_arn: str | None) -> None:
    """Assume the role as CloudTrail does; raises the service's error if it is not trusted."""
    if not role_arn:
        return
    if not trusts(account, role_arn, SERVICE, {}):
        raise JsonRESTError(
            "InvalidCloudWatchLogsRoleArnException",
            "Access denied. Check the trust relationships for your role.",
        )
