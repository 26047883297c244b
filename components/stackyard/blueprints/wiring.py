"""Conversion of contracts and stack configs to the references that components take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol

from stackyard.contracts import DatabaseFacts, FoundationContract, GpuPoolFacts, ServicesContract
from stackyard.karpenter.objects import ControllerWiring, NodeWiring
from stackyard.monitoring.rules import METRICS_NAMESPACE
from stackyard.naming import StackId
from stackyard.onprem.config import TrainingJobConfig
from stackyard.onprem.job import manifest
from stackyard.references import (
    ClusterApiRef,
    DatabaseRef,
    GpuPoolRef,
    SecretCustodians,
    StackContext,
)
from stackyard.retention.config import RetentionConfig

if TYPE_CHECKING:
    import pulumi

    from stackyard.database.component import Database


class RetainingConfig(Protocol):
    """The config of a stack with data: its account, region and retention."""

    @property
    def account(self) -> str:
        """AWS account id (12 digits)."""

    @property
    def region(self) -> str:
        """AWS region."""

    @property
    def retention(self) -> RetentionConfig:
        """Retention by data class."""


def cluster_ref(foundation: FoundationContract) -> ClusterApiRef:
    """Return the reference to the stage's cluster and its API."""
    return ClusterApiRef(
        name=foundation.cluster_name,
        account=foundation.account,
        region=foundation.region,
        endpoint=foundation.cluster_endpoint,
        certificate_authority=foundation.cluster_ca,
        subnets=sorted(foundation.private_subnets.values()),
        security_group=foundation.cluster_security_group,
        vpc_id=foundation.vpc_id,
    )


def controller_wiring(foundation: FoundationContract, *, static: bool) -> ControllerWiring:
    """Return the facts about the stage's cluster that Karpenter's controller needs."""
    return ControllerWiring(
        cluster=cluster_ref(foundation),
        node_role_arn=foundation.node_role_arn,
        scraped_from=METRICS_NAMESPACE,
        isolated=foundation.isolated,
        static=static,
    )


def node_wiring(foundation: FoundationContract, tags: Mapping[str, str]) -> NodeWiring:
    """Return who the nodes of the stage are, and where they start."""
    return NodeWiring(
        instance_profile=foundation.node_instance_profile,
        subnet_ids=sorted(foundation.private_subnets.values()),
        security_group=foundation.cluster_security_group,
        tags=tags,
    )


def database_ref(facts: DatabaseFacts, foundation: FoundationContract) -> DatabaseRef:
    """Return the reference to the stage's PostgreSQL instance."""
    return DatabaseRef(
        host=facts.host,
        port=facts.port,
        cidr=foundation.vpc_cidr,
        admin_credentials=facts.admin_credentials,
        rotation_days=facts.rotation_days,
    )


def database_facts(database: Database, rotation_days: int) -> dict[str, object]:
    """Return the database's part of the foundation's contract, as `DatabaseFacts`."""
    return {
        "version": DatabaseFacts.VERSION,
        "host": database.host,
        "port": database.port,
        "admin_credentials": database.admin_credentials,
        "rotation_days": rotation_days,
    }


def custodians(foundation: FoundationContract) -> SecretCustodians:
    """Return the identities that manage the values of the stage's secrets."""
    return SecretCustodians(foundation.admin_arns, foundation.emergency_arns)


def pool_ref(facts: GpuPoolFacts) -> GpuPoolRef:
    """Return the reference to a GPU pool."""
    return GpuPoolRef(**facts.model_dump(exclude={"version"}))


def pool_facts(pool: GpuPoolRef) -> GpuPoolFacts:
    """Return a GPU pool in the form of contracts."""
    return GpuPoolFacts(version=GpuPoolFacts.VERSION, **asdict(pool))


def pool_refs(pools: Mapping[str, GpuPoolFacts]) -> dict[str, GpuPoolRef]:
    """Return the references to GPU pools, by pool."""
    return {name: pool_ref(facts) for name, facts in pools.items()}


def training_manifest(
    stack: StackId,
    name: str,
    job: TrainingJobConfig,
    *,
    services: ServicesContract,
    pool: GpuPoolFacts | None,
) -> str:
    """Return the manifest of a training job on a stage, as YAML; raises PlacementError."""
    return manifest(
        stack,
        name,
        job,
        registry=services.registry,
        queued=services.queueing is not None,
        pool=pool_ref(pool) if pool is not None else None,
    )


def stack_context(
    stack: StackId, config: RetainingConfig, key_arns: Mapping[str, pulumi.Input[str]]
) -> StackContext:
    """Return the values that all components of a stack share; `key_arns` is by purpose."""
    return StackContext(
        stack=stack,
        account=config.account,
        region=config.region,
        key_arns=key_arns,
        retention=config.retention,
    )
