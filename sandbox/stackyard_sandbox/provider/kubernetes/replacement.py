"""Lists the changes of an object that need a replacement.

The table is the official provider's (`forceNew` in provider/pkg/provider/diff.go of
github.com/pulumi/pulumi-kubernetes), so that a preview here shows the replacements that a real
cluster would see, for example of a ConfigMap whose data changes.
"""

from __future__ import annotations

from collections.abc import Mapping

from stackyard_sandbox.provider.kubernetes.differences import Change, Path
from stackyard_sandbox.provider.kubernetes.kinds import Kind
from stackyard_sandbox.provider.protocol import Properties

IDENTITY = ("kind", "metadata.name", "metadata.namespace")
"""Properties that identify the object."""

_CONTAINER = (
    "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources "
    "securityContext stdin stdinOnce terminationMessagePath terminationMessagePolicy tty "
    "volumeDevices volumeMounts workingDir"
)
_POD = (
    "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases "
    "hostIPC hostNetwork hostPID hostname imagePullSecrets nodeName nodeSelector overhead "
    "preemptionPolicy priority priorityClassName readinessGates restartPolicy runtimeClassName "
    "schedulerName securityContext serviceAccount serviceAccountName shareProcessNamespace "
    "subdomain terminationGracePeriodSeconds volumes"
)
_VOLUME = (
    "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker "
    "gcePersistentDisk glusterfs hostPath iscsi local nfs photonPersistentDisk portworxVolume "
    "quobyte rbd scaleIO storageos vsphereVolume"
)
_STATEFUL_SET = "podManagementPolicy revisionHistoryLimit selector serviceName volumeClaimTemplates"


def _below(prefix: str, names: str) -> tuple[str, ...]:
    return tuple(f"{prefix}.{name}" for name in names.split())


IMMUTABLE: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("", "PersistentVolume"): _below("spec", _VOLUME),
    ("", "PersistentVolumeClaim"): _below(
        "spec", "accessModes selector storageClassName volumeName"
    ),
    ("", "Pod"): (
        *_below("spec", _POD),
        *_below("spec.containers.*", _CONTAINER),
        *_below("spec.initContainers.*", _CONTAINER),
    ),
    ("", "ResourceQuota"): ("spec.scopes",),
    ("", "Secret"): ("type",),
    ("", "Service"): ("spec.clusterIP",),
    ("apps", "DaemonSet"): ("spec.selector",),
    ("apps", "Deployment"): ("spec.selector",),
    ("apps", "StatefulSet"): _below("spec", _STATEFUL_SET),
    ("batch", "Job"): _below("spec", "completions parallelism selector template"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("storage.k8s.io", "StorageClass"): ("parameters", "provisioner"),
}
"""By group and kind, the properties (and all below them) that the API server never changes."""

DATA: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("", "ConfigMap"): ("binaryData", "data"),
    ("", "Secret"): ("data", "stringData", "type"),
}
"""Replaced unless the provider is configured to change them in place: pods do not notice a
change."""


def replaces(
    kind: Kind, old: Properties, new: Properties, mutable: frozenset[str], changes: list[Change]
) -> list[Change]:
    """Return the changes that require a new object; `mutable` names kinds with changeable data."""
    key = (kind.group, kind.name)
    rules = [*IDENTITY, *IMMUTABLE.get(key, ())]
    frozen = old.get("immutable") is True or new.get("immutable") is True
    if kind.name not in mutable or frozen:
        rules += DATA.get(key, ())
    result = [change for change in changes if any(_covers(rule, change.path) for rule in rules)]
    if _group(old) != _group(new):
        result += [change for change in changes if change.path == ("apiVersion",)]
    return result


def delete_first(old: Properties, new: Properties) -> bool:
    """Return whether the old object must be deleted first: the new one has its explicit name."""
    before, after = old.get("metadata") or {}, new.get("metadata") or {}
    same = all(before.get(key) == after.get(key) for key in ("name", "namespace"))
    return same and not is_autonamed(new)


def is_autonamed(inputs: Properties) -> bool:
    """Return whether the provider generated the name, so that a replacement gets another one."""
    metadata = inputs.get("metadata") or {}
    return bool((metadata.get("annotations") or {}).get(AUTONAMED) == "true")


AUTONAMED = "pulumi.com/autonamed"
"""The official provider's mark, https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/."""


def _covers(rule: str, path: Path) -> bool:
    steps = rule.split(".")
    if len(path) < len(steps):
        return False
    return all(step in ("*", name) for step, name in zip(steps, path, strict=False))


def _group(inputs: Properties) -> str:
    return str(inputs.get("apiVersion", "")).rpartition("/")[0]
