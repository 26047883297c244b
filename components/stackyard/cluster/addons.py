"""The EKS add-ons: the ones that every cluster has, their AWS policies and their settings.

Source: https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

AddonName = Literal[
    "vpc-cni",
    "kube-proxy",
    "eks-pod-identity-agent",
    "coredns",
    "eks-node-monitoring-agent",
    "aws-ebs-csi-driver",
    "aws-efs-csi-driver",
    "aws-secrets-store-csi-driver-provider",
    "metrics-server",
]
"""Name of an add-on in the EKS API."""


EVERY_TAINT = [{"operator": "Exists"}]
"""Tolerations of pods that have to run on every node, GPU nodes included."""


@dataclass(frozen=True)
class AddonFacts:
    """What Stackyard knows of one add-on."""

    always: bool = False
    """Whether every cluster has it."""
    before_nodes: bool = False
    """Whether nodes need it to become ready; other add-ons need nodes to become active."""
    service_account: str | None = None
    """Service account in `kube-system` that assumes the add-on's role; None if it needs none."""
    managed_policy: str | None = None
    """Path and name of the AWS managed policy of that role."""
    mounting_account: str | None = None
    """Service account of the pods that mount file systems, whose policies name its role."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Configuration values."""

    @property
    def configuration(self) -> str | None:
        """The settings in the format of the EKS API."""
        return json.dumps(self.settings, sort_keys=True) if self.settings else None


ADDONS: dict[AddonName, AddonFacts] = {
    # Without enableNetworkPolicy the API server accepts NetworkPolicy objects and nothing enforces
    # them: https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html.
    "vpc-cni": AddonFacts(
        always=True,
        before_nodes=True,
        service_account="aws-node",
        managed_policy="AmazonEKS_CNI_Policy",
        settings={"enableNetworkPolicy": "true"},
    ),
    "kube-proxy": AddonFacts(always=True, before_nodes=True),
    "eks-pod-identity-agent": AddonFacts(always=True, before_nodes=True),
    "coredns": AddonFacts(always=True),
    # It reports failed GPUs, and EKS and Karpenter then replace the node. Its part for GPUs
    # tolerates no taint by default:
    # https://docs.aws.amazon.com/eks/latest/userguide/node-monitoring-agent-configure.html.
    "eks-node-monitoring-agent": AddonFacts(
        always=True, settings={"dcgmAgent": {"tolerations": EVERY_TAINT}}
    ),
    "aws-ebs-csi-driver": AddonFacts(
        service_account="ebs-csi-controller-sa",
        managed_policy="service-role/AmazonEBSCSIDriverPolicy",
    ),
    "aws-efs-csi-driver": AddonFacts(
        service_account="efs-csi-controller-sa",
        managed_policy="service-role/AmazonEFSCSIDriverPolicy",
        mounting_account="efs-csi-node-sa",
    ),
    # On a node without it, pods with mounted secrets never start; its chart tolerates no taint:
    # https://github.com/aws/secrets-store-csi-driver-provider-aws/issues/267.
    "aws-secrets-store-csi-driver-provider": AddonFacts(settings={"tolerations": EVERY_TAINT}),
    "metrics-server": AddonFacts(),
}
"""The add-ons in the order in which they are made."""
