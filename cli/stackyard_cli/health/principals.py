"""Checks that the roles and users exist that keys and access entries of a foundation name.

KMS refuses a key policy, and EKS an access entry, that names anything else:
https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html,
https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html.
"""

from __future__ import annotations

from typing import Any

from stackyard.blueprints.foundation.config import FoundationConfig
from stackyard_cli.health.check import Check
from stackyard_cli.health.placement import Clients


def checks(stage: str, config: FoundationConfig, clients: Clients) -> list[Check]:
    """Check that each principal of the foundation exists, with its path."""
    name, iam = f"{stage}: roles and users", clients("iam", config.region)
    fields = {
        "admins": config.admins,
        "operators": config.operators,
        "previewers": config.previewers,
    }
    missing = [
        f"`{field}`: {arn}"
        for field, arns in fields.items()
        for arn in arns
        if _arn_of(arn, iam) != arn
    ]
    if missing:
        hint = "create it first, or correct its ARN: a role's ARN includes its path"
        return [Check(name, "problem", f"not in the account: {', '.join(missing)}", hint)]
    count = len({arn for arns in fields.values() for arn in arns})
    return [Check(name, "ok", f"all {count} exist")]


def _arn_of(arn: str, iam: Any) -> str | None:
    """Return the ARN that IAM has for the name in an ARN; None for an unknown name."""
    kind, _, path = arn.split(":", 5)[5].partition("/")
    name = path.rpartition("/")[2]
    try:
        if kind == "role":
            return str(iam.get_role(RoleName=name)["Role"]["Arn"])
        return str(iam.get_user(UserName=name)["User"]["Arn"])
    except iam.exceptions.NoSuchEntityException:
        return None
