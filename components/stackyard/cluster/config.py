"""Config of a stage's EKS cluster and of its nodes without GPUs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from stackyard.cluster import versions
from stackyard.cluster.addons import ADDONS, AddonName
from stackyard.config import Cidr, Config, Name
from stackyard.instances import is_accelerated, is_graviton
from stackyard.limits import eks
from stackyard.logs import LogDays
from stackyard.problem import Problem, above

PrincipalArn = Annotated[
    str, Field(pattern=r"^arn:aws(-us-gov|-cn)?:iam::\d{12}:(role|user)/[\w+=,.@/-]+$")
]
"""ARN of an IAM role (or, outside of production, a user)."""

InstanceType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$")]
"""An EC2 instance type, for example `m7i.large`."""


class NodePoolConfig(Config):
    """A pool of nodes without GPUs: its instance types and its size."""

    instance_types: Annotated[
        list[InstanceType], Field(min_length=1, max_length=eks.MOST_INSTANCE_TYPES)
    ] = ["m7i.large"]
    """EC2 types in order of preference, of one processor architecture."""

    min: Annotated[int, Field(ge=0, le=1000)] = 0
    """Minimum number of nodes."""

    max: Annotated[int, Field(ge=1, le=1000)] = 3
    """Maximum number of nodes; it limits what the pool can cost."""

    capacity: Literal["on-demand", "spot"] = "on-demand"
    """`spot` is cheaper; AWS can reclaim a spot node with two minutes' notice."""

    volume_gib: Annotated[int, Field(ge=20, le=16_384)] = 50
    """Size of each node's root volume in GiB; it holds images and pods' scratch space."""

    def problems(self) -> Iterator[Problem]:
        """Yield types that do not fit a pool of ordinary nodes, and a range that is empty."""
        for index, kind in enumerate(self.instance_types):
            if is_accelerated(kind):
                message = f"{kind} has accelerators"
                yield Problem(("instance_types", index), message, "declare it under `gpu_pools`")
        if len({is_graviton(kind) for kind in self.instance_types}) > 1:
            listed = ", ".join(self.instance_types)
            message = f"a pool needs one processor architecture (got {listed})"
            yield Problem(("instance_types",), message)
        yield from above("min", self.min, "max", self.max)


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

    addon_versions: dict[AddonName, str] = {}
    """Pinned add-on versions, for example `v1.20.1-eksbuild.1`; others use EKS's default."""

    system_nodes: NodePoolConfig = NodePoolConfig(min=2, max=4)
    """The pool for the cluster's own services, such as DNS."""

    node_pools: dict[Name, NodePoolConfig] = {}
    """Further pools, by name, for workloads without GPUs."""

    def problems(self) -> Iterator[Problem]:
        """Yield what EKS refuses, what opens the API too far, and what stops the cluster."""
        unsupported = versions.problem(self.version, extended_support=self.extended_support)
        if unsupported:
            yield Problem(("version",), *unsupported, related=(("extended_support",),))
        for index, cidr in enumerate(self.public_cidrs):
            if refused := eks.public_range_problem(cidr):
                yield Problem(("public_cidrs", index), *refused)
        if "system" in self.node_pools:
            message = "the pool `system` is declared by `system_nodes`"
            yield Problem(("node_pools", "system"), message, related=(("system_nodes",),))
        if self.system_nodes.min < 1:
            message = "`system_nodes.min` must be at least 1: DNS and the autoscaler run there"
            yield Problem(("system_nodes", "min"), message)

    def all_addons(self) -> list[AddonName]:
        """Return the add-ons of every cluster and those asked for, each once, in a fixed order."""
        always = {name for name, facts in ADDONS.items() if facts.always}
        return [name for name in ADDONS if name in always or name in self.addons]
