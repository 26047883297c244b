"""RBAC rules of Karpenter's controller in the cluster, as plain data.

Source: `charts/karpenter/templates` of the release; a test compares both.
"""

from __future__ import annotations

from dataclasses import dataclass

READ = ("get", "list", "watch")


@dataclass(frozen=True)
class Rule:
    """One rule of a Kubernetes role."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()


CLUSTER_RULES: tuple[Rule, ...] = (
    Rule(
        "karpenter.sh",
        (
            "nodeclaims",
            "nodeclaims/status",
            "nodeoverlays",
            "nodeoverlays/status",
            "nodepools",
            "nodepools/status",
        ),
        READ,
    ),
    Rule(
        "karpenter.sh",
        ("nodeclaims", "nodeclaims/status"),
        ("create", "delete", "patch", "update"),
    ),
    Rule(
        "karpenter.sh",
        ("nodeoverlays/status", "nodepools", "nodepools/status"),
        ("patch", "update"),
    ),
    Rule("karpenter.k8s.aws", ("ec2nodeclasses",), READ),
    Rule("karpenter.k8s.aws", ("ec2nodeclasses", "ec2nodeclasses/status"), ("patch", "update")),
    Rule(
        "",
        (
            "events",
            "namespaces",
            "nodes",
            "persistentvolumeclaims",
            "persistentvolumes",
            "pods",
            "replicationcontrollers",
        ),
        READ,
    ),
    Rule("", ("events",), ("create", "patch")),
    Rule("", ("nodes",), ("delete", "patch", "update")),
    Rule("", ("pods",), ("delete",)),
    Rule("", ("pods/eviction",), ("create",)),
    Rule("apps", ("daemonsets", "deployments", "replicasets", "statefulsets"), ("list", "watch")),
    Rule("policy", ("poddisruptionbudgets",), READ),
    Rule("storage.k8s.io", ("csinodes", "storageclasses", "volumeattachments"), READ),
)
"""In the whole cluster: what occupies nodes, nodes themselves, and its own kinds."""

NAMESPACE_RULES: tuple[Rule, ...] = (
    Rule("coordination.k8s.io", ("leases",), ("get", "watch")),
    Rule("coordination.k8s.io", ("leases",), ("create",)),
    Rule("coordination.k8s.io", ("leases",), ("patch", "update"), ("karpenter-leader-election",)),
)
"""In its own namespace: the lease of the leader."""

DNS_RULES: tuple[Rule, ...] = (Rule("", ("services",), ("get",), ("kube-dns",)),)
"""In `kube-system`: nodes are given the address of DNS."""
