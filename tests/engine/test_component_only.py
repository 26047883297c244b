"""`examples/component-only` on the real engine: applied, changed, protected, destroyed.

Read back by boto3 and by the Kubernetes client.
"""

from __future__ import annotations

import json
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from pulumi import automation as auto

from audits.judges import schemas
from audits.judges.declared import of_state
from stackyard_sandbox.state import Sandbox
from stackyard_sandbox.toolchain import tool
from tests.support.clients import Clients, KubernetesClients

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "examples" / "component-only" / "__main__.py"
REGION, ACCOUNT = "eu-central-1", "123456789012"
NAMESPACE, NODE_POOL = "vision-lab-dev", "training-on-demand"
BUCKET = f"vision-lab-dev-data-photos-{ACCOUNT}"


@pytest.fixture
def cluster(sandbox: Sandbox, outputs: dict[str, Any]) -> client.ApiClient:
    """A Kubernetes client of the cluster's administrator."""
    return KubernetesClients(sandbox)(outputs["cluster"])


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, aws: Clients, tmp_path_factory: pytest.TempPathFactory) -> auto.Stack:
    folder = tmp_path_factory.mktemp("state")
    engine = auto.PulumiCommand(root=str(tool("pulumi").parent.parent))

    def program() -> None:
        runpy.run_path(str(PROGRAM))

    made = auto.create_or_select_stack(
        stack_name="lab",
        project_name="component-only",
        program=program,
        opts=auto.LocalWorkspaceOptions(
            work_dir=str(folder),
            pulumi_command=engine,
            env_vars={
                **sandbox.engine_environment(),
                "PULUMI_BACKEND_URL": f"file://{folder}",
                "PULUMI_CONFIG_PASSPHRASE": "only for this test",
            },
        ),
    )
    values = {
        "aws:region": REGION,
        "account": ACCOUNT,
        "administrator": aws("sts").get_caller_identity()["Arn"],
        "owner": "me@example.com",
    }
    made.set_all_config({key: auto.ConfigValue(value) for key, value in values.items()})
    return made


@pytest.fixture(scope="module")
def first_preview(stack: auto.Stack) -> Mapping[auto.OpType, int]:
    return stack.preview().change_summary


@pytest.fixture(scope="module")
def applied() -> dict[str, Any]:
    """The outputs of the stack while it is applied; empty before and after that."""
    return {}


@pytest.fixture
def outputs(
    stack: auto.Stack, first_preview: Mapping[auto.OpType, int], applied: dict[str, Any]
) -> dict[str, Any]:
    """The outputs of the applied stack; applied again where a test has destroyed it."""
    if not applied:
        applied |= {key: output.value for key, output in stack.up().outputs.items()}
    return applied.copy()


def test_a_preview_of_nothing_yet_shows_everything(
    first_preview: Mapping[auto.OpType, int],
) -> None:
    """Of the cluster's objects, too, although there is no cluster to ask."""
    assert set(first_preview) == {auto.OpType.CREATE}
    assert first_preview[auto.OpType.CREATE] > 80


def test_the_registry_of_cloudformation_accepts_what_is_declared(
    stack: auto.Stack, outputs: dict[str, Any]
) -> None:
    declared = of_state("vision/lab/dev", stack.export_stack().deployment["resources"])
    answer = schemas.held(declared)
    assert answer.items > 40
    assert answer.findings == []


def test_subnets_keys_and_closed_default_group_exist(outputs: dict[str, Any], aws: Clients) -> None:
    ec2, kms = aws("ec2"), aws("kms")
    found = ec2.describe_subnets(SubnetIds=list(outputs["subnets"].values()))["Subnets"]
    assert {item["AvailabilityZone"]: item["CidrBlock"] for item in found} == {
        "eu-central-1a": "10.99.0.0/22",
        "eu-central-1b": "10.99.4.0/22",
    }
    owners = {tag["Key"]: tag["Value"] for tag in found[0]["Tags"]}
    assert owners["owner"] == "me@example.com"
    in_vpc = [{"Name": "vpc-id", "Values": [outputs["vpc"]]}]
    groups = ec2.describe_security_groups(Filters=in_vpc)["SecurityGroups"]
    (default,) = [group for group in groups if group["GroupName"] == "default"]
    assert (default["IpPermissions"], default["IpPermissionsEgress"]) == ([], [])
    for purpose, arn in outputs["keys"].items():
        rotation = kms.get_key_rotation_status(KeyId=arn)
        assert (rotation["KeyRotationEnabled"], rotation["RotationPeriodInDays"]) == (True, 180)
        policy = json.loads(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])
        services = {each["Sid"] for each in policy["Statement"] if "Service" in each["Principal"]}
        expected = {"EncryptLogs", "EncryptAlerts", "EncryptAudit"} if purpose == "logs" else set()
        assert services == expected
    aliases = {item["AliasName"] for item in kms.list_aliases()["Aliases"]}
    assert {f"alias/stackyard/vision-lab-dev/{purpose}" for purpose in outputs["keys"]} <= aliases


def test_private_subnets_leave_by_nat_and_reach_services_inside(
    outputs: dict[str, Any], aws: Clients
) -> None:
    ec2 = aws("ec2")
    in_vpc = [{"Name": "vpc-id", "Values": [outputs["vpc"]]}]
    tables = ec2.describe_route_tables(Filters=in_vpc)["RouteTables"]
    ways_out = {
        entry["SubnetId"]: [
            route.get("NatGatewayId") or route.get("GatewayId")
            for route in table["Routes"]
            if route.get("DestinationCidrBlock") == "0.0.0.0/0"
        ]
        for table in tables
        for entry in table["Associations"]
        if "SubnetId" in entry
    }
    for subnet in outputs["subnets"].values():
        assert [way.partition("-")[0] for way in ways_out[subnet]] == ["nat"]
    endpoints = ec2.describe_vpc_endpoints(Filters=in_vpc)["VpcEndpoints"]
    services = {item["ServiceName"].removeprefix(f"com.amazonaws.{REGION}.") for item in endpoints}
    assert services == {"s3", "ecr.api", "ecr.dkr", "sts"}
    (flow,) = ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [outputs["vpc"]]}])[
        "FlowLogs"
    ]
    assert flow["TrafficType"] == "ALL"
    (group,) = aws("logs").describe_log_groups(logGroupNamePrefix="/stackyard/vision-lab-dev/")[
        "logGroups"
    ]
    assert (group["retentionInDays"], group["kmsKeyId"]) == (90, outputs["keys"]["logs"])


def test_datasets_are_versioned_encrypted_and_end(outputs: dict[str, Any], aws: Clients) -> None:
    s3 = aws("s3")
    assert set(outputs["buckets"].values()) == {BUCKET, BUCKET.replace("photos", "labelled")}
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    applied = rule["ApplyServerSideEncryptionByDefault"]
    assert applied["KMSMasterKeyID"] == outputs["keys"]["data"]
    assert expiry(s3) == 1095


def test_gpu_nodes_are_tainted_and_none_runs_idle(
    outputs: dict[str, Any], cluster: client.ApiClient, aws: Clients
) -> None:
    pool = gpu_pool(cluster)
    assert pool["spec"]["limits"]["nvidia.com/gpu"] == "2"
    assert "replicas" not in pool["spec"], "no node runs without a pod"
    taint = {"key": "nvidia.com/gpu", "value": "training", "effect": "NoSchedule"}
    selector = f"karpenter.sh/nodepool={NODE_POOL}"
    nodes = client.CoreV1Api(cluster).list_node(label_selector=selector).items
    for node in nodes:
        assert taint in [taint_of(each) for each in node.spec.taints]
        assert node.status.allocatable["nvidia.com/gpu"] == "1"
    assert {node.metadata.name for node in nodes} == busy(cluster)
    running = {each["InstanceId"]: each["InstanceType"] for each in instances(aws, NODE_POOL)}
    ids = {node.spec.provider_id.rpartition("/")[2] for node in nodes}
    assert running == dict.fromkeys(ids, "g5.xlarge")


def test_model_servers_run_on_nodes_of_the_pool_alone(
    outputs: dict[str, Any], cluster: client.ApiClient
) -> None:
    deployment = client.AppsV1Api(cluster).read_namespaced_deployment("defects", NAMESPACE)
    assert deployment.status.available_replicas == 2
    core = client.CoreV1Api(cluster)
    of_pool = {"stackyard.dev/gpu-pool": "training", "karpenter.sh/nodepool": NODE_POOL}
    nodes = busy(cluster)
    assert len(nodes) == 2, "a node of the pool has one GPU"
    for node in nodes:
        assert core.read_node(node).metadata.labels.items() >= of_pool.items()
    address = f"http://defects.{NAMESPACE}.svc.cluster.local:8080"
    assert outputs["models"] == {"defects": address}


def test_an_unchanged_preview_shows_no_change_even_with_refresh(
    stack: auto.Stack, outputs: dict[str, Any]
) -> None:
    changes = stack.preview(refresh=True).change_summary
    assert set(changes) == {auto.OpType.SAME}


def test_a_change_a_refused_destroy_and_the_end(
    stack: auto.Stack,
    outputs: dict[str, Any],
    applied: dict[str, Any],
    cluster: client.ApiClient,
    aws: Clients,
) -> None:
    before = busy(cluster)
    changed = apply(stack, raw_days="1460", gpus="3")
    assert changed == ["datasets-photos-lifecycle", "training-on-demand"]
    assert expiry(aws("s3")) == 1460
    assert gpu_pool(cluster)["spec"]["limits"]["nvidia.com/gpu"] == "3"
    assert busy(cluster) == before

    aws("s3").put_object(Bucket=BUCKET, Key="incoming/one", Body=b"1")
    with pytest.raises(auto.CommandError, match="protected"):
        destroy_with_preview(stack)
    assert busy(cluster) == before, "nothing went, not even what is not protected"
    assert aws("s3").get_object(Bucket=BUCKET, Key="incoming/one")["Body"].read() == b"1"
    assert key_states(aws, outputs) == {"Enabled"}

    apply(stack, protect="false")
    applied.clear()
    stack.destroy()
    assert outputs["vpc"] not in {vpc["VpcId"] for vpc in aws("ec2").describe_vpcs()["Vpcs"]}
    assert aws("s3").list_buckets()["Buckets"] == []
    assert aws("eks").list_clusters()["clusters"] == []
    assert instances(aws) == []
    assert key_states(aws, outputs) == {"PendingDeletion"}
    (left,) = aws("logs").describe_log_groups()["logGroups"]
    assert left["logGroupName"] == "/aws/eks/vision-lab-dev/cluster", "EKS wrote it again"
    aws("logs").delete_log_group(logGroupName=left["logGroupName"])
    for key in ("raw_days", "gpus", "protect"):
        stack.remove_config(key)


def apply(stack: auto.Stack, **values: str) -> list[str]:
    """Set config values, apply, and return which resources were updated, components aside."""
    stack.set_all_config({key: auto.ConfigValue(value) for key, value in values.items()})
    changed: list[str] = []

    def note(event: auto.EngineEvent) -> None:
        done = event.res_outputs_event
        if done is None or done.metadata.type.startswith("stackyard:"):
            return
        if done.metadata.op != auto.OpType.SAME:
            changed.append(done.metadata.urn.rpartition("::")[2])

    stack.up(on_event=note)
    return sorted(changed)


def destroy_with_preview(stack: auto.Stack) -> None:
    """Run `pulumi destroy` as people do; `Stack.destroy` skips the preview, which stops it."""
    workspace = stack.workspace
    command = ["destroy", "--yes", "--stack", stack.name]
    workspace.pulumi_command.run(command, workspace.work_dir, workspace.env_vars)


def expiry(s3: Any) -> int:
    """Return the days after which objects of the raw dataset expire."""
    rules = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    (days,) = {rule["Expiration"]["Days"] for rule in rules if "Days" in rule.get("Expiration", {})}
    return int(days)


def gpu_pool(cluster: client.ApiClient) -> Any:
    """Return the NodePool of the GPU nodes."""
    return client.CustomObjectsApi(cluster).get_cluster_custom_object(
        "karpenter.sh", "v1", "nodepools", NODE_POOL
    )


def busy(cluster: client.ApiClient) -> set[str]:
    """Return the nodes on which model servers run."""
    pods = client.CoreV1Api(cluster).list_namespaced_pod(NAMESPACE).items
    return {pod.spec.node_name for pod in pods}


def taint_of(found: Any) -> dict[str, str]:
    """Return a taint of a node as the Kubernetes API writes it, without its time."""
    return {"key": found.key, "value": found.value, "effect": found.effect}


def instances(aws: Clients, pool: str | None = None) -> list[Any]:
    """Return the instances that are not terminated, of one NodePool or of all."""
    states = ["pending", "running", "shutting-down", "stopping", "stopped"]
    asked = [{"Name": "instance-state-name", "Values": states}]
    if pool is not None:
        asked.append({"Name": "tag:karpenter.sh/nodepool", "Values": [pool]})
    found = aws("ec2").describe_instances(Filters=asked)["Reservations"]
    return [each for reservation in found for each in reservation["Instances"]]


def key_states(aws: Clients, outputs: dict[str, Any]) -> set[str]:
    found = (aws("kms").describe_key(KeyId=arn) for arn in outputs["keys"].values())
    return {answer["KeyMetadata"]["KeyState"] for answer in found}
