"""What a person may write about the cluster of a stage and its ordinary nodes."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from stackyard.cluster import versions
from stackyard.cluster.addons import ADDONS, AddonName
from stackyard.config import Cidr, Config, Name
from stackyard.instances import is_accelerated, is_graviton
from stackyard.logs import LogDays

PrincipalArn = Annotated[str, Field(pattern=r"^arn:aws:iam::\d{12}:(role|user)/[\w+=,.@/-]+$")]
"""ARN of an IAM role (or, outside of production, a user)."""

InstanceType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$")]
"""An EC2 instance type, for example `m7i.large`."""

NARROWEST_PUBLIC_PREFIX = 8
"""A public CIDR wider than this would be most of the internet, whatever its spelling."""


class NodePoolConfig(Config):
    """A pool of ordinary nodes: its machines, and how far it may grow."""

    instance_types: Annotated[list[InstanceType], Field(min_length=1)] = ["m7i.large"]
    """EC2 types in order of preference, of one processor architecture."""

    min: Annotated[int, Field(ge=0, le=1000)] = 0
    """Nodes at least."""

    max: Annotated[int, Field(ge=1, le=1000)] = 3
    """Nodes at most: the cap on what the pool can cost."""

    capacity: Literal["on-demand", "spot"] = "on-demand"
    """`spot` is cheaper, and AWS may take a node back with two minutes' notice."""

    volume_gib: Annotated[int, Field(ge=20, le=16_384)] = 50
    """Root volume of each node in GiB; images and pods' scratch space lie there."""

    @field_validator("instance_types")
    @classmethod
    def _ordinary_and_alike(cls, value: list[str]) -> list[str]:
        accelerated = [kind for kind in value if is_accelerated(kind)]
        if accelerated:
            raise ValueError(f"{accelerated[0]} has accelerators: declare it under `gpu_pools`")
        if len({is_graviton(kind) for kind in value}) > 1:
            raise ValueError(f"one architecture for each pool (got {', '.join(value)})")
        return value

    @model_validator(mode="after")
    def _grows_upward(self) -> NodePoolConfig:
        if self.min > self.max:
            raise ValueError(f"`min` ({self.min}) is above `max` ({self.max})")
        return self


class ClusterConfig(Config):
    """The EKS cluster of a stage."""

    version: str = "1.35"
    """Kubernetes version, `major.minor`; EKS upgrades one minor version at a time."""

    extended_support: bool = False
    """Stay on a version past its standard support, at several times the price."""

    public_cidrs: list[Cidr] = []
    """Ranges that may reach the API from the internet; empty means only the VPC may."""

    audit_log_days: LogDays = 365
    """Days that the control plane's logs, the audit log among them, are kept."""

    addons: list[AddonName] = [
        "aws-ebs-csi-driver",
        "aws-efs-csi-driver",
        "aws-secrets-store-csi-driver-provider",
        "metrics-server",
    ]
    """Add-ons beside those that every cluster here has."""

    addon_versions: dict[AddonName, str] = {}
    """Pinned add-on versions, for example `v1.20.1-eksbuild.1`; others take EKS's default."""

    system_nodes: NodePoolConfig = NodePoolConfig(min=2, max=4)
    """The pool that runs what the cluster itself needs."""

    node_pools: dict[Name, NodePoolConfig] = {}
    """Further pools for ordinary workloads."""

    @model_validator(mode="after")
    def _version_is_supported(self) -> ClusterConfig:
        versions.check(self.version, extended_support=self.extended_support)
        return self

    @field_validator("public_cidrs")
    @classmethod
    def _not_the_whole_internet(cls, value: list[str]) -> list[str]:
        for cidr in value:
            if IPv4Network(cidr).prefixlen < NARROWEST_PUBLIC_PREFIX:
                raise ValueError(f"{cidr} is most of the internet: name your own ranges")
        return value

    @field_validator("node_pools")
    @classmethod
    def _system_is_taken(cls, value: dict[str, NodePoolConfig]) -> dict[str, NodePoolConfig]:
        if "system" in value:
            raise ValueError("the pool `system` is declared by `system_nodes`")
        return value

    @model_validator(mode="after")
    def _system_nodes_stay(self) -> ClusterConfig:
        if self.system_nodes.min < 1:
            raise ValueError(
                "`system_nodes.min` must be at least 1: DNS and the autoscaler run there"
            )
        return self

    def all_addons(self) -> list[AddonName]:
        """Return the add-ons of every cluster and those asked for, each once, in a fixed order."""
        always = {name for name, facts in ADDONS.items() if facts.always}
        return [name for name in ADDONS if name in always or name in self.addons]
