"""What a stack file of the `foundation` blueprint may say."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from stackyard.blueprints.config import StackConfig
from stackyard.cluster.config import ClusterConfig, PrincipalArn
from stackyard.config import Name
from stackyard.database.config import DatabaseConfig
from stackyard.gpu.config import GpuPoolConfig
from stackyard.images.config import BaseImagesConfig
from stackyard.network.config import NetworkConfig
from stackyard.retention.config import RetentionConfig
from stackyard.vault.config import VaultConfig


class FoundationConfig(StackConfig):
    """The ground that one stage stands on: network, keys, cluster, node pools."""

    admins: Annotated[list[PrincipalArn], Field(min_length=1)]
    """Roles of the people who may do everything in an emergency: keys, secrets, cluster."""

    operators: Annotated[list[PrincipalArn], Field(min_length=1)]
    """Identities that apply stacks; they enter the cluster, and cannot read secrets."""

    network: NetworkConfig = NetworkConfig()
    """The VPC."""

    vault: VaultConfig = VaultConfig()
    """The KMS keys."""

    cluster: ClusterConfig = ClusterConfig()
    """The EKS cluster and its ordinary nodes."""

    gpu_pools: dict[Name, GpuPoolConfig] = {}
    """Pools of GPU nodes by name."""

    database: DatabaseConfig | None = None
    """The PostgreSQL instance that tracking and tuning need; none if it is left out."""

    base_images: BaseImagesConfig | None = None
    """The base images that projects build on; none if it is left out."""

    retention: RetentionConfig = RetentionConfig()
    """How long each class of data lives; a foundation has logs and backups."""

    @model_validator(mode="after")
    def _principals_are_of_the_account(self) -> FoundationConfig:
        """EKS takes access entries only for principals of the cluster's own account."""
        for arn in (*self.admins, *self.operators):
            if arn.split(":")[4] != self.account:
                raise ValueError(f"{arn} is not of account {self.account}")
        return self

    @model_validator(mode="after")
    def _zones_are_of_the_region(self) -> FoundationConfig:
        zones = self.network.zones
        for zone in zones if isinstance(zones, list) else ():
            if not zone.startswith(self.region):
                raise ValueError(f"zone {zone} is not in {self.region}")
        return self

    @model_validator(mode="after")
    def _pool_names_are_unique(self) -> FoundationConfig:
        twice = {"system", *self.cluster.node_pools} & set(self.gpu_pools)
        if twice:
            raise ValueError(f"`{min(twice)}` names a GPU pool and an ordinary pool")
        return self
