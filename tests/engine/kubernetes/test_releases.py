"""Helm releases under the real engine, in a real API server."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from kubernetes import client

from stackyard.karpenter.component import CHART
from stackyard.karpenter.versions import VERSION
from stackyard_sandbox import toolchain

from .conftest import ClusterStack

# On a machine without the tools, the first test waits for their build.
pytestmark = pytest.mark.timeout(1800)

RECORD = "sh.helm.release.v1.karpenter-crd.v1"
POOLS = "nodepools.karpenter.sh"
POOL = {
    "template": {
        "spec": {
            "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "x"},
            "requirements": [],
        }
    }
}


@pytest.fixture
def release(stack: ClusterStack) -> ClusterStack:
    """A stack with the release of the definitions, and a pool that needs them."""
    toolchain.build(["karpenter"], progress=print)
    stack.settings["helm_release_settings"] = k8s.HelmReleaseSettingsArgs(driver="configmap")
    stack.program = program()
    return stack


def program(version: str = VERSION, *, pool: bool = False) -> Any:
    def declare(cluster: k8s.Provider) -> None:
        made = k8s.helm.v3.Release(
            "definitions",
            name="karpenter-crd",
            namespace="default",
            chart=CHART,
            version=version,
            timeout=60,
            opts=pulumi.ResourceOptions(provider=cluster),
        )
        if pool:
            k8s.apiextensions.CustomResource(
                "pool",
                api_version="karpenter.sh/v1",
                kind="NodePool",
                metadata={"name": "tried"},
                spec=POOL,
                opts=pulumi.ResourceOptions(provider=cluster, depends_on=[made]),
            )

    return declare


def definitions(api: Any) -> set[str]:
    found = client.ApiextensionsV1Api(api).list_custom_resource_definition().items
    return {one.metadata.name for one in found if "karpenter" in one.metadata.name}


def records(api: Any) -> list[Any]:
    found = client.CoreV1Api(api).list_namespaced_config_map("default", label_selector="owner=helm")
    return list(found.items)


def test_a_release_brings_its_kinds_is_quiet_when_unchanged_and_goes(
    release: ClusterStack, api: Any
) -> None:
    release.program = program(pool=True)
    assert "definitions" in release.steps()
    release.up()
    assert len(definitions(api)) == 4
    assert [one.metadata.name for one in records(api)] == [RECORD]
    custom = client.CustomObjectsApi(api)
    pools = custom.list_cluster_custom_object("karpenter.sh", "v1", "nodepools")["items"]
    assert [one["metadata"]["name"] for one in pools] == ["tried"]
    assert release.steps() == {}
    assert release.steps(refresh=True) == {}
    release.destroy()
    assert (definitions(api), records(api)) == (set(), [])


def test_a_lost_record_is_written_again_but_nothing_of_others_is_taken_over(
    release: ClusterStack, api: Any
) -> None:
    core, extensions = client.CoreV1Api(api), client.ApiextensionsV1Api(api)
    release.up()
    core.delete_namespaced_config_map(RECORD, "default")
    release.refresh()
    assert release.steps()["definitions"][0] == "create"
    extensions.patch_custom_resource_definition(POOLS, managed_by("somebody"))
    assert "cannot be imported into the current release" in release.error(release.up)
    assert records(api) == []
    extensions.patch_custom_resource_definition(POOLS, managed_by("Helm"))
    release.up()
    assert len(records(api)) == 1


def managed_by(name: str) -> Any:
    return {"metadata": {"labels": {"app.kubernetes.io/managed-by": name}}}


def test_another_version_is_not_found_before_anything_is_changed(
    release: ClusterStack, api: Any
) -> None:
    release.program = program("1.12.1")
    text = f"karpenter-crd:1.12.1: not found; the sandbox has karpenter-crd {VERSION}"
    assert text in release.refused()
    assert (definitions(api), records(api)) == (set(), [])
