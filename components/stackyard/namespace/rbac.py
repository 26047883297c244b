"""RBAC rules of each audience in the project's namespace.

An audience without rules (the labelling vendor, business) has no access to the cluster. Only the
delivery role changes served models, and nobody reads Secrets through the API. Rules name verbs and
resources: https://kubernetes.io/docs/reference/access-authn-authz/rbac/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Rule = dict[str, list[str]]

LOOK = ("get", "list", "watch")
CHANGE = ("create", "delete", "patch", "update")


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str]) -> Rule:
    return {"apiGroups": [group], "resources": sorted(resources), "verbs": sorted(verbs)}


OBSERVE: list[Rule] = [
    _rule("", ("configmaps", "events", "pods", "pods/log", "resourcequotas", "services"), LOOK),
    _rule("apps", ("deployments", "replicasets", "statefulsets"), LOOK),
    _rule("autoscaling", ("horizontalpodautoscalers",), LOOK),
    _rule("batch", ("cronjobs", "jobs"), LOOK),
]
"""Read workloads and their logs."""

RUN_JOBS: list[Rule] = [*OBSERVE, _rule("batch", ("jobs",), CHANGE)]
"""Start and stop training runs."""

RULES: Mapping[str, list[Rule]] = {
    "scientist": RUN_JOBS,
    "pipeline": RUN_JOBS,
    "developer": OBSERVE,
    "delivery": [*OBSERVE, _rule("apps", ("deployments",), ("create", "patch", "update"))],
    "auditor": [
        _rule("", ("events", "limitranges", "namespaces", "resourcequotas"), LOOK),
        _rule("", ("pods", "serviceaccounts", "services"), LOOK),
        _rule("apps", ("deployments", "replicasets", "statefulsets"), LOOK),
        _rule("batch", ("cronjobs", "jobs"), LOOK),
        _rule("networking.k8s.io", ("networkpolicies",), LOOK),
        _rule("rbac.authorization.k8s.io", ("rolebindings", "roles"), LOOK),
    ],
}
"""Rules by audience."""


def group(namespace: str, audience: str) -> str:
    """Return the Kubernetes group of an audience, which its EKS access entry assigns."""
    return f"stackyard:{namespace}:{audience}"
