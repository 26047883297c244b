"""Bootstrap steps for the pipelines' sign-in: OIDC identity provider, policies, roles."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from stackyard_cli.bootstrap import trust
from stackyard_cli.bootstrap.context import OURS, AccountContext
from stackyard_cli.bootstrap.steps import Clients, Status, Step, compared, or_none
from stackyard_cli.ci.hosts import GitHostName


def provider_step(clients: Clients, context: AccountContext, host: GitHostName) -> Step:
    """Return the step for the OIDC provider, with which jobs assume roles without access keys."""
    client = clients("iam")
    issuer = trust.ISSUERS[host]
    arn = f"arn:{context.partition}:iam::{context.account}:oidc-provider/{issuer}"

    def look() -> Status:
        provider = or_none(
            lambda: client.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        )
        if provider is None:
            return "missing"
        return "ok" if trust.AUDIENCE in provider["ClientIDList"] else "different"

    def make() -> None:
        if look() == "different":
            client.add_client_id_to_open_id_connect_provider(
                OpenIDConnectProviderArn=arn, ClientID=trust.AUDIENCE
            )
            return
        client.create_open_id_connect_provider(
            Url=f"https://{issuer}", ClientIDList=[trust.AUDIENCE], Tags=_tags()
        )

    return Step("identity provider", issuer, look, make)


def policy_step(clients: Clients, context: AccountContext, name: str, text: str) -> Step:
    """Return the step for a managed policy."""
    client = clients("iam")
    arn = policy_arn(context, name)

    def current() -> Any:
        version = client.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        default = client.get_policy_version(PolicyArn=arn, VersionId=version)
        return default["PolicyVersion"]["Document"]

    look = compared(current, json.loads(text))

    def make() -> None:
        if look() == "missing":
            client.create_policy(PolicyName=name, PolicyDocument=text, Tags=_tags())
            return
        versions = client.list_policy_versions(PolicyArn=arn)["Versions"]
        former = [each for each in versions if not each["IsDefaultVersion"]]
        if len(versions) >= POLICY_VERSIONS:
            oldest = min(former, key=lambda each: each["CreateDate"])
            client.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        client.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)

    return Step("policy", name, look, make)


POLICY_VERSIONS = 5
"""Maximum number of versions of a managed policy; the oldest is deleted before a new one."""


def policy_arn(context: AccountContext, name: str) -> str:
    """Return the ARN of a managed policy of the account."""
    return f"arn:{context.partition}:iam::{context.account}:policy/{name}"


@dataclass(frozen=True)
class RoleSpec:
    """The expected settings of a role."""

    name: str
    trust: dict[str, Any]
    attached: list[str]
    """ARNs of its managed policies."""

    boundary: str | None
    session_seconds: int
    """Maximum session in seconds; a job must not run longer than its credentials are valid."""


def role_step(clients: Clients, spec: RoleSpec) -> Step:
    """Return the step for a role: its trust, its policies, its boundary and its sessions."""
    client, name = clients("iam"), spec.name

    def look() -> Status:
        role = or_none(lambda: client.get_role(RoleName=name)["Role"])
        if role is None:
            return "missing"
        bounds = (role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
        current = (role["AssumeRolePolicyDocument"], bounds, role["MaxSessionDuration"])
        same = current == (spec.trust, spec.boundary, spec.session_seconds)
        same = same and _attached(client, name) == set(spec.attached)
        return "ok" if same and not _inline(client, name) else "different"

    def make() -> None:
        limit = {"PermissionsBoundary": spec.boundary} if spec.boundary else {}
        _make_role(client, spec, limit)
        for extra in _inline(client, name):
            client.delete_role_policy(RoleName=name, PolicyName=extra)
        present = _attached(client, name)
        for arn in sorted(set(spec.attached) - present):
            client.attach_role_policy(RoleName=name, PolicyArn=arn)
        for arn in sorted(present - set(spec.attached)):
            client.detach_role_policy(RoleName=name, PolicyArn=arn)

    return Step("role", name, look, make)


def _make_role(client: Any, spec: RoleSpec, limit: dict[str, str]) -> None:
    """Create the role, or correct the existing one."""
    name, text = spec.name, json.dumps(spec.trust)
    session = {"MaxSessionDuration": spec.session_seconds}
    if or_none(lambda: client.get_role(RoleName=name)) is None:
        client.create_role(
            RoleName=name, AssumeRolePolicyDocument=text, Tags=_tags(), **session, **limit
        )
        return
    client.update_assume_role_policy(RoleName=name, PolicyDocument=text)
    client.update_role(RoleName=name, **session)
    if limit:
        client.put_role_permissions_boundary(RoleName=name, **limit)


def _attached(client: Any, name: str) -> set[str]:
    policies = client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    return {each["PolicyArn"] for each in policies}


def _inline(client: Any, name: str) -> list[str]:
    """Return the role's inline policies; the bootstrap itself only attaches managed ones."""
    names: list[str] = client.list_role_policies(RoleName=name)["PolicyNames"]
    return names


def _tags() -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in OURS.items()]
