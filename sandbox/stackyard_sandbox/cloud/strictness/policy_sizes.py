"""IAM's limits on the size and number of a role's policies; moto reports them and enforces none.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, "IAM doesn't
count white space". The values are the quotas of a new account, as `GetAccountSummary` reports them.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from moto.iam.exceptions import LimitExceededException
from moto.iam.models import IAMBackend

TRUST = 2_048
INLINE = 10_240
MANAGED = 6_144
ATTACHED = 10

Method = Callable[..., Any]

_put = IAMBackend.put_role_policy
_attach = IAMBackend.attach_role_policy


def install() -> None:
    """Refuse policies that are too large, and too many of them."""
    for name, field in (
        ("create_role", "assume_role_policy_document"),
        ("update_assume_role_policy", "policy_document"),
    ):
        setattr(IAMBackend, name, _bounded(name, field, TRUST, "ACLSizePerRole"))
    for name in ("create_policy", "create_policy_version"):
        setattr(IAMBackend, name, _bounded(name, "policy_document", MANAGED, "PolicySize"))
    setattr(IAMBackend, _put.__name__, _putting)
    setattr(IAMBackend, _attach.__name__, _attaching)


def _bounded(name: str, field: str, most: int, quota: str) -> Method:
    """Return a method of the backend that first measures one of its documents."""
    method: Method = getattr(IAMBackend, name)
    parameters = inspect.signature(method)

    @wraps(method)
    def measured(*given: Any, **named: Any) -> Any:
        if _size(parameters.bind(*given, **named).arguments[field]) > most:
            raise LimitExceededException(f"Cannot exceed quota for {quota}: {most}")
        return method(*given, **named)

    return measured


def _putting(self: IAMBackend, role_name: str, policy_name: str, policy_json: str) -> None:
    others = self.get_role(role_name).policies
    sizes = [_size(text) for name, text in others.items() if name != policy_name]
    if sum(sizes) + _size(policy_json) > INLINE:
        raise LimitExceededException(
            f"Maximum policy size of {INLINE} bytes exceeded for role {role_name}"
        )
    _put(self, role_name, policy_name, policy_json)


def _attaching(self: IAMBackend, policy_arn: str, role_name: str) -> None:
    others = self.get_role(role_name).managed_policies.keys() - {policy_arn}
    if len(others) >= ATTACHED:
        raise LimitExceededException(f"Cannot exceed quota for PoliciesPerRole: {ATTACHED}")
    _attach(self, policy_arn, role_name)


def _size(document: str) -> int:
    """Return the size of a document without white space; 0 for what is refused as no document."""
    try:
        return len(json.dumps(json.loads(document), separators=(",", ":"), ensure_ascii=False))
    except ValueError:
        return 0
