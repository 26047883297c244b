"""Converts EKS access policies to RBAC objects of a control plane.

EKS evaluates them in its own authorizer. Here each associated policy becomes a binding of a group
that the token review adds to the principal's own groups.
"""

import fnmatch
import hashlib
from dataclasses import dataclass
from typing import Any

from stackyard_sandbox.control_plane.api import Api

POLICIES = {
    f"arn:aws:eks::aws:cluster-access-policy/{policy}": role
    for policy, role in {
        "AmazonEKSClusterAdminPolicy": "cluster-admin",
        "AmazonEKSAdminPolicy": "admin",
        "AmazonEKSEditPolicy": "edit",
        "AmazonEKSViewPolicy": "view",
    }.items()
}
"""ClusterRole by policy. AWS derives these policies from the roles, with small differences
(docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html)."""

CLUSTER_ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

_LABEL = "eks.amazonaws.com/component"
_OURS = "sandbox-access-policy"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"

Policies = dict[str, dict[str, dict[str, Any]]]
"""Associated policies by policy, by principal."""


@dataclass(frozen=True)
class Binding:
    """One role binding; for the whole cluster if it has no namespace."""

    principal: str
    role: str
    namespace: str | None = None

    @property
    def name(self) -> str:
        """Return a stable name."""
        digest = hashlib.sha256(self.principal.encode()).hexdigest()[:16]
        return f"eks-access-policy-{self.role}-{digest}"

    @property
    def collection(self) -> str:
        """Return the API path of its kind."""
        if self.namespace is None:
            return f"{_RBAC}/clusterrolebindings"
        return f"{_RBAC}/namespaces/{self.namespace}/rolebindings"

    def manifest(self) -> dict[str, Any]:
        """Return its manifest."""
        kind = "ClusterRoleBinding" if self.namespace is None else "RoleBinding"
        group = "rbac.authorization.k8s.io"
        return {
            "apiVersion": f"{group}/v1",
            "kind": kind,
            "metadata": {"name": self.name, "labels": {_LABEL: _OURS}},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": self.role},
            "subjects": [{"apiGroup": group, "kind": "Group", "name": group_of(self.principal)}],
        }


def group_of(principal: str) -> str:
    """Return the group with the policies of a principal."""
    return f"eks-access-policies:{principal}"


def bindings(policies: Policies, namespaces: list[str]) -> set[Binding]:
    """Return the bindings for the policies in a cluster with these namespaces.

    A scope may contain namespaces that do not exist yet, and patterns such as `dev-*`.
    """
    wanted: set[Binding] = set()
    for principal, associated in policies.items():
        for policy, association in associated.items():
            role, scope = POLICIES[policy], association["accessScope"]
            if scope["type"] == "cluster":
                wanted.add(Binding(principal, role))
                continue
            wanted |= {
                Binding(principal, role, namespace)
                for namespace in namespaces
                if any(fnmatch.fnmatchcase(namespace, each) for each in scope["namespaces"])
            }
    return wanted


def namespaced(policies: Policies) -> bool:
    """Return whether any policy depends on the existing namespaces."""
    return any(
        association["accessScope"]["type"] == "namespace"
        for associated in policies.values()
        for association in associated.values()
    )


def reconcile(api: Api, policies: Policies) -> None:
    """Create and delete role bindings until the control plane has those of the policies."""
    namespaces = [
        item["metadata"]["name"]
        for item in api.get("/api/v1/namespaces")["items"]
        if item["status"].get("phase") != "Terminating"
    ]
    wanted = {f"{each.collection}/{each.name}": each for each in bindings(policies, namespaces)}
    present = _present(api)
    for path in present - wanted.keys():
        api.delete(path)
    for path in wanted.keys() - present:
        api.apply(path, wanted[path].manifest())


def _present(api: Api) -> set[str]:
    result = set()
    for kind in ("clusterrolebindings", "rolebindings"):
        for item in api.get(f"{_RBAC}/{kind}?labelSelector={_LABEL}%3D{_OURS}")["items"]:
            metadata = item["metadata"]
            namespace = metadata.get("namespace")
            inside = f"/namespaces/{namespace}" if namespace else ""
            result.add(f"{_RBAC}{inside}/{kind}/{metadata['name']}")
    return result
