"""Volumes of shared directories on a real API server: one namespace has them, and no other."""

from __future__ import annotations

import time
from typing import Any

import pulumi_kubernetes as k8s
import pytest
from kubernetes import client

from stackyard.access.volumes import SharedVolumes
from stackyard.naming import StackId
from stackyard.run_settings import ComponentOptions, RunSettings

# On a machine without the tools, the first test waits for their build.
pytestmark = pytest.mark.timeout(1800)

STACK, NAMESPACE = StackId("vision", "defects", "dev"), "vision-defects-dev"
VOLUME = "vision-defects-dev-shared-scratch"


def phase(core: client.CoreV1Api, name: str, namespace: str) -> str:
    return str(core.read_namespaced_persistent_volume_claim(name, namespace).status.phase)


def test_a_volume_is_bound_to_the_claim_of_its_namespace_only(
    stack: Any, api: client.ApiClient
) -> None:
    core = client.CoreV1Api(api)
    claim = client.V1PersistentVolumeClaim(
        metadata=client.V1ObjectMeta(name="shared-scratch"),
        spec=client.V1PersistentVolumeClaimSpec(
            access_modes=["ReadWriteMany"],
            storage_class_name="",
            volume_name=VOLUME,
            resources=client.V1VolumeResourceRequirements(requests={"storage": "1Gi"}),
        ),
    )
    core.create_namespaced_persistent_volume_claim("default", claim)

    def program(cluster: k8s.Provider) -> None:
        opts = ComponentOptions(RunSettings(protect=False, retain=False), providers=[cluster])
        made = k8s.core.v1.Namespace("space", metadata={"name": NAMESPACE}, opts=opts)
        SharedVolumes(
            "shared-volumes",
            stack=STACK,
            directories=["scratch"],
            file_system="fs-0123456789abcdef0",
            access_points={"scratch": "fsap-0123456789abcdef0"},
            namespace=made.metadata["name"],
            opts=opts,
        )

    stack.program = program
    stack.up()
    volume = core.read_persistent_volume(VOLUME).spec
    assert volume.csi.volume_handle == "fs-0123456789abcdef0::fsap-0123456789abcdef0"
    assert volume.mount_options == ["tls", "iam"]
    for _ in range(60):
        if phase(core, "shared-scratch", NAMESPACE) == "Bound":
            break
        time.sleep(0.5)
    assert phase(core, "shared-scratch", NAMESPACE) == "Bound"
    assert phase(core, "shared-scratch", "default") == "Pending"
    core.delete_namespaced_persistent_volume_claim("shared-scratch", "default")
