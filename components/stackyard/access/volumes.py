"""Shared directories as volumes of a cluster: which namespace may claim each, and who mounts it.

The EFS driver mounts with the identity of its own node pods (mount option `iam`), never with that
of the pod that uses the volume. So the file system admits the driver, by access point, and the
claim decides which namespace has a directory:
https://github.com/kubernetes-sigs/aws-efs-csi-driver/blob/master/docs/README.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.config import Config
from stackyard.naming import StackId, fitted, namespace_name

DRIVER = "efs.csi.aws.com"
MOUNT_OPTIONS = ("tls", "iam")
"""Encrypted, and signed by the driver's role; without `iam` the file system denies the mount."""

SIZE = "1Gi"
"""EFS has no size, and Kubernetes wants one; it counts against the namespace's storage quota."""

VOLUME_NAME_LIMIT = 253
"""Longest name of a volume (an RFC 1123 subdomain)."""


class SharedVolumes(Component):
    """A PersistentVolume for each shared directory, and its claim in the project's namespace."""

    TYPE: ClassVar[str] = "stackyard:index:SharedVolumes"

    claims: dict[str, pulumi.Output[str]]
    """Name of the PersistentVolumeClaim by directory, for pods of the namespace."""

    def __init__(
        self,
        name: str,
        *,
        stack: StackId,
        directories: Iterable[str],
        file_system: pulumi.Input[str],
        access_points: Mapping[str, pulumi.Input[str]],
        namespace: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the file system's id, access point ids by directory, and the namespace."""
        super().__init__(name, Config(), opts=opts)
        self._stack, self._namespace = stack, namespace
        self.claims = {
            key: self._make(key, pulumi.Output.concat(file_system, "::", access_points[key]))
            for key in directories
        }
        self.publish()

    def _make(self, directory: str, handle: pulumi.Output[str]) -> pulumi.Output[str]:
        claim = f"shared-{directory}"
        labels = kubernetes.labels(self._stack, "shared-directory")
        volume = k8s.core.v1.PersistentVolume(
            self.named(directory),
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=fitted(f"{self._stack.slug}-{claim}", VOLUME_NAME_LIMIT), labels=labels
            ),
            spec=volume_spec(handle, namespace_name(self._stack), claim),
            opts=self.child(),
        )
        made = k8s.core.v1.PersistentVolumeClaim(
            self.named(f"{directory}-claim"),
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=claim, namespace=self._namespace, labels=labels
            ),
            spec=k8s.core.v1.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteMany"],
                storage_class_name="",
                volume_name=volume.metadata.name,
                resources=k8s.core.v1.VolumeResourceRequirementsArgs(requests={"storage": SIZE}),
            ),
            opts=self.child(),
        )
        return made.metadata.apply(lambda metadata: str(metadata.name))


def volume_spec(
    handle: pulumi.Input[str], namespace: str, claim: str
) -> k8s.core.v1.PersistentVolumeSpecArgs:
    """Return a volume that only one claim of one namespace can have.

    https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reserving-a-persistentvolume
    """
    return k8s.core.v1.PersistentVolumeSpecArgs(
        access_modes=["ReadWriteMany"],
        capacity={"storage": SIZE},
        claim_ref=k8s.core.v1.ObjectReferenceArgs(namespace=namespace, name=claim),
        csi=k8s.core.v1.CSIPersistentVolumeSourceArgs(driver=DRIVER, volume_handle=handle),
        mount_options=list(MOUNT_OPTIONS),
        persistent_volume_reclaim_policy="Retain",
        storage_class_name="",
    )
