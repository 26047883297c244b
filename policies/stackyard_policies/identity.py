"""Rules about IAM documents and Kubernetes roles: wildcards, trust, cluster administrators."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from stackyard_policies.rule import Settings, Subject, resource_rule

IDENTITY_POLICIES = ("aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy")


def statements(text: str | Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return the statements of a document given as text or data; a single one becomes a list."""
    document = json.loads(text) if isinstance(text, str) else (text or {})
    listed = document.get("Statement", [])
    return listed if isinstance(listed, list) else [listed]


def listed(value: Any) -> list[str]:
    """Return an IAM element as a list; a single string becomes a list of one."""
    return [value] if isinstance(value, str) else list(value or [])


@resource_rule("iam-no-wildcard-action", *IDENTITY_POLICIES, fix="name the actions")
def no_wildcard_action(subject: Subject, settings: Settings) -> Iterator[str]:
    """No identity policy allows every action, of everything or of one service."""
    for statement in statements(subject.value("policy")):
        wild = [
            action
            for action in listed(statement.get("Action"))
            if action == "*" or action.endswith(":*")
        ]
        if statement.get("Effect") == "Allow" and wild:
            yield f"`{subject.name}` allows {', '.join(wild)} in `{statement.get('Sid', '?')}`"
        if statement.get("Effect") == "Allow" and "NotAction" in statement:
            yield f"`{subject.name}` allows by NotAction in `{statement.get('Sid', '?')}`"


@resource_rule("iam-pass-role-bounded", *IDENTITY_POLICIES, fix="name roles and the service")
def pass_role_bounded(subject: Subject, settings: Settings) -> Iterator[str]:
    """`iam:PassRole` names the roles and the service, so that it gives no other role's rights.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html.
    """
    for statement in statements(subject.value("policy")):
        if statement.get("Effect") != "Allow" or "iam:PassRole" not in listed(
            statement.get("Action")
        ):
            continue
        if "*" in listed(statement.get("Resource")):
            yield f"`{subject.name}` may pass every role"
        if "iam:PassedToService" not in str(statement.get("Condition", {})):
            yield f"`{subject.name}` may pass roles to any service"


@resource_rule("iam-trust-named", "aws:iam/role:Role", fix="name who may assume the role")
def trust_named(subject: Subject, settings: Settings) -> Iterator[str]:
    """No role trusts everyone."""
    for statement in statements(subject.value("assumeRolePolicy")):
        principal = statement.get("Principal")
        everyone = principal == "*" or (
            isinstance(principal, Mapping) and "*" in listed(principal.get("AWS"))
        )
        if statement.get("Effect") == "Allow" and everyone:
            yield f"role `{subject.name}` may be assumed by everyone"


@resource_rule(
    "iam-resource-policy-named",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:secretsmanager/secretPolicy:SecretPolicy",
    fix="name the principals",
)
def resource_policy_named(subject: Subject, settings: Settings) -> Iterator[str]:
    """No resource policy allows everyone without a condition."""
    for statement in statements(subject.value("policy")):
        principal = statement.get("Principal")
        everyone = principal in ("*", {"AWS": "*"})
        if statement.get("Effect") == "Allow" and everyone and not statement.get("Condition"):
            yield f"`{subject.name}` allows everyone in `{statement.get('Sid', '?')}`"


@resource_rule(
    "rbac-no-cluster-admin",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
    fix="bind a role that names verbs and resources",
)
def no_cluster_admin(subject: Subject, settings: Settings) -> Iterator[str]:
    """Nothing is bound to `cluster-admin`: administrators get EKS access entries."""
    if subject.value("roleRef.name") == "cluster-admin":
        yield f"`{subject.name}` binds cluster-admin"


@resource_rule(
    "rbac-no-wildcards",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
    "kubernetes:rbac.authorization.k8s.io/v1:Role",
    fix="name verbs and resources",
)
def no_rbac_wildcards(subject: Subject, settings: Settings) -> Iterator[str]:
    """No role has a wildcard, nor the verbs that grant more than the role has."""
    for rule in subject.value("rules", []):
        if "*" in [*rule.get("verbs", []), *rule.get("resources", []), *rule.get("apiGroups", [])]:
            yield f"`{subject.name}` has a wildcard"
        lending = {"bind", "escalate", "impersonate"} & set(rule.get("verbs", []))
        if lending:
            yield f"`{subject.name}` may {', '.join(sorted(lending))}"


RULES = (
    no_wildcard_action,
    pass_role_bounded,
    trust_named,
    resource_policy_named,
    no_cluster_admin,
    no_rbac_wildcards,
)
