"""Config of a stage's EKS cluster and of its system nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from stackyard.cluster import versions
from stackyard.cluster.addons import ADDONS, AddonName
from stackyard.config import Cidr, Config
from stackyard.instances import is_accelerated, is_graviton
from stackyard.limits import eks, instance_types, nodes
from stackyard.limits.nodes import KARPENTER_CPUS, KARPENTER_MIB
from stackyard.logs import LogDays
from stackyard.problem import Problem

PrincipalArn = Annotated[
    str, Field(pattern=r"^arn:aws(-us-gov|-cn)?:iam::[0-9]{12}:(role|user)/[A-Za-z0-9_+=,.@/-]+$")
]
"""ARN of an IAM role (or, outside of production, a user)."""

InstanceType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$")]
"""An EC2 instance type, for example `m7i.large`."""


AddonVersion = Annotated[str, Field(pattern=r"^v[0-9]+\.[0-9]+\.[0-9]+-eksbuild\.[0-9]+$")]
"""A version of an EKS add-on, for example `v1.20.1-eksbuild.1`. Source:
https://docs.aws.amazon.com/eks/latest/userguide/updating-an-add-on.html."""


class SystemNodesConfig(Config):
    """The nodes for the cluster's own services; Karpenter starts all other nodes."""

    instance_types: Annotated[
        list[InstanceType], Field(min_length=1, max_length=eks.MOST_INSTANCE_TYPES)
    ] = ["m7i.large"]
    """EC2 types in order of preference, of one processor architecture."""

    nodes: Annotated[int, Field(ge=2, le=20)] = 2
    """Number of nodes; Karpenter and DNS have two replicas, on different nodes."""

    volume_gib: Annotated[int, Field(ge=20, le=16_384)] = 50
    """Size of each node's root volume in GiB, for images and the scratch space of pods."""

    def problems(self) -> Iterator[Problem]:
        """Yield types that do not fit a node group for the cluster's own services."""
        for index, kind in enumerate(self.instance_types):
            if (unknown := instance_types.problem(kind, instance_types.EC2, "EC2")) is not None:
                yield Problem(("instance_types", index), *unknown)
            elif (lacking := _lacking(kind)) is not None:
                yield Problem(("instance_types", index), lacking, "choose a larger type")
            elif is_accelerated(kind):
                message = f"{kind} has accelerators"
                hint = "declare it under `gpu_pools` of the services stack"
                yield Problem(("instance_types", index), message, hint)
        if len({is_graviton(kind) for kind in self.instance_types}) > 1:
            listed = ", ".join(self.instance_types)
            message = f"a node group needs one processor architecture (got {listed})"
            yield Problem(("instance_types",), message)


def _lacking(kind: str) -> str | None:
    """Return the reason why Karpenter's pod does not fit on a system node; None if it fits."""
    if kind.endswith((".nano", ".micro")):
        return f"{kind} has at most 1 GiB, and Karpenter needs {KARPENTER_MIB}Mi"
    room = nodes.room(kind, gpu=False)
    if room is None or (room.cpus >= KARPENTER_CPUS and room.memory_mib >= KARPENTER_MIB):
        return None
    left = f"{room.cpus:.1f} cores and {room.memory}"
    return f"{kind} leaves a pod {left}, and Karpenter needs {KARPENTER_CPUS} and {KARPENTER_MIB}Mi"


class ClusterConfig(Config):
    """The EKS cluster of a stage."""

    version: str = "1.35"
    """Kubernetes version, `major.minor`; EKS upgrades one minor version at a time."""

    extended_support: bool = False
    """Allow a version after its standard support, at several times the price."""

    public_cidrs: Annotated[list[Cidr], Field(max_length=eks.MOST_PUBLIC_RANGES)] = []
    """IPv4 ranges that may reach the API from the internet; empty allows only the VPC."""

    audit_log_days: LogDays = 365
    """Retention of the control plane's logs in days, the audit log included."""

    addons: list[AddonName] = [
        "aws-ebs-csi-driver",
        "aws-efs-csi-driver",
        "aws-secrets-store-csi-driver-provider",
        "metrics-server",
    ]
    """EKS add-ons in addition to those that every cluster has."""

    addon_versions: dict[AddonName, AddonVersion] = {}
    """Pinned add-on versions, for example `v1.20.1-eksbuild.1`; others use EKS's default."""

    system_nodes: SystemNodesConfig = SystemNodesConfig()
    """The nodes for the cluster's own services, such as DNS and Karpenter."""

    def problems(self) -> Iterator[Problem]:
        """Yield settings that EKS refuses, that open the API too far, or that stop the cluster."""
        unsupported = versions.problem(self.version, extended_support=self.extended_support)
        if unsupported:
            yield Problem(("version",), *unsupported, related=(("extended_support",),))
        for index, cidr in enumerate(self.public_cidrs):
            if refused := eks.public_range_problem(cidr):
                yield Problem(("public_cidrs", index), *refused)

    def all_addons(self) -> list[AddonName]:
        """Return the add-ons of every cluster and the configured ones, in a fixed order."""
        always = {name for name, facts in ADDONS.items() if facts.always}
        return [name for name in ADDONS if name in always or name in self.addons]
