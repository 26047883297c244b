"""Queues: Kueue's own definitions are in the cluster, and its API server judges what is declared.

Kueue itself does not run here, so nothing is admitted; its definitions come from its Go module.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
import yaml
from kubernetes import client

from stackyard import kubernetes
from stackyard.blueprints.contracts import GpuPoolFacts, ServicesContract
from stackyard.namespace.config import NamespaceConfig, QuotaConfig
from stackyard.naming import StackId
from stackyard.onprem.config import OnPremPoolConfig, TrainingJobConfig
from stackyard.onprem.contract import pool_facts
from stackyard.onprem.job import manifest
from stackyard.queueing.component import ProjectQueue, StageQueues
from stackyard_sandbox import toolchain

from .conftest import Estate

STACK = StackId("vision", "defects", "dev")
NAMESPACE = "vision-defects-dev"
PLACE = {"group": "kueue.x-k8s.io", "version": "v1beta2"}
POOLS: dict[str, GpuPoolFacts] = {
    "training": pool_facts("training", OnPremPoolConfig(gpus_per_node=8, nodes=2)),
    "small": pool_facts("small", OnPremPoolConfig(gpus_per_node=1, nodes=2)),
}
CONFIG = NamespaceConfig(quota=QuotaConfig(cpu=8, memory="32Gi", gpus=4), queue_weight=3)


@pytest.fixture(scope="module")
def defined(api: client.ApiClient) -> Iterator[None]:
    definitions = client.ApiextensionsV1Api(api)
    names = []
    for file in toolchain.kueue_definitions():
        text = yaml.safe_load(file.read_text())
        names.append(text["metadata"]["name"])
        definitions.create_custom_resource_definition(text)
    for name in names:
        _wait_until_served(definitions, name)
    yield
    for name in names:
        definitions.delete_custom_resource_definition(name)


def _wait_until_served(definitions: Any, name: str) -> None:
    for _ in range(100):
        found = definitions.read_custom_resource_definition(name).status.conditions or []
        if any(one.type == "Established" and one.status == "True" for one in found):
            return
        time.sleep(0.1)
    raise AssertionError(f"{name} is not served")


def declare(provider: k8s.Provider) -> None:
    opts = pulumi.ResourceOptions(providers=[provider])
    stage = StageQueues("queues", stack=STACK, pools=POOLS, opts=opts)
    space = k8s.core.v1.Namespace(
        "space",
        metadata={"name": NAMESPACE, "labels": kubernetes.labels(STACK, "namespace")},
        opts=pulumi.ResourceOptions(provider=provider),
    )
    after = pulumi.ResourceOptions(providers=[provider], depends_on=[stage])
    ProjectQueue(
        "queue", CONFIG, stack=STACK, pools=POOLS, namespace=space.metadata.name, opts=after
    )


def test_the_api_server_takes_queues_and_a_job_waits_in_one(
    defined: None, api: client.ApiClient, estate: Estate
) -> None:
    estate.program = declare
    # Three flavors, a cohort and two queues; two components and the namespace; provider and stack.
    assert estate.up() == {"create": 11}
    assert set(estate.preview()) == {"same"}

    objects = client.CustomObjectsApi(api)
    flavors: Any = objects.list_cluster_custom_object(**PLACE, plural="resourceflavors")
    labels = {one["metadata"]["name"]: one["spec"].get("nodeLabels") for one in flavors["items"]}
    assert labels == {
        "general": None,
        "gpu-small": {"stackyard.dev/gpu-pool": "small"},
        "gpu-training": {"stackyard.dev/gpu-pool": "training"},
    }
    cohort: Any = objects.get_cluster_custom_object(**PLACE, plural="cohorts", name="stackyard")
    assert gpus(cohort, "nominalQuota") == {"gpu-small": "2", "gpu-training": "16"}
    queue: Any = objects.get_cluster_custom_object(**PLACE, plural="clusterqueues", name=NAMESPACE)
    assert gpus(queue, "nominalQuota") == {"gpu-small": "0", "gpu-training": "0"}
    assert gpus(queue, "borrowingLimit") == {"gpu-small": "2", "gpu-training": "4"}
    assert queue["spec"]["fairSharing"] == {"weight": "3"}
    local: Any = objects.get_namespaced_custom_object(
        **PLACE, plural="localqueues", namespace=NAMESPACE, name="default"
    )
    assert local["spec"]["clusterQueue"] == NAMESPACE

    made = client.BatchV1Api(api).create_namespaced_job(NAMESPACE, queued_job())
    assert made.metadata.labels["kueue.x-k8s.io/queue-name"] == "default"
    assert _state(api, made.metadata.name) == "Suspended"


def _state(api: client.ApiClient, job: str) -> str:
    """Wait for the Job controller's word about a job."""
    for _ in range(100):
        told = client.BatchV1Api(api).read_namespaced_job(job, NAMESPACE).status.conditions or []
        for one in told:
            if one.status == "True":
                return str(one.type)
        time.sleep(0.1)
    return "nothing said"


def gpus(found: Any, which: str) -> dict[str, str]:
    (group,) = (
        one for one in found["spec"]["resourceGroups"] if "cpu" not in one["coveredResources"]
    )
    return {one["name"]: one["resources"][0][which] for one in group["flavors"]}


def queued_job() -> Any:
    services = ServicesContract(
        version=1,
        stage="dev",
        cluster_name="c",
        priority_classes=[],
        registry="registry.example",
        queueing="kueue",
    )
    job = TrainingJobConfig(image="vision/fit:1", command=["fit"], gpus=1, gpu_pool="training")
    text = manifest(STACK, "fit", job, services=services, pool=POOLS["training"])
    return yaml.safe_load(text)
