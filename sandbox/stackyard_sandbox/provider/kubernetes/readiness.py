"""Decides by kind whether an object is ready, and reports why it is not.

The rules are those that the official provider documents for its await logic
(https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/) with these differences: there
is no wait for an Ingress, nor for a claim whose class binds on first use, and a Service of type
LoadBalancer gets an address from the sandbox (see `balancer`), in place of the cloud.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from stackyard_sandbox.provider.kubernetes.client import Client, Object
from stackyard_sandbox.provider.kubernetes.kinds import Kind
from stackyard_sandbox.provider.kubernetes.pods import pod_problems, pods_of

BALANCER = {"status": {"loadBalancer": {"ingress": [{"hostname": "localhost"}]}}}
"""Status that the cloud's controller writes; load balancers of AWS have host names, not
addresses."""


@dataclass(frozen=True)
class Verdict:
    """State of an object: ready, waiting, or failed."""

    state: Literal["ready", "waiting", "failed"]
    reasons: tuple[str, ...] = ()


READY = Verdict("ready")


def waiting(*reasons: str) -> Verdict:
    """Return a verdict with the missing conditions."""
    return Verdict("waiting", tuple(reason for reason in reasons if reason))


Rule = Callable[[Client, Object], Verdict]


@dataclass(frozen=True)
class Wait:
    """The readiness check of a kind, and the default timeout in seconds."""

    rule: Rule
    seconds: float = 600.0


def wait_of(kind: Kind) -> Wait | None:
    """Return the wait of a kind; None: an object is ready as soon as it exists."""
    return WAITS.get((kind.group, kind.name))


def _observed(live: Object) -> bool:
    seen = live.get("status", {}).get("observedGeneration", 0)
    return bool(seen >= live["metadata"].get("generation", 0))


def _condition(live: Object, kind: str) -> Mapping[str, Any]:
    conditions = live.get("status", {}).get("conditions") or []
    return next((entry for entry in conditions if entry.get("type") == kind), {})


def _says(condition: Mapping[str, Any]) -> str:
    return ": ".join(str(condition[key]) for key in ("reason", "message") if condition.get(key))


def _deployment(client: Client, live: Object) -> Verdict:
    status, wanted = live.get("status", {}), live["spec"].get("replicas", 1)
    if not _observed(live):
        return waiting("the controller has not seen it yet")
    counts = {key: status.get(key, 0) for key in ("updatedReplicas", "availableReplicas")}
    if all(count >= wanted for count in counts.values()) and status.get("replicas", 0) <= wanted:
        return READY
    progress = _condition(live, "Progressing")
    available, updated = counts.values()
    reasons = (
        f"{available} of {wanted} replicas are available, {updated} are up to date",
        _says(_condition(live, "ReplicaFailure")),
        *pod_problems(pods_of(client, live)),
    )
    stuck = progress.get("reason") == "ProgressDeadlineExceeded"
    return Verdict("failed", (_says(progress), *reasons)) if stuck else waiting(*reasons)


def _stateful_set(client: Client, live: Object) -> Verdict:
    spec, status = live["spec"], live.get("status", {})
    wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    if not _observed(live):
        return waiting("the controller has not seen it yet")
    by_hand = spec.get("updateStrategy", {}).get("type") == "OnDelete"
    rolled_out = by_hand or status.get("currentRevision") == status.get("updateRevision")
    if ready >= wanted and rolled_out:
        return READY
    return waiting(f"{ready} of {wanted} replicas are ready", *pod_problems(pods_of(client, live)))


def _daemon_set(client: Client, live: Object) -> Verdict:
    status = live.get("status", {})
    if not _observed(live):
        return waiting("the controller has not seen it yet")
    wanted = status.get("desiredNumberScheduled", 0)
    by_hand = live["spec"].get("updateStrategy", {}).get("type") == "OnDelete"
    updated = wanted if by_hand else status.get("updatedNumberScheduled", 0)
    available = status.get("numberAvailable", 0)
    if updated >= wanted and available >= wanted:
        return READY
    text = f"{available} of {wanted} pods are available, {updated} are up to date"
    return waiting(text, *pod_problems(pods_of(client, live)))


def _job(client: Client, live: Object) -> Verdict:
    failed = _condition(live, "Failed")
    if failed.get("status") == "True":
        return Verdict("failed", (_says(failed), *pod_problems(pods_of(client, live))))
    done = _condition(live, "Complete").get("status") == "True"
    if done or live["spec"].get("suspend"):
        return READY
    status = live.get("status", {})
    text = f"{status.get('succeeded', 0)} pods succeeded, {status.get('active', 0)} are active"
    return waiting(text, *pod_problems(pods_of(client, live)))


def _pod(_client: Client, live: Object) -> Verdict:
    phase = live.get("status", {}).get("phase")
    if phase == "Succeeded" or _condition(live, "Ready").get("status") == "True":
        return READY
    reasons = pod_problems([live]) or (f"its phase is {phase}",)
    return Verdict("failed", reasons) if phase == "Failed" else waiting(*reasons)


def _service(client: Client, live: Object) -> Verdict:
    spec, metadata = live["spec"], live["metadata"]
    if spec.get("type") == "LoadBalancer" and not live["status"]["loadBalancer"].get("ingress"):
        path = client.resource("v1", "Service").path(metadata["namespace"], metadata["name"])
        client.merge(f"{path}/status", BALANCER)
        return waiting("it has no address yet")
    headless = spec.get("clusterIP") == "None" or spec.get("type") == "ExternalName"
    if headless or not spec.get("selector"):
        return READY
    slices = client.resource("discovery.k8s.io/v1", "EndpointSlice").path(metadata["namespace"])
    result = client.list(slices, f"kubernetes.io/service-name={metadata['name']}")
    endpoints = [endpoint for item in result for endpoint in item.get("endpoints") or []]
    if any(endpoint.get("conditions", {}).get("ready", True) for endpoint in endpoints):
        return READY
    return waiting("it targets no ready pod; `spec.selector` may match none")


def _claim(client: Client, live: Object) -> Verdict:
    if live.get("status", {}).get("phase") == "Bound":
        return READY
    name = live["spec"].get("storageClassName")
    resource = client.resource("storage.k8s.io/v1", "StorageClass")
    result = client.get(resource.path(None, name)) if name else None
    if result and result.get("volumeBindingMode") == "WaitForFirstConsumer":
        return READY
    return waiting("no volume is bound to it")


def _volume(_client: Client, live: Object) -> Verdict:
    phase = live.get("status", {}).get("phase")
    return READY if phase in ("Available", "Bound") else waiting(f"its phase is {phase}")


def _quota(_client: Client, live: Object) -> Verdict:
    hard = live["spec"].get("hard", {})
    return READY if live.get("status", {}).get("hard", {}) == hard else waiting("it is not counted")


def _definition(_client: Client, live: Object) -> Verdict:
    """Wait for a definition: until it is established, custom resources are refused."""
    established = _condition(live, "Established")
    if established.get("status") == "True":
        return READY
    return waiting(_says(_condition(live, "NamesAccepted")) or "it is not established yet")


WAITS: Mapping[tuple[str, str], Wait] = {
    ("", "PersistentVolume"): Wait(_volume, 300.0),
    ("", "PersistentVolumeClaim"): Wait(_claim, 300.0),
    ("", "Pod"): Wait(_pod),
    ("", "ResourceQuota"): Wait(_quota, 60.0),
    ("", "Service"): Wait(_service),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): Wait(_definition, 60.0),
    ("apps", "DaemonSet"): Wait(_daemon_set),
    ("apps", "Deployment"): Wait(_deployment),
    ("apps", "StatefulSet"): Wait(_stateful_set),
    ("batch", "Job"): Wait(_job),
}
