"""CloudTrail accepts a log group's role only if it can assume it, and five trails per region.

It assumes the role without `aws:SourceArn` and `aws:SourceAccount`, so a trust policy with a
condition on either refuses it. Sources:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html
and https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html.
"""

from __future__ import annotations

from typing import Any

from moto.cloudtrail.models import CloudTrailBackend, Trail
from moto.core.exceptions import JsonRESTError

from stackyard_sandbox.cloud.iam.service_roles import trusts

SERVICE = "cloudtrail.amazonaws.com"
TRAILS_PER_REGION = 5

_create = CloudTrailBackend.create_trail
_update = CloudTrailBackend.update_trail


def install() -> None:
    """Refuse a role that CloudTrail cannot assume, and a sixth trail."""
    setattr(CloudTrailBackend, _create.__name__, _creating)
    setattr(CloudTrailBackend, _update.__name__, _updating)


def _creating(self: CloudTrailBackend, name: str, *given: Any, **named: Any) -> Trail:
    # Trails of other regions that include this one count as well.
    seen = len(list(self.describe_trails(include_shadow_trails=True)))
    if name not in self.trails and seen >= TRAILS_PER_REGION:
        raise JsonRESTError(
            "MaximumNumberOfTrailsExceededException",
            f"User: {self.account_id} already has {seen} trails in {self.region_name}.",
        )
    # The last three are the role, the key and the tags.
    _check_role(self.account_id, given[-3] if given else named.get("cw_role_arn"))
    return _create(self, name, *given, **named)


def _updating(self: CloudTrailBackend, *given: Any, **named: Any) -> Trail:
    _check_role(self.account_id, named.get("cw_role_arn"))
    return _update(self, *given, **named)


def _check_role(account: str, role_arn: str | None) -> None:
    """Assume the role as CloudTrail does; raises the service's error if it is not trusted."""
    if not role_arn:
        return
    if not trusts(account, role_arn, SERVICE, {}):
        raise JsonRESTError(
            "InvalidCloudWatchLogsRoleArnException",
            "Access denied. Check the trust relationships for your role.",
        )
