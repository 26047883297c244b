"""Fluent Bit on each node, which sends the output of pods to the log groups of their projects."""

from __future__ import annotations

from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard import iam, kubernetes
from stackyard._component import Component
from stackyard.cluster.agents import bind_cluster_role, config_digest, daemon_set
from stackyard.cluster.identity import WorkloadIdentity
from stackyard.config import Config
from stackyard.monitoring.shipping import HEALTH_PORT, STATE, shipper_files
from stackyard.naming import StackId
from stackyard.references import ClusterRef

NAME = "log-shipper"
CONFIG = "/fluent-bit/stackyard"
LOGS = "/var/log"
"""Folder of container logs, which the kubelet writes; the same on the node and in the pod."""


class LogShipper(Component):
    """Fluent Bit on every node, with permission to write log events only.

    It reads files of the node, which only the level `privileged` allows, and runs as root, because
    only root can read what the kubelet writes. On the node it writes only its read position, so
    that a restart neither loses lines nor sends them twice.
    """

    TYPE: ClassVar[str] = "stackyard:index:LogShipper"

    def __init__(
        self,
        name: str,
        *,
        stack: StackId,
        cluster: ClusterRef,
        namespace: pulumi.Input[str],
        namespace_name: str,
        image: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the cluster, the image, and the namespace as name and as output."""
        super().__init__(name, Config(), opts=opts)
        self._stack, self._image = stack, image
        self._namespace, self._files = namespace, shipper_files(cluster.region, CONFIG)
        labels = kubernetes.labels(stack, NAME)
        self._metadata = k8s.meta.v1.ObjectMetaArgs(name=NAME, namespace=namespace, labels=labels)
        identity = self._identify(cluster, namespace_name)
        needed = [identity, *self._make_account()]
        k8s.apps.v1.DaemonSet(
            self.named("daemon-set"),
            metadata=self._metadata,
            spec=daemon_set(
                self._pod(),
                labels={**labels, **kubernetes.NEEDS_ROLE},
                selector=kubernetes.selector(stack, NAME),
                annotations=config_digest(*self._files.values()),
            ),
            opts=self.child(depends_on=needed),
        )
        self.publish()

    def _identify(self, cluster: ClusterRef, namespace: str) -> WorkloadIdentity:
        groups = cluster.location.arn("logs", "log-group:/stackyard/*")
        actions = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
        return WorkloadIdentity(
            self.named("identity"),
            prefix=self._stack.slug,
            cluster=cluster,
            namespace=namespace,
            service_account=NAME,
            policy=iam.document(iam.statement("WriteLogs", actions, (groups, f"{groups}:*"))),
            opts=self.child(),
        )

    def _make_account(self) -> list[pulumi.Resource]:
        """Create the account; its role allows the shipper to look up the pod of a log file."""
        account = k8s.core.v1.ServiceAccount(
            self.named("account"), metadata=self._metadata, opts=self.child()
        )
        look = k8s.rbac.v1.PolicyRuleArgs(
            api_groups=[""], resources=["namespaces", "pods"], verbs=["get", "list", "watch"]
        )
        binding = bind_cluster_role(
            self, stack=self._stack, agent=NAME, namespace=self._namespace, rules=[look]
        )
        config = k8s.core.v1.ConfigMap(
            self.named("config"),
            metadata=self._metadata,
            data=self._files,
            opts=self.child(),
        )
        return [account, binding, config]

    def _pod(self) -> k8s.core.v1.PodSpecArgs:
        host = k8s.core.v1.HostPathVolumeSourceArgs(path=LOGS, type="Directory")
        state = k8s.core.v1.HostPathVolumeSourceArgs(path=STATE, type="DirectoryOrCreate")
        return k8s.core.v1.PodSpecArgs(
            service_account_name=NAME,
            priority_class_name="system-node-critical",
            tolerations=[k8s.core.v1.TolerationArgs(operator="Exists")],
            security_context=kubernetes.root_pod(),
            containers=[self._container()],
            volumes=[
                k8s.core.v1.VolumeArgs(name="logs", host_path=host),
                k8s.core.v1.VolumeArgs(name="state", host_path=state),
                k8s.core.v1.VolumeArgs(
                    name="config", config_map=k8s.core.v1.ConfigMapVolumeSourceArgs(name=NAME)
                ),
            ],
        )

    def _container(self) -> k8s.core.v1.ContainerArgs:
        healthy = k8s.core.v1.HTTPGetActionArgs(path="/api/v1/health", port=HEALTH_PORT)
        # The health endpoint also fails while CloudWatch refuses lines, and a restart loses them.
        alive = k8s.core.v1.HTTPGetActionArgs(path="/", port=HEALTH_PORT)
        return k8s.core.v1.ContainerArgs(
            name=NAME,
            image=self._image,
            command=["/fluent-bit/bin/fluent-bit", f"--config={CONFIG}/fluent-bit.yaml"],
            ports=[k8s.core.v1.ContainerPortArgs(name="health", container_port=HEALTH_PORT)],
            readiness_probe=k8s.core.v1.ProbeArgs(http_get=healthy),
            liveness_probe=k8s.core.v1.ProbeArgs(http_get=alive, initial_delay_seconds=30),
            resources=k8s.core.v1.ResourceRequirementsArgs(
                requests={"cpu": "50m", "memory": "128Mi"},
                limits={"cpu": "500m", "memory": "256Mi"},
            ),
            security_context=kubernetes.restricted_container(read_only=True),
            volume_mounts=[
                k8s.core.v1.VolumeMountArgs(name="logs", mount_path=LOGS, read_only=True),
                k8s.core.v1.VolumeMountArgs(name="state", mount_path=STATE),
                k8s.core.v1.VolumeMountArgs(name="config", mount_path=CONFIG, read_only=True),
            ],
        )
