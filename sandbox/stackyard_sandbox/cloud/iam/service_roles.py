"""Roles that services take: functions, state machines, rules, schedules; and what they may do.

As on AWS, the role's trust policy decides: a service that it does not name gets no credentials.
"""

import json
from collections.abc import Mapping

from botocore.credentials import Credentials
from moto.iam.access_control import IAMPolicy
from moto.iam.exceptions import NotFoundException
from moto.iam.models import Role, iam_backends
from moto.sts.models import sts_backends

from stackyard_sandbox.cloud.iam.policy_evaluation import Asked, Document, allowed, denied, granted
from stackyard_sandbox.cloud.iam.principals import PARTITION, settled
from stackyard_sandbox.state import ACCOUNT, REGION

SESSION_SECONDS = 3600


class UntrustedError(Exception):
    """A role does not exist, or does not trust the service."""


def credentials(role_arn: str, service: str, session: str, source_arn: str = "") -> Credentials:
    """Return a service's credentials for a role; raises UntrustedError.

    `source_arn` is the resource for which the service acts, such as a state machine.
    """
    role = _role(ACCOUNT, role_arn)
    if role is None:
        raise UntrustedError(f"no role {role_arn}")
    facts = {"aws:sourceaccount": ACCOUNT}
    if source_arn:
        facts["aws:sourcearn"] = source_arn
    if not trusts(ACCOUNT, role_arn, service, facts):
        raise UntrustedError(f"{role_arn} does not trust {service}")
    made = sts_backends[ACCOUNT][PARTITION].assume_role(
        region_name=REGION,
        role_session_name=session[:64],
        role_arn=role_arn,
        policy="",
        duration=SESSION_SECONDS,
        external_id="",
    )
    return Credentials(made.access_key_id, made.secret_access_key, made.session_token)


def trusts(
    account: str,
    role_arn: str,
    service: str,
    facts: Mapping[str, str],
    *,
    at_once: bool = False,
) -> bool:
    """Return whether a role exists and lets a service take it; `facts` are condition keys.

    A service that sees roles `at_once` does not wait until they have settled.
    """
    role = _role(account, role_arn)
    if role is None or not (at_once or settled(role.create_date)):
        return False
    trust = json.loads(role.assume_role_policy_document)
    asked = Asked("sts:AssumeRole", role_arn, frozenset({service}), account, facts)
    return not denied(asked, [trust]) and "named" in granted(asked, trust)


def names(account: str, role_arn: str, service: str, action: str) -> bool:
    """Return whether a role's trust policy lets a service act, under whatever condition."""
    role = _role(account, role_arn)
    trust = json.loads(role.assume_role_policy_document) if role else {}
    listed = trust.get("Statement", [])
    statements = [listed] if isinstance(listed, dict) else listed
    trust["Statement"] = [
        {key: value for key, value in statement.items() if key != "Condition"}
        for statement in statements
        if statement["Effect"] == "Allow"
    ]
    asked = Asked(action, role_arn, frozenset({service}), account, {})
    return "named" in granted(asked, trust)


def may(account: str, role_arn: str, action: str, resource: str) -> bool:
    """Return whether the policies and the boundary of a role allow an action."""
    role = _role(account, role_arn)
    if role is None:
        return False
    policies = [*role.policies.values(), *role.managed_policies.values()]
    own = [IAMPolicy(policy)._policy_json for policy in policies]
    asked = Asked(action, resource, frozenset({role_arn}), account, {})
    boundary: list[Document] = []
    within = True
    if role.permissions_boundary_arn:
        limit = iam_backends[account][PARTITION].managed_policies.get(role.permissions_boundary_arn)
        # A missing policy allows nothing.
        boundary = [IAMPolicy(limit)._policy_json] if limit else []
        within = allowed(asked, boundary)
    return within and allowed(asked, own) and not denied(asked, [*own, *boundary])


def _role(account: str, role_arn: str) -> Role | None:
    try:
        return iam_backends[account][PARTITION].get_role_by_arn(role_arn)
    except NotFoundException:
        return None
