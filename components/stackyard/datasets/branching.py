"""The lakeFS server of a project: branches and commits over its datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from stackyard import iam, kubernetes
from stackyard._component import Component
from stackyard.cluster.identity import WorkloadIdentity
from stackyard.container import Size
from stackyard.contracts import DatabaseFacts, FoundationContract, ServicesContract
from stackyard.database import documents
from stackyard.database.project import ProjectDatabase
from stackyard.datasets import lakefs
from stackyard.datasets.config import LakefsConfig
from stackyard.naming import StackId, namespace_name
from stackyard.references import ClusterRef
from stackyard.vault.secret_policies import secret_policy
from stackyard.workload import Workload

PREPARE = f"{lakefs.NAME}-prepare"
"""ConfigMap with the program that runs before the server."""


class BranchServer(Component):
    """lakeFS over directories of the datasets' buckets; its records lie in the stage's database.

    Who reaches it signs in with keys that lakeFS gives; who may reach it is for network policies.
    """

    TYPE: ClassVar[str] = "stackyard:index:BranchServer"

    def __init__(
        self,
        name: str,
        config: LakefsConfig,
        *,
        stack: StackId,
        foundation: FoundationContract,
        services: ServicesContract,
        facts: DatabaseFacts,
        buckets: Sequence[str],
        setup_image: str,
        namespace: pulumi.Input[str],
        recovery_days: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the ground it stands on, and the buckets; `setup_image` has Python and boto3.

        `recovery_days` is for its secrets.
        """
        super().__init__(name, config, opts=opts)
        self._config, self._stack, self._foundation = config, stack, foundation
        self._namespace = namespace
        self._identity = self._identify(buckets)
        database = ProjectDatabase(
            self.named("database"),
            stack=stack,
            purpose="lakefs",
            foundation=foundation,
            facts=facts,
            readers={lakefs.NAME: self._identity.role_arn},
            namespace=services.system_namespace,
            server_namespace=namespace,
            image=setup_image,
            recovery_days=recovery_days,
            opts=self.child(),
        )
        key = self._make_key(recovery_days)
        self._prepare = Workload(
            stack,
            lakefs.NAME,
            setup_image,
            files={lakefs.PREPARE_PATH: self._make_program()},
            variables={
                **documents.place_variables(facts, stack, "lakefs"),
                "DATABASE_CREDENTIALS": database.ready,
                "LAKEFS_KEY": key,
            },
            memory=lakefs.MEMORY,
        )
        self._serve = Workload(
            stack, lakefs.NAME, f"{services.registry}/{config.image}", memory=lakefs.MEMORY
        )
        self._make_deployment()
        self._make_service()
        self._let_out(facts.port)
        self.publish()

    def _identify(self, buckets: Sequence[str]) -> WorkloadIdentity:
        foundation = self._foundation
        return WorkloadIdentity(
            self.named("identity"),
            prefix=self._stack.slug,
            cluster=ClusterRef(foundation.cluster_name, foundation.account, foundation.region),
            namespace=namespace_name(self._stack),
            service_account=lakefs.NAME,
            policy=lakefs.server_policy(self._stack, buckets, foundation),
            opts=self.child(),
        )

    def _make_key(self, recovery_days: int) -> pulumi.Output[str]:
        """Make the secret of the encryption key; the first pod puts the key in."""
        secret = aws.secretsmanager.Secret(
            self.named("key"),
            name=lakefs.key_name(self._stack),
            description="Key that lakeFS encrypts its users' keys with",
            kms_key_id=self._foundation.key_arns["secrets"],
            recovery_window_in_days=recovery_days,
            opts=self.child(),
        )
        admins, emergency = self._foundation.admin_arns, self._foundation.emergency_arns
        policy = self._identity.role_arn.apply(
            lambda arn: iam.text(
                secret_policy(readers=[arn], writers=[arn, *admins], emergency=emergency)
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
                labels=kubernetes.labels(self._stack, lakefs.NAME),
            ),
            data={"lakefs_config.py": lakefs.prepare_text()},
            opts=self.child(),
        )
        return made.metadata.name

    def _make_deployment(self) -> None:
        region, selector = self._foundation.region, self._serve.selector
        account = self._serve.account(self.named("account"), self._namespace, self.child())
        prepare = self._prepare.container(
            "prepare", lakefs.prepare_program(region), Size("500m", "256Mi")
        )
        serve = self._serve.container(
            "server",
            lakefs.server_program(region),
            Size("2", "2Gi", cpu_at_least="250m"),
            ports=[k8s.core.v1.ContainerPortArgs(name="http", container_port=lakefs.PORT)],
            **_probes(),
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

    def _let_out(self, port: int) -> None:
        """Let the server's pods reach the database."""
        k8s.networking.v1.NetworkPolicy(
            self.named("to-database"),
            metadata=self._serve.metadata(self._namespace, "to-database"),
            spec=kubernetes.egress(self._serve.selector, self._foundation.vpc_cidr, port),
            opts=self.child(),
        )

    def _make_service(self) -> None:
        """Let clients find it: by the Service, and by the ConfigMap with its address."""
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
            data=lakefs.client_settings(self._stack),
            opts=self.child(),
        )


def _probes() -> Mapping[str, k8s.core.v1.ProbeArgs]:
    """Return the server's probes; its first start makes the tables."""
    check = k8s.core.v1.HTTPGetActionArgs(path="/_health", port="http")
    return {
        "startup_probe": k8s.core.v1.ProbeArgs(
            http_get=check, period_seconds=5, failure_threshold=60
        ),
        "readiness_probe": k8s.core.v1.ProbeArgs(http_get=check, period_seconds=10),
        "liveness_probe": k8s.core.v1.ProbeArgs(
            http_get=check, period_seconds=20, failure_threshold=3
        ),
    }
