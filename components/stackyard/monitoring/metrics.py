"""The metrics of a project: its Prometheus workspace, alert rules, and collector."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from stackyard._component import Component
from stackyard.cluster.identity import WorkloadIdentity
from stackyard.container import Program, Size
from stackyard.database.documents import jobs_pattern
from stackyard.monitoring import documents, rules
from stackyard.monitoring.alerts import rules as alert_rules
from stackyard.monitoring.config import MonitoringConfig
from stackyard.naming import NAMESPACE_LIMIT, StackId, fitted, namespace_name
from stackyard.references import ClusterRef
from stackyard.workload import Workload

CONFIG = "/etc/collector"
PORT = 9090


@dataclass(frozen=True)
class MonitoredPrograms:
    """The programs of a project for which there are alerts."""

    tracking: bool
    """Whether the project has a tracking server."""

    models: Sequence[str]
    """Names of its served models."""

    jobs_namespace: str
    """Namespace in which the stage runs its own work: Karpenter, and the database jobs."""


class ProjectMetrics(Component):
    """A Managed Prometheus workspace with the metrics of one namespace and alerts on them.

    The collector runs in a namespace where no project can start pods, because it receives the
    metrics of all projects before it drops those of the others.
    """

    TYPE: ClassVar[str] = "stackyard:index:ProjectMetrics"

    workspace_id: pulumi.Output[str]
    """Id of the workspace."""

    def __init__(
        self,
        name: str,
        config: MonitoringConfig,
        *,
        stack: StackId,
        cluster: ClusterRef,
        monitored: MonitoredPrograms,
        topic_arns: Mapping[str, pulumi.Input[str]],
        image: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the cluster, the project's programs, the topic of each audience.

        `image` is the collector's image, with its registry.
        """
        super().__init__(name, config, opts=opts)
        self._stack, self._cluster, self._monitored = stack, cluster, monitored
        workspace = aws.amp.Workspace(
            self.named("workspace"), alias=f"{stack.slug}-metrics", opts=self.child()
        )
        self.workspace_id = workspace.id
        watched = alert_rules(
            namespace_name(stack),
            config.thresholds,
            tracking=monitored.tracking,
            models=monitored.models,
            database_jobs=jobs_pattern(stack),
        )
        aws.amp.RuleGroupNamespace(
            self.named("rules"),
            name=rules.GROUP,
            workspace_id=workspace.id,
            data=rules.rules_file(watched),
            opts=self.child(),
        )
        aws.amp.AlertManagerDefinition(
            self.named("routing"),
            workspace_id=workspace.id,
            definition=pulumi.Output.all(**topic_arns).apply(
                lambda topics: rules.routing_file(topics, cluster.region)
            ),
            opts=self.child(),
        )
        self._collect(workspace, image)
        self.publish()

    def _collect(self, workspace: aws.amp.Workspace, image: str) -> None:
        account = fitted(f"{self._stack.slug}-collector", NAMESPACE_LIMIT)
        identity = WorkloadIdentity(
            self.named("identity"),
            prefix=self._stack.slug,
            cluster=self._cluster,
            namespace=rules.METRICS_NAMESPACE,
            service_account=account,
            policy=workspace.arn.apply(documents.send_metrics),
            opts=self.child(),
        )
        settings = workspace.prometheus_endpoint.apply(self._settings)
        work = Workload(
            self._stack,
            account,
            image,
            files={CONFIG: account},
            needs_role=True,
            # A changed config replaces the pods: Prometheus reads it only at its start.
            variables={"CONFIG_DIGEST": settings.apply(_digest)},
        )
        made = [
            work.account(self.named("account"), rules.METRICS_NAMESPACE, self.child()),
            k8s.core.v1.ConfigMap(
                self.named("config"),
                metadata=work.metadata(rules.METRICS_NAMESPACE),
                data={"prometheus.yaml": settings},
                opts=self.child(),
            ),
            identity,
        ]
        self._make_deployment(work, made)

    def _settings(self, endpoint: str) -> str:
        return rules.collector_file(
            namespace=namespace_name(self._stack),
            elsewhere=f"{self._monitored.jobs_namespace};{jobs_pattern(self._stack)}",
            system=self._monitored.jobs_namespace,
            remote_write=f"{endpoint}api/v1/remote_write",
            region=self._cluster.region,
        )

    def _make_deployment(self, work: Workload, needed: list[pulumi.Resource]) -> None:
        """Create the collector with one pod: two would send every sample twice."""
        ready = k8s.core.v1.HTTPGetActionArgs(path="/-/ready", port=PORT)
        healthy = k8s.core.v1.HTTPGetActionArgs(path="/-/healthy", port=PORT)
        program = Program(
            [
                "/bin/prometheus",
                "--agent",
                f"--config.file={CONFIG}/prometheus.yaml",
                "--storage.agent.path=/tmp/agent",
                f"--web.listen-address=0.0.0.0:{PORT}",
            ],
            {},
        )
        container = work.container(
            "collector",
            program,
            Size("500m", "512Mi"),
            ports=[k8s.core.v1.ContainerPortArgs(name="http", container_port=PORT)],
            readiness_probe=k8s.core.v1.ProbeArgs(http_get=ready),
            liveness_probe=k8s.core.v1.ProbeArgs(http_get=healthy, initial_delay_seconds=30),
        )
        k8s.apps.v1.Deployment(
            self.named("collector"),
            metadata=work.metadata(rules.METRICS_NAMESPACE),
            spec=k8s.apps.v1.DeploymentSpecArgs(
                replicas=1,
                strategy=k8s.apps.v1.DeploymentStrategyArgs(type="Recreate"),
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=work.selector),
                template=work.template([container]),
            ),
            opts=self.child(depends_on=needed),
        )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
