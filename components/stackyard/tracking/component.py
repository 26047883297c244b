"""The MLflow server of a project: its bucket, database and identity, its pods, its clients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard import iam, kubernetes
from stackyard._component import Component
from stackyard.aws_location import AwsLocation
from stackyard.bucket.component import PrivateBucket
from stackyard.bucket.layout import BucketRef
from stackyard.cluster.identity import WorkloadIdentity
from stackyard.container import Size
from stackyard.contracts import DatabaseFacts, FoundationContract, ServicesContract
from stackyard.database import documents
from stackyard.database.project import ProjectDatabase
from stackyard.naming import StackId, namespace_name, role_arn
from stackyard.references import ClusterRef
from stackyard.retention.config import LifetimeConfig
from stackyard.tracking import server
from stackyard.tracking.config import TrackingConfig
from stackyard.tracking.names import artifact_bucket
from stackyard.workload import Workload


class TrackingServer(Component):
    """MLflow, without a way around it to its records and artifacts.

    Who reaches it may use it: the namespace's network policies are its access control.
    """

    TYPE: ClassVar[str] = "stackyard:index:TrackingServer"

    uri: str
    """Its address in the cluster."""

    role_arn: pulumi.Output[str]
    """The role of its pods."""

    bucket: str
    """The bucket of the artifacts."""

    image: str
    """The full name of its image, which also has MLflow's client."""

    def __init__(
        self,
        name: str,
        config: TrackingConfig,
        *,
        stack: StackId,
        foundation: FoundationContract,
        services: ServicesContract,
        facts: DatabaseFacts,
        lifetime: LifetimeConfig,
        log_bucket: pulumi.Input[str],
        namespace: pulumi.Input[str],
        client_program: pulumi.Input[str],
        recovery_days: int,
        also_used_by: Sequence[str] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the ground it stands on, lifetimes, and ARNs of other roles that use its bucket.

        `client_program` is the ConfigMap of `DatabaseClient`, `recovery_days` is for its secret.
        """
        super().__init__(name, config, opts=opts)
        self._config, self._stack, self._foundation = config, stack, foundation
        self._namespace = namespace
        self.uri = server.client_settings(config, stack)["MLFLOW_TRACKING_URI"]
        self.bucket = artifact_bucket(stack, foundation.account)
        self.image = f"{services.registry}/{config.image}"
        identity = self._identify()
        self.role_arn = identity.role_arn
        bucket = self._make_bucket(lifetime, log_bucket, also_used_by)
        database = ProjectDatabase(
            self.named("database"),
            stack=stack,
            purpose="tracking",
            foundation=foundation,
            facts=facts,
            readers={"tracking": identity.role_arn},
            namespace=services.system_namespace,
            server_namespace=namespace,
            image=self.image,
            recovery_days=recovery_days,
            opts=self.child(),
        )
        self._work = Workload(
            stack,
            server.NAME,
            self.image,
            files={documents.CLIENT_PATH: client_program},
            variables={
                **documents.place_variables(facts, stack, "tracking"),
                "DATABASE_CREDENTIALS": database.ready,
            },
        )
        account = self._work.account(self.named("account"), self._namespace, self.child())
        self._make_deployment([account, identity, bucket])
        self._make_service()
        self._make_collector([account, identity, bucket])
        self._let_out(facts.port)
        self._tell_clients()
        self.publish()

    def _metadata(self, suffix: str = "") -> k8s.meta.v1.ObjectMetaArgs:
        return self._work.metadata(self._namespace, suffix)

    def _identify(self) -> WorkloadIdentity:
        foundation = self._foundation
        return WorkloadIdentity(
            self.named("identity"),
            prefix=self._stack.slug,
            cluster=ClusterRef(foundation.cluster_name, foundation.account, foundation.region),
            namespace=namespace_name(self._stack),
            service_account=server.NAME,
            policy=iam.document(
                *server.artifact_statements(
                    self.bucket, foundation.key_arns["data"], foundation.region
                ),
                *documents.read_credentials(self._stack, "tracking", foundation),
            ),
            opts=self.child(),
        )

    def _make_bucket(
        self, lifetime: LifetimeConfig, log_bucket: pulumi.Input[str], also: Sequence[str]
    ) -> PrivateBucket:
        location = AwsLocation(self._foundation.account, self._foundation.region)
        own = role_arn(self._stack, location, server.NAME)
        bucket = BucketRef(self.bucket, self._foundation.region)
        return PrivateBucket(
            self.named("artifacts"),
            lifetime,
            bucket=bucket,
            kind="artifacts",
            key_arn=self._foundation.key_arns["data"],
            log_bucket=log_bucket,
            statements=[server.only(bucket.arn, [own, *also])],
            opts=self.child(),
        )

    def _make_deployment(self, needed: Sequence[pulumi.Resource]) -> None:
        config, region = self._config, self._foundation.region
        program = server.server_command(
            config, stack=self._stack, bucket=self.bucket, region=region
        )
        size = Size(str(config.cpu), config.memory, cpu_at_least="250m")
        migrate = self._work.container("migrate", server.migrate_command(self._stack, region), size)
        serve = self._work.container(
            "server",
            program,
            size,
            ports=[k8s.core.v1.ContainerPortArgs(name="http", container_port=server.PORT)],
            **_probes(),
        )
        selector = self._work.selector
        k8s.apps.v1.Deployment(
            self.named("deployment"),
            metadata=self._metadata(),
            spec=k8s.apps.v1.DeploymentSpecArgs(
                replicas=config.replicas,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=selector),
                template=self._work.template(
                    [serve],
                    init=[migrate],
                    topology_spread_constraints=[kubernetes.spread(selector)],
                ),
            ),
            opts=self.child(depends_on=list(needed)),
        )
        k8s.policy.v1.PodDisruptionBudget(
            self.named("disruptions"),
            metadata=self._metadata(),
            spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(
                max_unavailable=1,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=selector),
            ),
            opts=self.child(),
        )

    def _make_service(self) -> None:
        k8s.core.v1.Service(
            self.named("service"),
            metadata=self._metadata(),
            spec=k8s.core.v1.ServiceSpecArgs(
                selector=self._work.selector,
                ports=[
                    k8s.core.v1.ServicePortArgs(name="http", port=server.PORT, target_port="http")
                ],
            ),
            opts=self.child(),
        )

    def _make_collector(self, needed: Sequence[pulumi.Resource]) -> None:
        """Remove for good, once a day, what was deleted long enough ago."""
        program = server.collect_command(
            self._config, bucket=self.bucket, region=self._foundation.region
        )
        container = self._work.container("collect", program, Size("1", "1Gi"))
        k8s.batch.v1.CronJob(
            self.named("collector"),
            metadata=self._metadata("collector"),
            spec=k8s.batch.v1.CronJobSpecArgs(
                schedule="17 3 * * *",
                concurrency_policy="Forbid",
                job_template=k8s.batch.v1.JobTemplateSpecArgs(
                    spec=k8s.batch.v1.JobSpecArgs(
                        backoff_limit=2,
                        active_deadline_seconds=3600,
                        ttl_seconds_after_finished=604_800,
                        template=self._work.template([container], restart_policy="Never"),
                    )
                ),
            ),
            opts=self.child(depends_on=list(needed)),
        )

    def _let_out(self, port: int) -> None:
        """Let the server's pods reach the database; nothing else of the namespace may."""
        k8s.networking.v1.NetworkPolicy(
            self.named("to-database"),
            metadata=self._metadata("to-database"),
            spec=kubernetes.egress(self._work.selector, self._foundation.vpc_cidr, port),
            opts=self.child(),
        )

    def _tell_clients(self) -> None:
        k8s.core.v1.ConfigMap(
            self.named("clients"),
            metadata=self._metadata(),
            data=server.client_settings(self._config, self._stack),
            opts=self.child(),
        )


def _probes() -> dict[str, Any]:
    """Return the server's probes; it may need minutes to load on a small node."""
    check = k8s.core.v1.HTTPGetActionArgs(path="/health", port="http")
    return {
        "startup_probe": k8s.core.v1.ProbeArgs(
            http_get=check, period_seconds=5, failure_threshold=60
        ),
        "readiness_probe": k8s.core.v1.ProbeArgs(http_get=check, period_seconds=10),
        "liveness_probe": k8s.core.v1.ProbeArgs(
            http_get=check, period_seconds=20, failure_threshold=3
        ),
    }
