"""IAM's limits on the size and number of a role's policies; moto reports them and enforces none.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, "IAM doesn't
count white space". The values are the quotas of a new account, as `GetAccountSummary` reports them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.iam.exceptions import LimitExceededException
from moto.iam.models import IAMBackend

from stackyard_sandbox.cloud.strictness import checked
from stackyard_sandbox.cloud.strictness.checked import Rule

TRUST = 2_048
INLINE = 10_240
MANAGED = 6_144
ATTACHED = 10


def install() -> None:
    """Refuse policies that are too large, and too many of them."""
    for name, field in (
        ("create_role", "assume_role_policy_document"),
        ("update_assume_role_policy", "policy_document"),
    ):
        checked.before(IAMBackend, name, _bounded(field, TRUST, "ACLSizePerRole"))
    for name in ("create_policy", "create_policy_version"):
        checked.before(IAMBackend, name, _bounded("policy_document", MANAGED, "PolicySize"))
    checked.before(IAMBackend, "put_role_policy", _check_inline)
    checked.before(IAMBackend, "attach_role_policy", _check_attached)


def _bounded(field: str, most: int, quota: str) -> Rule:
    """Return the rule that measures one document of a call."""

    def measure(_iam: IAMBackend, call: Mapping[str, Any]) -> None:
        if _size(call[field]) > most:
            raise LimitExceededException(f"Cannot exceed quota for {quota}: {most}")

    return measure


def _check_inline(iam: IAMBackend, call: Mapping[str, Any]) -> None:
    role_name = call["role_name"]
    others = iam.get_role(role_name).policies
    sizes = [_size(text) for name, text in others.items() if name != call["policy_name"]]
    if sum(sizes) + _size(call["policy_json"]) > INLINE:
        raise LimitExceededException(
            f"Maximum policy size of {INLINE} bytes exceeded for role {role_name}"
        )


def _check_attached(iam: IAMBackend, call: Mapping[str, Any]) -> None:
    others = iam.get_role(call["role_name"]).managed_policies.keys() - {call["policy_arn"]}
    if len(others) >= ATTACHED:
        raise LimitExceededException(f"Cannot exceed quota for PoliciesPerRole: {ATTACHED}")


def _size(document: str) -> int:
    """Return the size of a document without white space; 0 for what is refused as no document."""
    try:
        return len(json.dumps(json.loads(document), separators=(",", ":"), ensure_ascii=False))
    except ValueError:
        return 0
