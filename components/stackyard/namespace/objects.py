"""The specifications of a namespace's objects as plain data: quota, limits, network policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stackyard.namespace.config import QuotaConfig

POD_IDENTITY_AGENT = "169.254.170.23/32"
"""Where pods get their AWS credentials, port 80. Source:
https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html."""

LINK_LOCAL = "169.254.0.0/16"
"""Metadata of the node and the like; no pod has business there."""

KUBE_SYSTEM = {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}


def pod_security_labels(version: str) -> dict[str, str]:
    """Return the labels that hold every pod to Pod Security's level "restricted"."""
    modes = ("enforce", "audit", "warn")
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in modes}
    return {**levels, **{f"{label}-version": version for label in levels}}


def quota(config: QuotaConfig, gpu_resources: Iterable[str]) -> dict[str, str]:
    """Return the hard limits of a quota; load balancers and node ports are not for projects.

    GPUs are bounded by requests, the only quota there is for extended resources:
    https://kubernetes.io/docs/concepts/policy/resource-quotas/.
    """
    return {
        "requests.cpu": str(config.cpu),
        "limits.cpu": str(config.cpu),
        "requests.memory": config.memory,
        "limits.memory": config.memory,
        **{f"requests.{resource}": str(config.gpus) for resource in sorted(gpu_resources)},
        "pods": str(config.pods),
        "requests.storage": config.storage,
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }


CONTAINER_LIMITS: Mapping[str, Any] = {
    "type": "Container",
    "default": {"cpu": "1", "memory": "1Gi"},
    "defaultRequest": {"cpu": "100m", "memory": "256Mi"},
}
"""What a container gets that asks for nothing; without it the quota would refuse the pod."""


def network_policies() -> dict[str, dict[str, Any]]:
    """Return the network policies by name: nothing in or out, but for what each other one allows.

    Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/.
    """
    everyone: dict[str, Any] = {"podSelector": {}}
    dns = [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]
    return {
        "default-deny": {**everyone, "policyTypes": ["Ingress", "Egress"]},
        "allow-namespace": {
            **everyone,
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [{"podSelector": {}}]}],
            "egress": [{"to": [{"podSelector": {}}]}],
        },
        "allow-dns": _egress([{"namespaceSelector": KUBE_SYSTEM}], dns),
        "allow-https": _egress(
            [{"ipBlock": {"cidr": "0.0.0.0/0", "except": [LINK_LOCAL]}}],
            [{"protocol": "TCP", "port": 443}],
        ),
        "allow-pod-identity": _egress(
            [{"ipBlock": {"cidr": POD_IDENTITY_AGENT}}], [{"protocol": "TCP", "port": 80}]
        ),
    }


def _egress(to: list[dict[str, Any]], ports: list[dict[str, Any]]) -> dict[str, Any]:
    return {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": to, "ports": ports}]}
