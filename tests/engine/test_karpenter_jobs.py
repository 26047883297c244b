"""What the real Karpenter does to jobs: interrupted, expired and drifted nodes, and EFA."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kubernetes import client

from stackyard import kubernetes
from stackyard.karpenter.objects import SPOT_SECONDS
from stackyard_sandbox.state import Sandbox
from tests.support.clients import REGION, Clients

from .karpenter_cluster import KarpenterCluster, pod_template
from .karpenter_declared import QUEUE, efa_plugin

EFA = "vpc.amazonaws.com/efa"
HELD = "stackyard.dev/held-by-a-test"


@pytest.fixture(scope="module")
def cluster(sandbox: Sandbox, aws: Clients) -> KarpenterCluster:
    """A cluster with Karpenter."""
    return KarpenterCluster(sandbox, aws)


@pytest.fixture
def pods(cluster: KarpenterCluster) -> Iterator[Callable[..., None]]:
    """Make GPU pods; in the end they are deleted, and their nodes go."""
    made: list[str] = []

    def make(name: str, pool: str, gpus: int = 1, **more: Any) -> None:
        cluster.gpu_pod(name, pool, gpus, **more)
        made.append(name)

    yield make
    cluster.clear(made)
    until(lambda: not cluster.instances() and not cluster.all_nodes())


def until(condition: Callable[[], Any], seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.5)
    return found


def pool(cluster: KarpenterCluster, name: str, types: list[str], **changes: Any) -> None:
    """Make a pool, and wait until Karpenter accepts it."""
    cluster.node_class(name)
    cluster.node_pool(name, name, types, **changes)
    until(lambda: cluster.conditions(name).get("Ready", {}).get("status") == "True")


def offered(cluster: KarpenterCluster, pool: str) -> list[dict[str, str]]:
    """What the nodes of a pool have."""
    return [node.status.capacity for node in cluster.nodes(pool)]


def runs(cluster: KarpenterCluster, name: str) -> Callable[[], bool]:
    return lambda: cluster.phase(name) == "Running"


def test_a_pod_that_asks_for_efa_gets_a_node_with_all_interfaces_of_its_type(
    cluster: KarpenterCluster, pods: Callable[..., None]
) -> None:
    pool(cluster, "fabric", ["p4d.24xlarge"], limits={"nvidia.com/gpu": "8"})
    pods("meshed", "fabric", 8, limits={EFA: "2"})
    until(lambda: any("nvidia.com/gpu" in has for has in offered(cluster, "fabric")))
    # The plugin for GPUs offers no EFA.
    assert not any(EFA in has for has in offered(cluster, "fabric"))
    assert cluster.phase("meshed") == "Pending"
    apps = client.AppsV1Api(cluster.api)
    apps.create_namespaced_daemon_set("kube-system", efa_plugin())
    until(runs(cluster, "meshed"))
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
    pool(cluster, "huge", ["g5.8xlarge"])
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
    pool(cluster, "short", ["g5.xlarge"], node={"expireAfter": "15s"}, limits={"cpu": "4"})
    pods("old", "short", undisturbed=True)
    until(runs(cluster, "old"))
    until(lambda: "deletionTimestamp" in cluster.claims("short")[0]["metadata"])
    (before,) = cluster.instances()
    time.sleep(5)
    assert cluster.phase("old") == "Running"
    assert [each["InstanceId"] for each in cluster.instances()] == [before["InstanceId"]]
    cluster.core.delete_namespaced_pod("old", "default", grace_period_seconds=0)
    until(lambda: before["InstanceId"] not in [each["InstanceId"] for each in cluster.instances()])


def warn(cluster: KarpenterCluster, instance: str) -> None:
    """Send what EventBridge sends when AWS takes a spot instance back."""
    warning = {
        "version": "0",
        "id": "1e5527d7-bb36-4607-3370-4164db56a40e",
        "detail-type": "EC2 Spot Instance Interruption Warning",
        "source": "aws.ec2",
        "account": "123456789012",
        "time": "2026-11-29T00:00:00Z",
        "region": REGION,
        "resources": [f"arn:aws:ec2:{REGION}a:instance/{instance}"],
        "detail": {"instance-id": instance, "instance-action": "terminate"},
    }
    sqs = cluster.aws("sqs")
    queue = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(warning))


def test_a_job_on_an_interrupted_spot_node_is_ended_in_time(
    cluster: KarpenterCluster, pods: Callable[..., None]
) -> None:
    """Without the grace period of the node, Karpenter would let the job run until AWS takes it."""
    node = {"terminationGracePeriod": f"{SPOT_SECONDS}s"}
    pool(cluster, "spot", ["g5.xlarge"], capacity=["spot"], node=node)
    grace = kubernetes.JOB_GRACE_SECONDS
    pods("fit", "spot", undisturbed=True, grace=grace, finalizers=[HELD])
    until(runs(cluster, "fit"))
    try:
        (instance,) = cluster.instances()
        started = time.monotonic()
        warn(cluster, instance["InstanceId"])
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
    pool(
        cluster,
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
