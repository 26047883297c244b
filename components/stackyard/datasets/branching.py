"""The lakeFS server of a project: branches and commits over its datasets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from stackyard import iam, kubernetes
from stackyard._component import Component
from stackyard.cluster.identity import project_identity
from stackyard.container import Size
from stackyard.database import documents
from stackyard.database.project import ProjectDatabase
from stackyard.datasets import lakefs
from stackyard.datasets.config import LakefsConfig
from stackyard.references import DatabaseAccess, PodPlacement, StackContext
from stackyard.vault.secret_policies import secret_policy
from stackyard.workload import Workload, http_probes

PREPARE = f"{lakefs.NAME}-prepare"
"""ConfigMap with the program that runs before the server."""


class BranchServer(Component):
    """lakeFS over directories of the datasets' buckets; its metadata is in the stage's database.

    Clients sign in with keys that lakeFS issues; network policies decide which clients can connect.
    """

    TYPE: ClassVar[str] = "stackyard:index:BranchServer"

    def __init__(
        self,
        name: str,
        config: LakefsConfig,
        *,
        context: StackContext,
        pods: PodPlacement,
        database: DatabaseAccess,
        buckets: Sequence[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the stack, the placement of pods, the PostgreSQL instance, and bucket names."""
        super().__init__(name, config, opts=opts)
        self._config, self._context, self._namespace = config, context, pods.namespace
        self._database = database
        self._identity = project_identity(
            self,
            context,
            pods.cluster,
            lakefs.NAME,
            pulumi.Output.all(**context.key_arns).apply(
                lambda keys: lakefs.server_policy(context.stack, buckets, context.location, keys)
            ),
        )
        own = ProjectDatabase(
            self.named("database"),
            context=context,
            cluster=pods.cluster,
            access=database,
            purpose="lakefs",
            readers={lakefs.NAME: self._identity.role_arn},
            server_namespace=pods.namespace,
            opts=self.child(),
        )
        self._prepare = self._preparation(own, self._make_key())
        self._serve = Workload(
            context.stack, lakefs.NAME, f"{pods.registry}/{config.image}", memory=lakefs.MEMORY
        )
        self._make_deployment()
        self._make_service()
        self._allow_egress()
        self.publish()

    def _preparation(self, database: ProjectDatabase, key: pulumi.Output[str]) -> Workload:
        """Return the program that writes the server's secret configuration before it starts."""
        stack = self._context.stack
        return Workload(
            stack,
            lakefs.NAME,
            self._database.setup_image,
            files={lakefs.PREPARE_PATH: self._make_program()},
            needs_role=True,
            variables={
                **documents.connection_variables(self._database.instance, stack, "lakefs"),
                "DATABASE_CREDENTIALS": database.ready,
                "LAKEFS_KEY": key,
            },
            memory=lakefs.MEMORY,
        )

    def _make_key(self) -> pulumi.Output[str]:
        """Create the secret for the encryption key; the first pod generates the key."""
        secret = aws.secretsmanager.Secret(
            self.named("key"),
            name=lakefs.key_name(self._context.stack),
            description="Key that lakeFS encrypts its users' keys with",
            kms_key_id=self._context.key_arns["secrets"],
            recovery_window_in_days=self._database.recovery_days,
            opts=self.child(),
        )
        custodians = self._database.custodians
        policy = self._identity.role_arn.apply(
            lambda arn: iam.text(
                secret_policy(
                    readers=[arn],
                    writers=[arn, *custodians.admins],
                    emergency=custodians.emergency,
                )
            )
        )
        guard = aws.secretsmanager.SecretPolicy(
            self.named("key-policy"),
            secret_arn=secret.arn,
            policy=policy,
            block_public_policy=True,
            opts=self.child(),
        )
        return guard.secret_arn

    def _make_program(self) -> pulumi.Output[str]:
        made = k8s.core.v1.ConfigMap(
            self.named("program"),
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=PREPARE,
                namespace=self._namespace,
                labels=kubernetes.labels(self._context.stack, lakefs.NAME),
            ),
            data={"lakefs_config.py": lakefs.prepare_text()},
            opts=self.child(),
        )
        return made.metadata.name

    def _make_deployment(self) -> None:
        region, selector = self._context.region, self._serve.selector
        account = self._serve.account(self.named("account"), self._namespace, self.child())
        prepare = self._prepare.container(
            "prepare", lakefs.prepare_program(region), Size("500m", "256Mi")
        )
        serve = self._serve.container(
            "server",
            lakefs.server_program(region),
            Size("2", "2Gi", cpu_at_least="250m"),
            ports=[k8s.core.v1.ContainerPortArgs(name="http", container_port=lakefs.PORT)],
            **http_probes("/_health"),
        )
        k8s.apps.v1.Deployment(
            self.named("deployment"),
            metadata=self._serve.metadata(self._namespace),
            spec=k8s.apps.v1.DeploymentSpecArgs(
                replicas=self._config.replicas,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=selector),
                template=self._prepare.template(
                    [serve],
                    init=[prepare],
                    topology_spread_constraints=[kubernetes.spread(selector)],
                ),
            ),
            opts=self.child(depends_on=[account, self._identity]),
        )
        k8s.policy.v1.PodDisruptionBudget(
            self.named("disruptions"),
            metadata=self._serve.metadata(self._namespace),
            spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(
                max_unavailable=1,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=selector),
            ),
            opts=self.child(),
        )

    def _allow_egress(self) -> None:
        """Allow the server's pods to connect to the database."""
        instance = self._database.instance
        k8s.networking.v1.NetworkPolicy(
            self.named("to-database"),
            metadata=self._serve.metadata(self._namespace, "to-database"),
            spec=kubernetes.egress(self._serve.selector, instance.cidr, instance.port),
            opts=self.child(),
        )

    def _make_service(self) -> None:
        """Publish the address to clients: by the Service, and by a ConfigMap."""
        metadata = self._serve.metadata(self._namespace)
        port = k8s.core.v1.ServicePortArgs(name="http", port=lakefs.PORT, target_port="http")
        k8s.core.v1.Service(
            self.named("service"),
            metadata=metadata,
            spec=k8s.core.v1.ServiceSpecArgs(selector=self._serve.selector, ports=[port]),
            opts=self.child(),
        )
        k8s.core.v1.ConfigMap(
            self.named("clients"),
            metadata=metadata,
            data=lakefs.client_settings(self._context.stack),
            opts=self.child(),
        )
