"""What the real Karpenter does to jobs: interrupted, expired and drifted nodes, and EFA."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kubernetes import client

from stackyard import kubernetes
from stackyard.karpenter.objects import SPOT_SECONDS
from stackyard_sandbox.state import Sandbox
from tests.support.clients import Clients

from .karpenter_cluster import KarpenterCluster
from .karpenter_declared import efa_plugin
from .karpenter_pods import pod_template, until

EFA = "vpc.amazonaws.com/efa"
HELD = "stackyard.dev/held-by-a-test"


@pytest.fixture(scope="module")
def cluster(sandbox: Sandbox, aws: Clients) -> KarpenterCluster:
    """A cluster with Karpenter."""
    return KarpenterCluster(sandbox, aws)


@pytest.fixture
def pods(cluster: KarpenterCluster) -> Iterator[Callable[..., None]]:
    """Make GPU pods; in the end they are deleted, and their nodes go."""
    yield from cluster.gpu_pods()


def offered(cluster: KarpenterCluster, pool: str) -> list[dict[str, str]]:
    """What the nodes of a pool have."""
    return [node.status.capacity for node in cluster.nodes(pool)]


def test_a_pod_that_asks_for_efa_gets_a_node_with_all_interfaces_of_its_type(
    cluster: KarpenterCluster, pods: Callable[..., None]
) -> None:
    cluster.ready_pool("fabric", ["p4d.24xlarge"], limits={"nvidia.com/gpu": "8"})
    pods("meshed", "fabric", 8, limits={EFA: "2"})
    until(lambda: any("nvidia.com/gpu" in has for has in offered(cluster, "fabric")))
    # The plugin for GPUs offers no EFA.
    assert not any(EFA in has for has in offered(cluster, "fabric"))
    assert cluster.phase("meshed") == "Pending"
    apps = client.AppsV1Api(cluster.api)
    apps.create_namespaced_daemon_set("kube-system", efa_plugin())
    until(cluster.runs("meshed"))
    assert [has[EFA] for has in offered(cluster, "fabric")] == ["4"]


def test_the_security_group_of_a_cluster_admits_efa_in_both_directions(
    cluster: KarpenterCluster,
) -> None:
    described = cluster.aws("eks").describe_cluster(name="dev")["cluster"]
    group = described["resourcesVpcConfig"]["clusterSecurityGroupId"]
    (found,) = cluster.aws("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    for rules in (found["IpPermissions"], found["IpPermissionsEgress"]):
        own = [pair["GroupId"] for rule in rules for pair in rule["UserIdGroupPairs"]]
        assert own == [group]
        assert {rule["IpProtocol"] for rule in rules} == {"-1"}


def test_a_pod_that_asks_for_huge_pages_gets_no_node(
    cluster: KarpenterCluster, pods: Callable[..., None]
) -> None:
    """AWS's example for EFA asks for them; Karpenter counts none on a node that it would make."""
    cluster.ready_pool("huge", ["g5.8xlarge"])
    pods("paged", "huge", limits={"hugepages-2Mi": "512Mi", "memory": "1Gi", "cpu": "1"})

    def refused() -> bool:
        events = cluster.core.list_namespaced_event(
            "default", field_selector="involvedObject.name=paged,reason=FailedScheduling"
        ).items
        return any("no instance type" in str(each.message) for each in events)

    until(refused)
    assert cluster.claims("huge") == []


def test_an_expired_node_waits_for_its_job(
    cluster: KarpenterCluster, pods: Callable[..., None]
) -> None:
    cluster.ready_pool("short", ["g5.xlarge"], node={"expireAfter": "15s"}, limits={"cpu": "4"})
    pods("old", "short", undisturbed=True)
    until(cluster.runs("old"))
    until(lambda: "deletionTimestamp" in cluster.claims("short")[0]["metadata"])
    (before,) = cluster.instances()
    time.sleep(5)
    assert cluster.phase("old") == "Running"
    assert [each["InstanceId"] for each in cluster.instances()] == [before["InstanceId"]]
    cluster.core.delete_namespaced_pod("old", "default", grace_period_seconds=0)
    until(lambda: before["InstanceId"] not in [each["InstanceId"] for each in cluster.instances()])


def test_a_job_on_an_interrupted_spot_node_is_ended_in_time(
    cluster: KarpenterCluster, pods: Callable[..., None]
) -> None:
    """Without the grace period of the node, Karpenter would let the job run until AWS takes it."""
    node = {"terminationGracePeriod": f"{SPOT_SECONDS}s"}
    cluster.ready_pool("spot", ["g5.xlarge"], capacity=["spot"], node=node)
    grace = kubernetes.JOB_GRACE_SECONDS
    pods("fit", "spot", undisturbed=True, grace=grace, finalizers=[HELD])
    until(cluster.runs("fit"))
    try:
        (instance,) = cluster.instances()
        started = time.monotonic()
        cluster.interrupt(instance["InstanceId"])
        until(lambda: is_ending(cluster, "fit"), 40)
        # All of its grace period is within the two minutes after the warning; kwok uses none.
        assert time.monotonic() - started + grace < 120
    finally:
        cluster.core.patch_namespaced_pod("fit", "default", {"metadata": {"finalizers": None}})
    until(
        lambda: instance["InstanceId"] not in [each["InstanceId"] for each in cluster.instances()]
    )


def is_ending(cluster: KarpenterCluster, pod: str) -> bool:
    metadata = cluster.core.read_namespaced_pod(pod, "default").metadata
    return metadata.deletion_timestamp is not None


@pytest.mark.parametrize(("code", "counted"), [(kubernetes.TERMINATED, False), (1, True)])
def test_a_job_that_sigterm_ended_is_retried_and_not_counted(
    cluster: KarpenterCluster, code: int, counted: bool
) -> None:
    batch, name = client.BatchV1Api(cluster.api), f"code-{code}"
    template = pod_template("none")
    template["spec"] |= {"restartPolicy": "Never"}
    policy = dict(kubernetes.POD_FAILURE_POLICY)
    spec = {"backoffLimit": 0, "podFailurePolicy": policy, "template": template}
    batch.create_namespaced_job("default", {"metadata": {"name": name}, "spec": spec})
    try:
        (first,) = until(lambda: job_pods(cluster, name))
        ended(cluster, first.metadata.name, code)
        if counted:
            until(lambda: batch.read_namespaced_job(name, "default").status.failed == 1)
            return
        uid = first.metadata.uid
        until(lambda: [pod for pod in job_pods(cluster, name) if pod.metadata.uid != uid])
        assert not batch.read_namespaced_job(name, "default").status.failed
    finally:
        batch.delete_namespaced_job(name, "default", propagation_policy="Background")


def job_pods(cluster: KarpenterCluster, job: str) -> list[Any]:
    selector = f"batch.kubernetes.io/job-name={job}"
    return list(cluster.core.list_namespaced_pod("default", label_selector=selector).items)


def ended(cluster: KarpenterCluster, name: str, code: int) -> None:
    """Say of a pod what the kubelet says when its program has ended."""
    terminated = {"exitCode": code, "reason": "Error"}
    containers = [
        {
            "name": "main",
            "image": "example.invalid/none",
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"terminated": terminated},
        }
    ]
    status = {"phase": "Failed", "containerStatuses": containers}
    cluster.core.patch_namespaced_pod_status(name, "default", {"status": status})


@pytest.mark.long
def test_a_changed_image_replaces_nodes_one_after_the_other(cluster: KarpenterCluster) -> None:
    cluster.ready_pool(
        "serving",
        ["g5.xlarge"],
        limits={"nvidia.com/gpu": "4"},
        disruption={
            "consolidationPolicy": "WhenEmpty",
            "consolidateAfter": "5s",
            "budgets": [{"nodes": "1"}],
        },
    )
    template = pod_template("serving")
    template["metadata"]["labels"] = {"app": "serving"}
    selector = {"matchLabels": {"app": "serving"}}
    apps = client.AppsV1Api(cluster.api)
    spec = {"replicas": 2, "selector": selector, "template": template}
    apps.create_namespaced_deployment("default", {"metadata": {"name": "serving"}, "spec": spec})
    try:
        until(lambda: len(running(cluster)) == 2)
        before = {each["InstanceId"] for each in cluster.instances()}
        cluster.custom.patch_cluster_custom_object(
            *("karpenter.k8s.aws", "v1", "ec2nodeclasses", "serving"),
            {"spec": {"amiSelectorTerms": [{"alias": "al2023@v20260505"}]}},
        )
        seen: list[tuple[int, int]] = []

        def replaced() -> bool:
            now = {each["InstanceId"] for each in cluster.instances()}
            seen.append((len(now), len(running(cluster))))
            return len(now) == 2 and not now & before and len(running(cluster)) == 2

        until(replaced, 150)
        # Each new node is there before an old one goes, and the other old one serves meanwhile.
        assert max(instances for instances, _ in seen) == 3
        assert min(serving for _, serving in seen) >= 1
    finally:
        apps.delete_namespaced_deployment("serving", "default")
        until(lambda: not cluster.instances())


def running(cluster: KarpenterCluster) -> list[Any]:
    found = cluster.core.list_namespaced_pod("default", label_selector="app=serving").items
    return [
        pod
        for pod in found
        if pod.status.phase == "Running" and not pod.metadata.deletion_timestamp
    ]
