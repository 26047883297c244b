"""Queues with Kueue itself: who gets the GPUs when two projects want more than there are.

What is declared here is what the blueprints declare, and jobs are as `stackyard train render`
prints them. The GPU nodes of the pool `training` have no kubelet at all, so jobs there last until
a test ends them; those of `small` are kwok's, where a job is done at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
import yaml
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from stackyard.cluster.priorities import PriorityClasses
from stackyard.namespace.component import ProjectNamespace
from stackyard.namespace.config import NamespaceConfig, QuotaConfig
from stackyard.naming import StackId, namespace_name
from stackyard.onprem.config import OnPremPoolConfig, TrainingJobConfig
from stackyard.onprem.contract import pool_ref
from stackyard.onprem.job import manifest
from stackyard.queueing.component import ProjectQueue, StageQueues
from stackyard.references import GpuPoolRef
from stackyard_sandbox import toolchain
from stackyard_sandbox.control_plane import ControlPlane

from . import kueue
from .conftest import ClusterStack
from .kueue import until

STAGE = StackId("platform", "services", "dev")
VISION, RANKING = StackId("vision", "defects", "dev"), StackId("ranking", "recommender", "dev")
POOLS: dict[str, GpuPoolRef] = {
    "training": pool_ref("training", OnPremPoolConfig(gpus_per_node=8, nodes=2)),
    "small": pool_ref("small", OnPremPoolConfig(gpus_per_node=1, nodes=2)),
}
ROOM: dict[str, Any] = {"cpu": 64, "memory": "128Gi"}
PROJECTS = {
    VISION: NamespaceConfig(quota=QuotaConfig(gpus=14, **ROOM), queue_weight=3),
    RANKING: NamespaceConfig(quota=QuotaConfig(gpus=16, **ROOM)),
}
LABEL = "kueue.x-k8s.io/queue-name"
PLACE = {"group": "kueue.x-k8s.io", "version": "v1beta2"}


def declare(provider: k8s.Provider) -> None:
    opts = pulumi.ResourceOptions(providers=[provider])
    stage = [
        PriorityClasses("priorities", stack=STAGE, opts=opts),
        StageQueues("queues", stack=STAGE, pools=POOLS, opts=opts),
    ]
    after = pulumi.ResourceOptions(providers=[provider], depends_on=stage)
    for stack, config in PROJECTS.items():
        space = ProjectNamespace(
            f"{stack.team}-space",
            config,
            stack=stack,
            eks=None,
            gpu_resources=["nvidia.com/gpu"],
            rules={},
            opts=after,
        )
        ProjectQueue(
            f"{stack.team}-queue",
            config,
            stack=stack,
            pools=POOLS,
            namespace=space.namespace,
            opts=after,
        )


class Queues:
    """The two projects' jobs, and the hands of the kubelets that are not there."""

    def __init__(self, api: client.ApiClient, stack: ClusterStack) -> None:
        self.api, self.stack = api, stack
        self._batch, self._core = client.BatchV1Api(api), client.CoreV1Api(api)

    def submit(self, stack: StackId, count: int = 1, **job: Any) -> list[str]:
        """Create rendered jobs; return their names."""
        body, where = rendered(stack, **job), namespace_name(stack)
        made = [self._batch.create_namespaced_job(where, body) for _ in range(count)]
        return [one.metadata.name for one in made]

    def job(self, stack: StackId, name: str) -> Any:
        return self._batch.read_namespaced_job(name, namespace_name(stack))

    def admitted(self, stack: StackId) -> list[str]:
        """Return the jobs that Kueue lets run now, oldest first."""
        jobs = self._batch.list_namespaced_job(namespace_name(stack)).items
        jobs.sort(key=lambda one: (one.metadata.creation_timestamp, one.metadata.name))
        return [one.metadata.name for one in jobs if not one.spec.suspend]

    def running(self, stack: StackId) -> int:
        """Count the pods that have a node; those that are to end there do."""
        bound = 0
        for pod in self._core.list_namespaced_pod(namespace_name(stack)).items:
            if pod.metadata.deletion_timestamp is not None:
                self._end(pod)
            elif pod.spec.node_name is not None:
                bound += 1
        return bound

    def shares(self) -> tuple[int, int]:
        """Return how many jobs of each project have their pod on a node, those of vision first."""
        return self.running(VISION), self.running(RANKING)

    def why(self, stack: StackId, job: str, condition: str) -> tuple[str, str]:
        """Return reason and message of a condition of a job's workload."""
        found: Any = client.CustomObjectsApi(self.api).list_namespaced_custom_object(
            **PLACE, namespace=namespace_name(stack), plural="workloads"
        )
        for one in found["items"]:
            if one["metadata"]["ownerReferences"][0]["name"] == job:
                for told in one.get("status", {}).get("conditions", []):
                    if told["type"] == condition:
                        return told["reason"], told["message"]
        return "", ""

    def leave(self, stack: StackId) -> None:
        """Delete all jobs of a project."""
        self._batch.delete_collection_namespaced_job(
            namespace_name(stack), propagation_policy="Background"
        )

    def _end(self, pod: Any) -> None:
        of = pod.metadata
        with suppress(ApiException):
            self._core.delete_namespaced_pod(of.name, of.namespace, grace_period_seconds=0)


@pytest.fixture(scope="module")
def running(
    plane: ControlPlane, api: client.ApiClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Kueue, and the nodes of both pools."""
    toolchain.build(["kueue"], progress=print)
    for number in range(2):
        _add_node_without_kubelet(api, f"training-{number}", POOLS["training"])
        small = POOLS["small"]
        taint = {"key": small.taint_key, "value": small.taint_value, "effect": "NoSchedule"}
        room = {"cpu": "8", "memory": "32Gi", small.resource: "1"}
        plane.add_node(f"small-{number}", small.node_selector, [taint], room)
    with kueue.running(plane, api, tmp_path_factory.mktemp("kueue")):
        yield
    for number in range(2):
        plane.remove_node(f"small-{number}")


@pytest.fixture
def queues(
    running: None, api: client.ApiClient, stack: ClusterStack, plane: ControlPlane
) -> Iterator[Queues]:
    """Everything declared, applied by the engine; destroyed with jobs in it, as projects are."""
    stack.program = declare
    stack.up()
    yield Queues(api, stack)
    for number in range(2):
        # Where no kubelet ends the pods, the end of their namespaces would wait for ever.
        plane.remove_node(f"training-{number}")


def test_two_projects_share_gpus_by_weight_and_within_their_quotas(queues: Queues) -> None:
    # Nothing that Kueue adds to the objects looks like a change.
    assert set(queues.stack.preview()) == {"same"}

    _a_job_starts_where_its_flavor_says(queues)
    waits = _what_the_cohort_lacks_stays_suspended(queues)
    _who_borrowed_most_for_its_weight_gives_back(queues, waits)
    _no_project_goes_beyond_its_quota(queues)
    _jobs_without_a_label_wait_too(queues)
    _jobs_of_the_small_pool_are_done_one_after_the_other(queues)


def _a_job_starts_where_its_flavor_says(queues: Queues) -> None:
    (name,) = queues.submit(RANKING)
    until("the pod has a node", lambda: queues.running(RANKING) == 1)
    assert queues.why(RANKING, name, "Admitted")[0] == "Admitted"
    assert queues.job(RANKING, name).spec.suspend is False
    pods = client.CoreV1Api(queues.api).list_namespaced_pod(namespace_name(RANKING)).items
    assert pods[0].spec.node_name.startswith("training-")
    assert pods[0].spec.node_selector == {"stackyard.dev/gpu-pool": "training"}


def _what_the_cohort_lacks_stays_suspended(queues: Queues) -> str:
    """There are 16 GPUs, and nobody else wants any: one project may have them all."""
    queues.submit(RANKING, 7)
    until("all GPUs are taken", lambda: queues.shares() == (0, 8))
    (waits,) = queues.submit(RANKING)
    until("Kueue says why it waits", lambda: queues.why(RANKING, waits, "QuotaReserved")[1])
    assert "nvidia.com/gpu" in queues.why(RANKING, waits, "QuotaReserved")[1]
    assert queues.job(RANKING, waits).spec.suspend is True
    return waits


def _who_borrowed_most_for_its_weight_gives_back(queues: Queues, waits: str) -> None:
    """Weights 3 and 1, two GPUs a job: of eight jobs six and two run, and it stays so."""
    before = queues.admitted(RANKING)
    queues.submit(VISION, 8)
    until("shares are 3:1", lambda: queues.shares() == (6, 2))
    time.sleep(2)
    assert queues.shares() == (6, 2)
    assert len(queues.admitted(VISION)) == 6
    kept = queues.admitted(RANKING)
    assert set(kept) < set(before)
    (gave, *_) = sorted(set(before) - set(kept))
    assert queues.why(RANKING, gave, "Preempted")[0] == "InCohortFairSharing"
    assert queues.job(RANKING, waits).spec.suspend is True


def _no_project_goes_beyond_its_quota(queues: Queues) -> None:
    """Once the other wants nothing, a project with a quota of 14 gets 14 of 16 GPUs."""
    queues.leave(RANKING)
    until("the quota is used", lambda: queues.shares() == (7, 0))
    time.sleep(1)
    assert queues.shares() == (7, 0)
    assert len(queues.admitted(VISION)) == 7


def _jobs_without_a_label_wait_too(queues: Queues) -> None:
    """The namespace's queue has the name that Kueue gives jobs to that name none."""
    body = rendered(VISION)
    del body["metadata"]["labels"][LABEL]
    del body["spec"]["suspend"]
    made = client.BatchV1Api(queues.api).create_namespaced_job(namespace_name(VISION), body)
    assert made.metadata.labels[LABEL] == "default"
    assert made.spec.suspend is True


def _jobs_of_the_small_pool_are_done_one_after_the_other(queues: Queues) -> None:
    """What one job gives back when it is done, the next one gets."""
    jobs = queues.submit(RANKING, 4, gpus=1, gpu_pool="small")
    until("all are done", lambda: all(queues.job(RANKING, name).status.succeeded for name in jobs))


def rendered(stack: StackId, *, gpus: int = 2, gpu_pool: str = "training") -> Any:
    job = TrainingJobConfig(
        image="vision/fit:1", command=["fit"], gpus=gpus, gpu_pool=gpu_pool, cpu=1, memory="1Gi"
    )
    registry, pool = "registry.example", POOLS[gpu_pool]
    text = manifest(stack, "fit", job, registry=registry, queued=True, pool=pool)
    return yaml.safe_load(text)


def _add_node_without_kubelet(api: client.ApiClient, name: str, facts: GpuPoolRef) -> None:
    taint = {"key": facts.taint_key, "value": facts.taint_value, "effect": "NoSchedule"}
    metadata = {"name": name, "labels": {**facts.node_selector}}
    core = client.CoreV1Api(api)
    core.create_node({"metadata": metadata, "spec": {"taints": [taint]}})
    room = {"cpu": "64", "memory": "128Gi", "pods": "110", facts.resource: str(facts.gpus_per_node)}
    ready = {"type": "Ready", "status": "True", "reason": "Test", "message": "says the test"}
    status = {"capacity": room, "allocatable": room, "conditions": [ready]}
    core.patch_node_status(name, {"status": status})
