"""The `services` program: the shared services of a stage in the cluster."""

from __future__ import annotations

from collections.abc import Mapping

from stackyard import contracts
from stackyard.blueprints.providers import aws_provider, cluster_provider, run_settings
from stackyard.blueprints.services.config import ServicesConfig
from stackyard.blueprints.services.onprem import register
from stackyard.blueprints.wiring import (
    cluster_ref,
    controller_wiring,
    node_wiring,
    pool_facts,
)
from stackyard.cluster.identity_admission import IdentityAdmission
from stackyard.cluster.preview import PreviewAccess
from stackyard.cluster.priorities import PriorityClasses
from stackyard.cluster.system_namespace import Level, SystemNamespace
from stackyard.contracts import FoundationContract, ServicesContract
from stackyard.gpu.component import GpuPool
from stackyard.gpu.contract import GpuContract
from stackyard.gpu.device_plugin import DevicePluginWiring
from stackyard.gpu.telemetry import GpuTelemetry
from stackyard.images.names import registry
from stackyard.karpenter.component import Karpenter
from stackyard.karpenter.pool import GeneralPool, PoolWiring
from stackyard.monitoring.cluster_metrics import ClusterMetrics
from stackyard.monitoring.log_shipper import LogShipper
from stackyard.monitoring.rules import METRICS_NAMESPACE as METRICS
from stackyard.naming import StackId
from stackyard.queueing.component import StageQueues
from stackyard.references import GpuPoolRef
from stackyard.run_settings import ComponentOptions
from stackyard.tags import stack_tags

SYSTEM, GPU, LOGS = "stackyard-system", "stackyard-gpu", "stackyard-logs"
"""Namespaces of the stage's own work, of GPU plugins, and of the log shipper."""

LARGEST_CLUSTER = 5000
"""Pods that a DaemonSet may need: the nodes of the largest supported cluster,
https://kubernetes.io/docs/setup/best-practices/cluster-large/."""


class Services:
    """Priorities, Karpenter and its pools, metrics, logs, GPU plugins, on-premises clusters."""

    def __init__(
        self, stack: StackId, config: ServicesConfig, upstreams: Mapping[str, StackId]
    ) -> None:
        """`upstreams` names the stage's foundation, and services that register its clusters."""
        self.stack, self.config, self.upstreams = stack, config, upstreams

    def __call__(self) -> None:
        """Declare the stack's resources and publish its contract."""
        below = self.upstreams["foundation"]
        foundation = contracts.read(FoundationContract, below.reference, str(below))
        providers = [aws_provider(self.stack, self.config), cluster_provider(foundation)]
        self.opts = ComponentOptions(run_settings(self.config), providers=providers)

        PreviewAccess("preview", stack=self.stack, opts=self.opts)
        # Before the pods that it concerns, of this stack as of all projects.
        admission = IdentityAdmission("pod-identity", stack=self.stack, opts=self.opts)
        self.guarded = ComponentOptions(
            run_settings(self.config), providers=providers, depends_on=[admission]
        )
        priorities = PriorityClasses("priorities", stack=self.stack, opts=self.opts)
        system = self._namespace(SYSTEM, "restricted", pods=100)
        metrics = self._namespace(METRICS, "restricted", pods=200)
        ClusterMetrics(
            "cluster-metrics",
            stack=self.stack,
            namespace=metrics.namespace,
            image=self._image(self.config.images.cluster_metrics),
            opts=self.opts,
        )
        self._ship_logs(foundation)
        wiring = self._make_nodes(foundation, system)
        if self.pools:
            self._make_gpus(wiring)
        if self.config.queueing is not None:
            StageQueues("queues", stack=self.stack, pools=self.pools, opts=self.opts)

        contract = ServicesContract(
            version=ServicesContract.VERSION,
            stage=self.stack.stage,
            cluster_name=foundation.cluster_name,
            priority_classes=[],
            gpu_pools={pool: pool_facts(one) for pool, one in self.pools.items()},
            system_namespace=SYSTEM,
            registry=self._registry,
            queueing=self.config.queueing,
        )
        onprem = register(
            self.stack, self.config.onprem, self.config.queueing, self.upstreams, self.opts
        )
        contracts.publish(
            {
                **contract.model_dump(mode="json"),
                "priority_classes": priorities.names,
                "onprem": onprem,
            }
        )

    def _make_nodes(self, foundation: FoundationContract, system: SystemNamespace) -> PoolWiring:
        """Make Karpenter, then the pools without GPUs; return what all pools share."""
        pools = {**self.config.node_pools, **self.config.gpu_pools}
        karpenter = Karpenter(
            "karpenter",
            stack=self.stack,
            wiring=controller_wiring(
                foundation, static=any(pool.static is not None for pool in pools.values())
            ),
            namespace=system.namespace,
            namespace_name=SYSTEM,
            image=self._image(self.config.images.karpenter),
            chart=self.config.charts.karpenter_crd,
            opts=self.guarded,
        )
        wiring = PoolWiring(
            stack=self.stack,
            nodes=node_wiring(
                foundation, stack_tags(self.stack, self.config.owner, self.config.tags)
            ),
            images=self.config.node_images,
            ready=[karpenter.controller],
        )
        for name, pool in self.config.node_pools.items():
            GeneralPool(f"pool-{name}", pool, pool=name, wiring=wiring, opts=self.opts)
        return wiring

    def _ship_logs(self, foundation: FoundationContract) -> None:
        # The shipper mounts the node's log directory, which only `privileged` allows.
        logs = self._namespace(LOGS, "privileged", pods=LARGEST_CLUSTER)
        LogShipper(
            "log-shipper",
            stack=self.stack,
            cluster=cluster_ref(foundation),
            namespace=logs.namespace,
            namespace_name=LOGS,
            image=self._image(self.config.images.log_shipper),
            opts=self.guarded,
        )

    def _make_gpus(self, wiring: PoolWiring) -> None:
        """Make the GPU pools, their device plugins and the telemetry of their nodes."""
        # Plugin and telemetry mount directories of the kubelet, which only `privileged` allows.
        daemons = 3 if any(pool.efa_per_node for pool in self.pools.values()) else 2
        gpu = self._namespace(GPU, "privileged", pods=daemons * LARGEST_CLUSTER)
        images = self.config.images
        plugin, efa = (
            DevicePluginWiring(gpu.namespace, self._image(image))
            for image in (images.device_plugin, images.efa_device_plugin)
        )
        for name, pool in self.config.gpu_pools.items():
            GpuPool(
                f"gpu-{name}",
                pool,
                pool=name,
                wiring=wiring,
                device_plugin=plugin,
                efa_device_plugin=efa,
                opts=self.opts,
            )
        GpuTelemetry(
            "gpu-telemetry",
            stack=self.stack,
            namespace=gpu.namespace,
            metrics_namespace=METRICS,
            image=self._image(self.config.images.gpu_telemetry),
            opts=self.opts,
        )

    def _namespace(self, namespace: str, level: Level, *, pods: int) -> SystemNamespace:
        return SystemNamespace(
            namespace.removeprefix("stackyard-"),
            stack=self.stack,
            namespace=namespace,
            level=level,
            pods=pods,
            opts=self.opts,
        )

    def _image(self, image: str) -> str:
        """Return the full name of an image in the stage's registry."""
        return f"{self._registry}/{image}"

    @property
    def pools(self) -> dict[str, GpuPoolRef]:
        """The GPU pools by name, as workloads refer to them."""
        pools = self.config.gpu_pools.items()
        return {name: GpuContract(name, pool).reference for name, pool in pools}

    @property
    def _registry(self) -> str:
        """The configured registry, or the account's own."""
        own = registry(self.config.account, self.config.region)
        return self.config.images.registry or own
