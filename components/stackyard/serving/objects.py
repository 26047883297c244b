"""The objects of a served model as plain data: pods, autoscaler, budget, address, wall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from stackyard import kubernetes
from stackyard.contracts import GpuPoolFacts
from stackyard.gpu.contract import gpu_request, placement
from stackyard.naming import StackId
from stackyard.serving.config import ModelServerConfig, ReleaseConfig
from stackyard.serving.traffic import Split
from stackyard.vault import mounts

PORT = 8080
CONTAINER = "server"
"""Name of the container that a release changes the image of."""

SERVICE_ACCOUNT = "server"
"""Model servers' account in the namespace; its IAM role is the workload `server`."""

HOME = "/opt/stackyard"
"""Where the image keeps the model, in the directory `model`, in MLflow's format."""

VERSION = "stackyard.dev/version"
"""Annotation: the version in the registry that serves."""

Track = Literal["stable", "canary"]

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Pods:
    """The pods of one version: how many, and what they are called."""

    track: Track
    least: int
    most: int
    release: ReleaseConfig | None
    """None where the pipeline sets the image."""


def tracks(config: ModelServerConfig) -> list[Pods]:
    """Return the versions that serve, with their shares of the pods."""
    least, most = config.replicas.min, config.replicas.max
    if config.canary is None:
        return [Pods("stable", least, most, config.release)]
    low, high = Split.of(least, config.canary.weight), Split.of(most, config.canary.weight)
    return [
        Pods("stable", low.stable, max(low.stable, high.stable), config.release),
        Pods("canary", low.canary, max(low.canary, high.canary), config.canary),
    ]


def deployment_name(model: str, track: Track) -> str:
    """Return the name of the Deployment of one version."""
    return model if track == "stable" else f"{model}-canary"


def selector(stack: StackId, model: str, track: Track | None = None) -> dict[str, str]:
    """Return the labels that find the pods of a model, or of one of its versions."""
    return kubernetes.selector(stack, "serving", model=model, **({"track": track} if track else {}))


def labels(stack: StackId, model: str, track: Track | None = None) -> dict[str, str]:
    """Return the labels of the objects of a model."""
    return kubernetes.labels(stack, "serving", model=model, **({"track": track} if track else {}))


COMMAND = ("mlflow", "models", "serve", "--model-uri", "model", "--env-manager", "local")
"""What serves: MLflow's own server, with the packages that are in the image. Source:
https://mlflow.org/docs/latest/api_reference/cli.html#mlflow-models-serve."""


def environment(config: ModelServerConfig, region: str) -> dict[str, str]:
    """Return the environment of a model server; the variables are those of its command."""
    return {
        "AWS_REGION": region,
        "HOME": "/tmp",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HOST": "0.0.0.0",
        "MLFLOW_MODELS_WORKERS": str(config.workers),
        "MLFLOW_PORT": str(PORT),
        "PYTHONUNBUFFERED": "1",
    }


def deployment(
    config: ModelServerConfig,
    pods: Pods,
    *,
    stack: StackId,
    model: str,
    registry: str,
    region: str,
    pool: GpuPoolFacts | None,
) -> Manifest:
    """Return the specification of a Deployment.

    `replicas` is left to the autoscaler where it has a choice. The image is left out where the
    pipeline releases. A new version's next pod may have to wait for a node, hence five minutes more
    than the model takes.
    """
    match = selector(stack, model, pods.track)
    metadata: Manifest = {"labels": labels(stack, model, pods.track)}
    if pods.release is not None:
        metadata["annotations"] = {VERSION: pods.release.version}
    return {
        **({"replicas": pods.least} if pods.least == pods.most else {}),
        "selector": {"matchLabels": match},
        "revisionHistoryLimit": 5,
        "progressDeadlineSeconds": config.startup_timeout_seconds + 300,
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
        },
        "template": {
            "metadata": metadata,
            "spec": _pod(config, pods, match, registry, region, pool),
        },
    }


def released_deployment(
    config: ModelServerConfig,
    *,
    stack: StackId,
    model: str,
    registry: str,
    region: str,
    pool: GpuPoolFacts | None,
) -> Manifest:
    """Return the Deployment that the pipeline releases, complete but for its image.

    `replicas` is for the first release; later ones keep what the autoscaler has made of it.
    """
    (pods,) = tracks(config)
    place: Manifest = {"stack": stack, "registry": registry, "region": region, "pool": pool}
    spec = deployment(config, pods, model=model, **place)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": model, "labels": labels(stack, model)},
        "spec": {**spec, "replicas": pods.least},
    }


def _pod(
    config: ModelServerConfig,
    pods: Pods,
    match: Mapping[str, str],
    registry: str,
    region: str,
    pool: GpuPoolFacts | None,
) -> Manifest:
    size = {"cpu": str(config.cpu), "memory": config.memory}
    gpus = gpu_request(pool) if pool else {}
    variables = environment(config, region)
    container: Manifest = {
        "name": CONTAINER,
        **({"image": f"{registry}/{pods.release.image}"} if pods.release else {}),
        "command": list(COMMAND),
        "workingDir": HOME,
        "env": [{"name": key, "value": value} for key, value in variables.items()],
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "resources": {"requests": {**size, **gpus}, "limits": {**size, **gpus}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "scratch", "mountPath": "/tmp"},
            *mounts.volume_mounts(config.mounts),
        ],
        **_probes(config.startup_timeout_seconds),
    }
    return {
        "serviceAccountName": SERVICE_ACCOUNT,
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": kubernetes.NOBODY,
            "fsGroup": kubernetes.NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "scratch", "emptyDir": {"sizeLimit": "2Gi"}},
            *mounts.volumes(config.mounts),
        ],
        "topologySpreadConstraints": _spread(match),
        "terminationGracePeriodSeconds": 60,
        **(placement(pool) if pool else {}),
    }


def _probes(startup_timeout_seconds: int) -> Manifest:
    check = {"httpGet": {"path": "/ping", "port": "http"}, "timeoutSeconds": 5}
    return {
        "startupProbe": {
            **check,
            "periodSeconds": 5,
            "failureThreshold": -(-startup_timeout_seconds // 5),
        },
        "readinessProbe": {**check, "periodSeconds": 5},
        "livenessProbe": {**check, "periodSeconds": 20, "failureThreshold": 3},
    }


def _spread(match: Mapping[str, str]) -> list[Manifest]:
    """Spread over zones, then over nodes, as far as there is room."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(match)},
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def autoscaler(config: ModelServerConfig, pods: Pods, model: str) -> Manifest:
    """Return the specification of the autoscaler of one version's pods."""
    use = {"type": "Utilization", "averageUtilization": config.replicas.cpu_percent}
    return {
        "scaleTargetRef": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": deployment_name(model, pods.track),
        },
        "minReplicas": pods.least,
        "maxReplicas": pods.most,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": use}}],
    }


def service(stack: StackId, model: str) -> Manifest:
    """Return the specification of the one address of a model, whatever version answers."""
    return {
        "selector": selector(stack, model),
        "ports": [{"name": "http", "port": PORT, "targetPort": "http", "protocol": "TCP"}],
    }


def wall(stack: StackId, model: str, callers: Sequence[str]) -> Manifest:
    """Return what lets the project's own pods and the callers in, and nobody else."""
    peers: list[Manifest] = [{"podSelector": {}}]
    if callers:
        named = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": sorted(callers)}
        peers.append({"namespaceSelector": {"matchExpressions": [named]}})
    return {
        "podSelector": {"matchLabels": selector(stack, model)},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": peers, "ports": [{"port": PORT, "protocol": "TCP"}]}],
    }


def host(namespace: str, model: str) -> str:
    """Return the address of a model in the cluster."""
    return f"http://{model}.{namespace}.svc.cluster.local:{PORT}"
