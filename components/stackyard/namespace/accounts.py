"""Which service accounts an audience may start pods as: RBAC does not ask, so admission does.

Whoever may create a Job may name any service account of the namespace in it, and with it the AWS
role that pods of that account get: a scientist could read models as their keeper. The API server
itself refuses that by a ValidatingAdmissionPolicy:
https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stackyard.namespace.rbac import group

MAY_RUN_AS: Mapping[str, Sequence[str]] = {
    "scientist": ("trainer",),
    "pipeline": ("trainer", "pipeline"),
    "delivery": ("server",),
}
"""Service accounts by audience; `default` has no rights and is open to all who may start pods."""

WORKLOADS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("apps", ("daemonsets", "deployments", "replicasets", "statefulsets")),
    ("batch", ("jobs",)),
)
"""What holds a pod template at `spec.template`, by API group."""


def policy(namespace: str, audiences: Iterable[str]) -> dict[str, Any]:
    """Return the policy's specification; who has no audience's rights is not asked."""
    return {
        "failure_policy": "Fail",
        "match_constraints": {
            "namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": namespace}},
            "resource_rules": [
                {
                    "api_groups": [api_group],
                    "api_versions": ["v1"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": list(resources),
                }
                for api_group, resources in WORKLOADS
            ],
        },
        "variables": [
            {
                "name": "account",
                "expression": "object.spec.template.spec.?serviceAccountName.orValue('default')",
            }
        ],
        "validations": [_validation(audience, namespace) for audience in sorted(audiences)],
    }


def allowed(audience: str) -> list[str]:
    """Return the service accounts that an audience may start pods as."""
    return sorted({"default", *MAY_RUN_AS.get(audience, ())})


def _validation(audience: str, namespace: str) -> dict[str, Any]:
    """Bind an audience, and pods that have its rights: those of the account named like it."""
    members = group(namespace, audience)
    pods = f"system:serviceaccount:{namespace}:{audience}"
    return {
        "expression": f"!('{members}' in request.userInfo.groups || "
        f"request.userInfo.username == '{pods}') || variables.account in {allowed(audience)}",
        "message_expression": f"'{audience} may start pods as {', '.join(allowed(audience))}, "
        "not as ' + variables.account",
        "reason": "Forbidden",
    }
