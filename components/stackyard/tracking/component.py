"""The MLflow server of a project: its bucket, database, IAM role, pods, and client settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard import iam, kubernetes
from stackyard._component import Component
from stackyard.bucket.component import PrivateBucket
from stackyard.bucket.layout import BucketRef
from stackyard.cluster.identity import WorkloadIdentity, project_identity
from stackyard.container import Size
from stackyard.database import documents
from stackyard.database.project import ProjectDatabase
from stackyard.naming import role_arn
from stackyard.references import DatabaseAccess, PodPlacement, StackContext
from stackyard.tracking import server
from stackyard.tracking.config import TrackingConfig
from stackyard.tracking.names import artifact_bucket
from stackyard.workload import Workload, http_probes


class TrackingServer(Component):
    """An MLflow server; its records and artifacts can be reached only through it.

    Every client that can connect to it may use it: the namespace's network policies are its access
    control.
    """

    TYPE: ClassVar[str] = "stackyard:index:TrackingServer"

    uri: pulumi.Output[str]
    """Address of the server in the cluster, known once its Service exists."""

    role_arn: pulumi.Output[str]
    """ARN of the role of its pods."""

    bucket: pulumi.Output[str]
    """Name of the bucket of the artifacts, known once the bucket and its policy exist."""

    image: str
    """The full name of its image, which also contains MLflow's client."""

    def __init__(
        self,
        name: str,
        config: TrackingConfig,
        *,
        context: StackContext,
        pods: PodPlacement,
        database: DatabaseAccess,
        log_bucket: pulumi.Input[str],
        also_used_by: Sequence[str] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the stack, the placement of pods, and the PostgreSQL instance.

        `log_bucket` receives the access logs of the artifact bucket; `also_used_by` are ARNs of
        further roles that may use the bucket.
        """
        super().__init__(name, config, opts=opts)
        self._config, self._context, self._namespace = config, context, pods.namespace
        self._bucket = BucketRef(artifact_bucket(context.stack, context.account), context.region)
        self.image = f"{pods.registry}/{config.image}"
        identity = self._make_identity(pods)
        self.role_arn = identity.role_arn
        artifacts = self._make_bucket(log_bucket, also_used_by)
        self.bucket = artifacts.bucket_id
        own = self._make_database(pods, database, identity)
        self._work = self._workload(database, own)
        account = self._work.account(self.named("account"), self._namespace, self.child())
        self._make_deployment([account, identity, artifacts])
        self.uri = self._make_service()
        self._make_collector([account, identity, artifacts])
        self._allow_egress(database)
        self._make_client_settings()
        self.publish()

    def _metadata(self, suffix: str = "") -> k8s.meta.v1.ObjectMetaArgs:
        return self._work.metadata(self._namespace, suffix)

    def _make_identity(self, pods: PodPlacement) -> WorkloadIdentity:
        context, bucket = self._context, self._bucket

        def policy(keys: Mapping[str, str]) -> iam.Document:
            return iam.document(
                *server.artifact_statements(bucket, keys["data"]),
                *documents.read_credentials(
                    context.stack, "tracking", context.location, keys["secrets"]
                ),
            )

        keys = pulumi.Output.all(**context.key_arns)
        return project_identity(self, context, pods.cluster, server.NAME, keys.apply(policy))

    def _make_bucket(self, log_bucket: pulumi.Input[str], also: Sequence[str]) -> PrivateBucket:
        context = self._context
        own = role_arn(context.stack, context.location, server.NAME)
        return PrivateBucket(
            self.named("artifacts"),
            context.retention.artifacts,
            bucket=self._bucket,
            kind="artifacts",
            key_arn=context.key_arns["data"],
            log_bucket=log_bucket,
            statements=[server.only(self._bucket.arn, [own, *also])],
            opts=self.child(),
        )

    def _make_database(
        self, pods: PodPlacement, access: DatabaseAccess, identity: WorkloadIdentity
    ) -> ProjectDatabase:
        return ProjectDatabase(
            self.named("database"),
            context=self._context,
            cluster=pods.cluster,
            access=access,
            purpose="tracking",
            readers={"tracking": identity.role_arn},
            server_namespace=pods.namespace,
            opts=self.child(),
        )

    def _workload(self, access: DatabaseAccess, database: ProjectDatabase) -> Workload:
        """Return the settings that the server's pods share, with their database connection."""
        stack = self._context.stack
        return Workload(
            stack,
            server.NAME,
            self.image,
            files={documents.CLIENT_PATH: access.client},
            needs_role=True,
            variables={
                **documents.connection_variables(access.instance, stack, "tracking"),
                "DATABASE_CREDENTIALS": database.ready,
            },
        )

    def _make_deployment(self, needed: Sequence[pulumi.Resource]) -> None:
        config, stack = self._config, self._context.stack
        program = server.server_command(config, stack=stack, bucket=self._bucket)
        size = Size(str(config.cpu), config.memory, cpu_at_least="250m")
        migrate = self._work.container(
            "migrate", server.migrate_command(stack, self._context.region), size
        )
        serve = self._work.container(
            "server",
            program,
            size,
            ports=[k8s.core.v1.ContainerPortArgs(name="http", container_port=server.PORT)],
            **http_probes("/health"),
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

    def _make_service(self) -> pulumi.Output[str]:
        """Create the Service; return the server's address, known once it exists."""
        service = k8s.core.v1.Service(
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
        uri = server.client_settings(self._config, self._context.stack)["MLFLOW_TRACKING_URI"]
        return service.urn.apply(lambda _: uri)

    def _make_collector(self, needed: Sequence[pulumi.Resource]) -> None:
        """Create the CronJob that permanently removes runs some days after their deletion."""
        program = server.collect_command(self._config, bucket=self._bucket)
        container = self._work.container("collect", program, Size("1", "1Gi"))
        k8s.batch.v1.CronJob(
            self.named("collector"),
            metadata=self._metadata("collector"),
            spec=k8s.batch.v1.CronJobSpecArgs(
                schedule="17 3 * * *",
                concurrency_policy="Forbid",
                job_template=k8s.batch.v1.JobTemplateSpecArgs(
                    spec=self._work.job(container, retries=2, seconds=3600, kept_seconds=604_800)
                ),
            ),
            opts=self.child(depends_on=list(needed)),
        )

    def _allow_egress(self, access: DatabaseAccess) -> None:
        """Allow only the server's pods of the namespace to connect to the database."""
        instance = access.instance
        k8s.networking.v1.NetworkPolicy(
            self.named("to-database"),
            metadata=self._metadata("to-database"),
            spec=kubernetes.egress(self._work.selector, instance.cidr, instance.port),
            opts=self.child(),
        )

    def _make_client_settings(self) -> None:
        k8s.core.v1.ConfigMap(
            self.named("clients"),
            metadata=self._metadata(),
            data=server.client_settings(self._config, self._context.stack),
            opts=self.child(),
        )
