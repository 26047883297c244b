"""The metrics of a project: a workspace of its own, its rules, and the collector that fills it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import ClassVar

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from stackyard._component import Component
from stackyard.cluster.identity import WorkloadIdentity
from stackyard.container import Program, Size
from stackyard.contracts import FoundationContract, ServicesContract
from stackyard.database.documents import jobs_pattern
from stackyard.monitoring import documents, rules
from stackyard.monitoring.alerts import rules as alert_rules
from stackyard.monitoring.config import MonitoringConfig
from stackyard.naming import NAMESPACE_LIMIT, StackId, fitted, namespace_name
from stackyard.workload import Workload

CONFIG = "/etc/collector"
PORT = 9090


class ProjectMetrics(Component):
    """A Managed Prometheus workspace that holds the metrics of one namespace and alerts on them.

    The collector runs where no project can start pods, because it sees what all projects do before
    it throws away what is not its own.
    """

    TYPE: ClassVar[str] = "stackyard:index:ProjectMetrics"

    workspace_id: pulumi.Output[str]
    """The workspace."""

    def __init__(
        self,
        name: str,
        config: MonitoringConfig,
        *,
        stack: StackId,
        foundation: FoundationContract,
        services: ServicesContract,
        topic_arns: Mapping[str, pulumi.Input[str]],
        tracking: bool,
        models: Sequence[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the ground, the topic of each audience, and what the project runs.

        `tracking` says whether it has a tracking server, `models` names the models that it serves.
        """
        super().__init__(name, config, opts=opts)
        self._stack, self._foundation = stack, foundation
        self._system = services.system_namespace
        workspace = aws.amp.Workspace(
            self.named("workspace"), alias=f"{stack.slug}-metrics", opts=self.child()
        )
        self.workspace_id = workspace.id
        watched = alert_rules(
            namespace_name(stack),
            config.thresholds,
            tracking=tracking,
            models=models,
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
                lambda topics: rules.routing_file(topics, foundation.region)
            ),
            opts=self.child(),
        )
        self._collect(workspace, f"{services.registry}/{config.collector_image}")
        self.publish()

    def _collect(self, workspace: aws.amp.Workspace, image: str) -> None:
        account = fitted(f"{self._stack.slug}-collector", NAMESPACE_LIMIT)
        identity = WorkloadIdentity(
            self.named("identity"),
            prefix="metrics",
            foundation=self._foundation,
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
            # A new config starts new pods, which is how Prometheus takes it.
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
            elsewhere=f"{self._system};{jobs_pattern(self._stack)}",
            remote_write=f"{endpoint}api/v1/remote_write",
            region=self._foundation.region,
        )

    def _make_deployment(self, work: Workload, needed: list[pulumi.Resource]) -> None:
        """One pod: two would send every sample twice."""
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
