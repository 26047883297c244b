"""Kubernetes specifications of a served model: pods, autoscaler, Service, ingress policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard.gpu.contract import gpu_request, toleration
from stackyard.naming import StackId
from stackyard.references import GpuPoolRef
from stackyard.serving.config import ModelServerConfig, ReleaseConfig
from stackyard.serving.layout import (
    CONTAINER,
    HOME,
    PORT,
    SERVICE_ACCOUNT,
    VERSION,
    Track,
    deployment_name,
)
from stackyard.serving.traffic import Split
from stackyard.vault import mounts

COMMAND = ("mlflow", "models", "serve", "--model-uri", "model", "--env-manager", "local")
"""Starts MLflow's own server with the packages of the image. Source:
https://mlflow.org/docs/latest/api_reference/cli.html#mlflow-models-serve."""


@dataclass(frozen=True)
class Server:
    """One served model: its config, and the values of the stack that its pods need."""

    stack: StackId
    model: str
    config: ModelServerConfig
    registry: str
    """Registry host and path of the project's images."""

    region: str
    pool: GpuPoolRef | None
    """The GPU pool of its nodes; None for nodes without a GPU."""


@dataclass(frozen=True)
class Pods:
    """The pods of one version: their number and their release."""

    track: Track
    least: int
    most: int
    release: ReleaseConfig | None
    """None if the pipeline sets the image."""


def tracks(config: ModelServerConfig) -> list[Pods]:
    """Return the served versions, with their shares of the pods."""
    least, most = config.replicas.min, config.replicas.max
    if config.canary is None:
        return [Pods("stable", least, most, config.release)]
    low, high = Split.of(least, config.canary.weight), Split.of(most, config.canary.weight)
    return [
        Pods("stable", low.stable, max(low.stable, high.stable), config.release),
        Pods("canary", low.canary, max(low.canary, high.canary), config.canary),
    ]


def selector(stack: StackId, model: str, track: Track | None = None) -> dict[str, str]:
    """Return the labels that select the pods of a model, or of one of its versions."""
    return kubernetes.selector(stack, "serving", model=model, **({"track": track} if track else {}))


def labels(stack: StackId, model: str, track: Track | None = None) -> dict[str, str]:
    """Return the labels of the objects of a model."""
    return kubernetes.labels(stack, "serving", model=model, **({"track": track} if track else {}))


def environment(config: ModelServerConfig, region: str) -> dict[str, str]:
    """Return the environment of a model server, for the variables that its command reads."""
    return {
        "AWS_REGION": region,
        "HOME": "/tmp",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HOST": "0.0.0.0",
        "MLFLOW_MODELS_WORKERS": str(config.workers),
        "MLFLOW_PORT": str(PORT),
        "PYTHONUNBUFFERED": "1",
    }


def deployment(server: Server, pods: Pods) -> k8s.apps.v1.DeploymentSpecArgs:
    """Return the specification of the Deployment of one version.

    `replicas` is omitted if the autoscaler sets it, the image if the pipeline releases it. A new
    pod may have to wait for a node, so the deadline is five minutes longer than the start-up time.
    """
    match = selector(server.stack, server.model, pods.track)
    metadata = k8s.meta.v1.ObjectMetaArgs(
        labels={**labels(server.stack, server.model, pods.track), **kubernetes.NEEDS_ROLE},
        annotations={VERSION: pods.release.version} if pods.release is not None else None,
    )
    return k8s.apps.v1.DeploymentSpecArgs(
        replicas=pods.least if pods.least == pods.most else None,
        selector=k8s.meta.v1.LabelSelectorArgs(match_labels=match),
        revision_history_limit=5,
        progress_deadline_seconds=server.config.startup_timeout_seconds + 300,
        strategy=k8s.apps.v1.DeploymentStrategyArgs(
            type="RollingUpdate",
            rolling_update=_roll_out(server),
        ),
        template=k8s.core.v1.PodTemplateSpecArgs(
            metadata=metadata, spec=_pod(server, pods.release, match)
        ),
    )


def _roll_out(server: Server) -> k8s.apps.v1.RollingUpdateDeploymentArgs:
    """Return the rolling update: a new pod starts before a former one stops, except on GPUs.

    A new pod may never get a GPU while all are in use, so there one of the former pods stops first:
    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment.
    """
    full = 1 if server.pool is not None else 0
    return k8s.apps.v1.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=full)


def released_deployment(server: Server) -> dict[str, Any]:
    """Return the manifest of the Deployment that the pipeline releases, without its image.

    `replicas` is for the first release; later ones keep what the autoscaler has set.
    """
    (pods,) = tracks(server.config)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": server.model, "labels": labels(server.stack, server.model)},
        "spec": {**kubernetes.manifest(deployment(server, pods)), "replicas": pods.least},
    }


def _pod(
    server: Server, release: ReleaseConfig | None, match: Mapping[str, str]
) -> k8s.core.v1.PodSpecArgs:
    pool = server.pool
    scratch = k8s.core.v1.VolumeArgs(
        name="scratch", empty_dir=k8s.core.v1.EmptyDirVolumeSourceArgs(size_limit="2Gi")
    )
    return k8s.core.v1.PodSpecArgs(
        service_account_name=SERVICE_ACCOUNT,
        automount_service_account_token=False,
        security_context=kubernetes.restricted_pod(kubernetes.NOBODY),
        containers=[_container(server, release)],
        volumes=[scratch, *_secret_volumes(server.config.mounts)],
        topology_spread_constraints=[
            kubernetes.spread(match, key) for key in (kubernetes.ZONE, kubernetes.NODE)
        ],
        termination_grace_period_seconds=60,
        node_selector=dict(pool.node_selector) if pool else None,
        tolerations=[k8s.core.v1.TolerationArgs(**toleration(pool))] if pool else None,
    )


def _container(server: Server, release: ReleaseConfig | None) -> k8s.core.v1.ContainerArgs:
    config = server.config
    size = {"cpu": str(config.cpu), "memory": config.memory}
    if server.pool is not None:
        size |= gpu_request(server.pool)
    probe = k8s.core.v1.HTTPGetActionArgs(path="/ping", port="http")
    return k8s.core.v1.ContainerArgs(
        name=CONTAINER,
        image=f"{server.registry}/{release.image}" if release else None,
        command=list(COMMAND),
        working_dir=HOME,
        env=kubernetes.environment(environment(config, server.region)),
        ports=[k8s.core.v1.ContainerPortArgs(name="http", container_port=PORT, protocol="TCP")],
        resources=k8s.core.v1.ResourceRequirementsArgs(requests=size, limits=size),
        security_context=kubernetes.restricted_container(read_only=True),
        volume_mounts=[
            k8s.core.v1.VolumeMountArgs(name="scratch", mount_path="/tmp"),
            *_secret_mounts(config.mounts),
        ],
        startup_probe=k8s.core.v1.ProbeArgs(
            http_get=probe,
            timeout_seconds=5,
            period_seconds=5,
            failure_threshold=-(-config.startup_timeout_seconds // 5),
        ),
        readiness_probe=k8s.core.v1.ProbeArgs(http_get=probe, timeout_seconds=5, period_seconds=5),
        liveness_probe=k8s.core.v1.ProbeArgs(
            http_get=probe, timeout_seconds=5, period_seconds=20, failure_threshold=3
        ),
    )


def _secret_volumes(secrets: Sequence[str]) -> list[k8s.core.v1.VolumeArgs]:
    return [
        k8s.core.v1.VolumeArgs(
            name=volume["name"],
            csi=k8s.core.v1.CSIVolumeSourceArgs(
                driver=volume["csi"]["driver"],
                read_only=volume["csi"]["readOnly"],
                volume_attributes=volume["csi"]["volumeAttributes"],
            ),
        )
        for volume in mounts.volumes(secrets)
    ]


def _secret_mounts(secrets: Sequence[str]) -> list[k8s.core.v1.VolumeMountArgs]:
    return [
        k8s.core.v1.VolumeMountArgs(
            name=mount["name"], mount_path=mount["mountPath"], read_only=mount["readOnly"]
        )
        for mount in mounts.volume_mounts(secrets)
    ]


def autoscaler(
    config: ModelServerConfig, pods: Pods, model: str
) -> k8s.autoscaling.v2.HorizontalPodAutoscalerSpecArgs:
    """Return the specification of the autoscaler of one version's pods."""
    target = k8s.autoscaling.v2.MetricTargetArgs(
        type="Utilization", average_utilization=config.replicas.cpu_percent
    )
    return k8s.autoscaling.v2.HorizontalPodAutoscalerSpecArgs(
        scale_target_ref=k8s.autoscaling.v2.CrossVersionObjectReferenceArgs(
            api_version="apps/v1", kind="Deployment", name=deployment_name(model, pods.track)
        ),
        min_replicas=pods.least,
        max_replicas=pods.most,
        metrics=[
            k8s.autoscaling.v2.MetricSpecArgs(
                type="Resource",
                resource=k8s.autoscaling.v2.ResourceMetricSourceArgs(name="cpu", target=target),
            )
        ],
    )


def service(stack: StackId, model: str) -> k8s.core.v1.ServiceSpecArgs:
    """Return the specification of the Service of a model, for all of its versions."""
    port = k8s.core.v1.ServicePortArgs(name="http", port=PORT, target_port="http", protocol="TCP")
    return k8s.core.v1.ServiceSpecArgs(selector=selector(stack, model), ports=[port])


def disruption_budget(stack: StackId, model: str) -> k8s.policy.v1.PodDisruptionBudgetSpecArgs:
    """Return the budget that lets maintenance evict one pod of a model at a time."""
    match = k8s.meta.v1.LabelSelectorArgs(match_labels=selector(stack, model))
    return k8s.policy.v1.PodDisruptionBudgetSpecArgs(max_unavailable=1, selector=match)


def ingress_policy(
    stack: StackId, model: str, callers: Sequence[str]
) -> k8s.networking.v1.NetworkPolicySpecArgs:
    """Return the policy that allows only the project's own pods and the callers' namespaces."""
    peers = [k8s.networking.v1.NetworkPolicyPeerArgs(pod_selector=k8s.meta.v1.LabelSelectorArgs())]
    if callers:
        named = k8s.meta.v1.LabelSelectorRequirementArgs(
            key="kubernetes.io/metadata.name", operator="In", values=sorted(callers)
        )
        namespaces = k8s.meta.v1.LabelSelectorArgs(match_expressions=[named])
        peers.append(k8s.networking.v1.NetworkPolicyPeerArgs(namespace_selector=namespaces))
    return k8s.networking.v1.NetworkPolicySpecArgs(
        pod_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=selector(stack, model)),
        policy_types=["Ingress"],
        ingress=[
            k8s.networking.v1.NetworkPolicyIngressRuleArgs(
                from_=peers,
                ports=[k8s.networking.v1.NetworkPolicyPortArgs(port=PORT, protocol="TCP")],
            )
        ],
    )
