"""The `foundation` program; it calls AWS only, so a preview needs no reachable cluster."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from stackyard import contracts, tags
from stackyard.blueprints.foundation.config import FoundationConfig
from stackyard.blueprints.providers import aws_provider, run_settings
from stackyard.blueprints.wiring import database_facts, stack_context
from stackyard.cluster.component import Cluster
from stackyard.contracts import FoundationContract
from stackyard.database.component import Database
from stackyard.images.component import BaseImages
from stackyard.monitoring.audit import AuditTrail
from stackyard.naming import StackId
from stackyard.network.component import Network
from stackyard.references import StackContext, VpcRef
from stackyard.run_settings import ComponentOptions
from stackyard.vault.break_glass import BreakGlass, break_glass_arn
from stackyard.vault.component import Vault
from stackyard.vault.mounts import ADDON


class Foundation:
    """Creates the keys first, then the network, then the cluster."""

    def __init__(
        self, stack: StackId, config: FoundationConfig, upstreams: Mapping[str, StackId]
    ) -> None:
        """`upstreams` is empty: a foundation reads no contract."""
        self.stack, self.config, self.upstreams = stack, config, upstreams

    def __call__(self) -> None:
        """Declare the stack's resources and publish its contract."""
        config = self.config
        opts = ComponentOptions(run_settings(config), providers=[aws_provider(self.stack, config)])

        vault = Vault(
            "vault",
            config.vault,
            stage=self.stack.stage,
            account=config.account,
            region=config.region,
            admins=config.admins,
            opts=opts,
        )
        context = stack_context(self.stack, config, vault.key_arns)
        emergency = self._make_break_glass(context, opts)
        AuditTrail(
            "audit",
            config.retention.logs,
            context=context,
            emergency_roles=[*config.admins, *emergency],
            owner=config.owner,
            monthly_limit=config.budget.monthly_limit if config.budget else None,
            opts=opts,
        )
        network = Network(
            "network",
            config.network,
            prefix=self.stack.slug,
            account=config.account,
            region=config.region,
            logs_key_arn=vault.key_arns["logs"],
            opts=opts,
        )
        cluster = Cluster(
            "cluster",
            config.cluster,
            context=context,
            subnets=network.private_subnets,
            administrators=[*config.admins, *config.operators],
            previewers=config.previewers,
            node_tags=tags.stack_tags(self.stack, config.owner, config.tags),
            opts=opts,
        )
        database = self._make_database(context, network, cluster, opts)
        bases = self._make_base_images(context, opts)
        self._publish(vault, network, cluster, database, bases, emergency)

    def _make_break_glass(self, context: StackContext, opts: pulumi.ResourceOptions) -> list[str]:
        """Create the role if it has users; return its ARN."""
        if not self.config.vault.break_glass:
            return []
        BreakGlass("break-glass", self.config.vault, context=context, opts=opts)
        return [break_glass_arn(self.stack, self.config.location)]

    def _make_database(
        self,
        context: StackContext,
        network: Network,
        cluster: Cluster,
        opts: pulumi.ResourceOptions,
    ) -> Database | None:
        if self.config.database is None:
            return None
        return Database(
            "database",
            self.config.database,
            context=context,
            network=VpcRef(network.vpc_id, network.private_subnets),
            clients=cluster.security_group,
            opts=opts,
        )

    def _make_base_images(
        self, context: StackContext, opts: pulumi.ResourceOptions
    ) -> BaseImages | None:
        if self.config.base_images is None:
            return None
        return BaseImages("base-images", self.config.base_images, context=context, opts=opts)

    def _publish(
        self,
        vault: Vault,
        network: Network,
        cluster: Cluster,
        database: Database | None,
        bases: BaseImages | None,
        emergency: list[str],
    ) -> None:
        contracts.publish(
            {
                "version": FoundationContract.VERSION,
                "stage": self.stack.stage,
                "account": self.config.account,
                "region": self.config.region,
                "vpc_id": network.vpc_id,
                "vpc_cidr": network.vpc_cidr,
                "private_subnets": network.private_subnets,
                "cluster_name": cluster.cluster_name,
                "cluster_endpoint": cluster.endpoint,
                "cluster_ca": cluster.certificate_authority,
                "cluster_security_group": cluster.security_group,
                "key_arns": vault.key_arns,
                "mounts_secrets": ADDON in self.config.cluster.addons,
                "admin_arns": self.config.admins,
                "break_glass_arn": emergency[0] if emergency else None,
                "kubernetes_version": self.config.cluster.version,
                "node_role_arn": cluster.node_role_arn,
                "node_instance_profile": cluster.node_instance_profile,
                "isolated": self.config.network.nat == "none",
                "database": self._database_facts(database),
                "base_images": bases.images if bases else {},
            }
        )

    def _database_facts(self, database: Database | None) -> dict[str, object] | None:
        if database is None or self.config.database is None:
            return None
        return database_facts(database, self.config.database.rotation_days)
