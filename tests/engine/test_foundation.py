"""`foundation` and `services` by the CLI, the real engine and the real control plane.

Read back by boto3 and the Kubernetes client only; GPU pods are placed by the real scheduler.
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from stackyard.blueprints.wiring import pool_ref
from stackyard.contracts import FoundationContract, ServicesContract
from stackyard.gpu.contract import gpu_request, placement, smoke_job
from stackyard.references import GpuPoolRef
from stackyard_sandbox.state import Sandbox
from tests.support.clients import Clients
from tests.support.workspace import Workspace

REGION, ACCOUNT = "eu-central-1", "123456789012"
ADMIN = f"arn:aws:iam::{ACCOUNT}:user/sandbox-administrator"
FOUNDATION, SERVICES = "platform/foundation/dev", "platform/services/dev"
CLUSTER = "platform-foundation-dev"
SHARED = f"""
owner: platform@example.com
account: "{ACCOUNT}"
region: {REGION}
"""
FOUNDATION_FILE = f"""
admins: ["{ADMIN}"]
operators: ["{ADMIN}"]
network: {{cidr: 10.40.0.0/18, zones: 2}}
cluster:
  public_cidrs: [198.51.100.0/24]
"""
SERVICES_FILE = """
gpu_pools:
  training: {instance_types: [g5.xlarge, g5.2xlarge], limits: {gpus: 2}, idle_minutes: 0}
"""


@pytest.fixture(scope="module")
def workspace(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = Workspace(tmp_path_factory.mktemp("estate"), sandbox)
    made.write("_estate.yaml", "name: test\ntarget: sandbox\n")
    made.write("_defaults.yaml", SHARED)
    made.write("_stages/dev.yaml", "protection: {protect: false, retain: false}\n")
    for blueprint in ("foundation", "services"):
        made.write(f"platform/{blueprint}/_defaults.yaml", f"blueprint: {blueprint}\n")
    made.write("platform/foundation/dev.yaml", FOUNDATION_FILE)
    made.write("platform/services/dev.yaml", SERVICES_FILE)
    made.run("up", FOUNDATION, "--yes")
    made.run("up", SERVICES, "--yes")
    return made


@pytest.fixture(scope="module")
def contract(workspace: Workspace) -> FoundationContract:
    outputs = json.loads(workspace.run("outputs", FOUNDATION, "--json"))
    return FoundationContract.model_validate(outputs["contract"])


@pytest.fixture(scope="module")
def services(workspace: Workspace) -> ServicesContract:
    outputs = json.loads(workspace.run("outputs", SERVICES, "--json"))
    return ServicesContract.model_validate(outputs["contract"])


@pytest.fixture(scope="module")
def kube(sandbox: Sandbox, workspace: Workspace) -> Any:
    return config.new_client_from_config(config_file=str(sandbox.kubeconfig), context=CLUSTER)


def test_the_control_plane_is_private_audited_and_encrypted(
    contract: FoundationContract, aws: Clients
) -> None:
    found = aws("eks").describe_cluster(name=contract.cluster_name)["cluster"]
    assert found["accessConfig"]["authenticationMode"] == "API"
    (encryption,) = found["encryptionConfig"]
    assert encryption["provider"]["keyArn"] == contract.key_arns["secrets"]
    (logging,) = [entry for entry in found["logging"]["clusterLogging"] if entry["enabled"]]
    assert set(logging["types"]) == {
        "api",
        "audit",
        "authenticator",
        "controllerManager",
        "scheduler",
    }
    vpc = found["resourcesVpcConfig"]
    assert vpc["endpointPrivateAccess"] is True
    assert vpc["publicAccessCidrs"] == ["198.51.100.0/24"]
    name = f"/aws/eks/{CLUSTER}/cluster"
    (group,) = aws("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert (group["kmsKeyId"], group["retentionInDays"]) == (contract.key_arns["logs"], 365)


def test_only_the_named_principal_is_an_administrator(
    contract: FoundationContract, aws: Clients
) -> None:
    eks = aws("eks")
    entries = eks.list_access_entries(clusterName=contract.cluster_name)["accessEntries"]
    people = [arn for arn in entries if not arn.endswith("-nodes")]
    assert people == [ADMIN]
    policies = eks.list_associated_access_policies(
        clusterName=contract.cluster_name, principalArn=ADMIN
    )["associatedAccessPolicies"]
    assert [item["policyArn"].rpartition("/")[2] for item in policies] == [
        "AmazonEKSClusterAdminPolicy"
    ]


def test_addons_have_identities_of_their_own_and_nodes_do_not(
    contract: FoundationContract, aws: Clients
) -> None:
    eks, iam = aws("eks"), aws("iam")
    names = eks.list_addons(clusterName=contract.cluster_name)["addons"]
    assert {"vpc-cni", "coredns", "eks-pod-identity-agent", "aws-ebs-csi-driver"} <= set(names)
    cni = eks.describe_addon(clusterName=contract.cluster_name, addonName="vpc-cni")["addon"]
    assert json.loads(cni["configurationValues"]) == {"enableNetworkPolicy": "true"}
    identities = eks.list_pod_identity_associations(clusterName=contract.cluster_name)
    accounts = {(item["namespace"], item["serviceAccount"]) for item in identities["associations"]}
    assert ("kube-system", "aws-node") in accounts
    assert ("stackyard-system", "karpenter") in accounts
    attached = iam.list_attached_role_policies(RoleName=f"{CLUSTER}-nodes")["AttachedPolicies"]
    assert {item["PolicyName"] for item in attached} == {
        "AmazonEKSWorkerNodePolicy",
        "AmazonEC2ContainerRegistryPullOnly",
    }


def test_nodes_start_from_hardened_templates(contract: FoundationContract, aws: Clients) -> None:
    eks, ec2 = aws("eks"), aws("ec2")
    groups = eks.list_nodegroups(clusterName=contract.cluster_name)["nodegroups"]
    assert [name.partition("-")[0] for name in groups] == ["system"]
    for name in groups:
        group = eks.describe_nodegroup(clusterName=contract.cluster_name, nodegroupName=name)
        template = group["nodegroup"]["launchTemplate"]["id"]
        (version,) = ec2.describe_launch_template_versions(
            LaunchTemplateId=template, Versions=["$Latest"]
        )["LaunchTemplateVersions"]
        data = version["LaunchTemplateData"]
        assert data["MetadataOptions"]["HttpTokens"] == "required"
        assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
        (disk,) = data["BlockDeviceMappings"]
        assert (disk["Ebs"]["Encrypted"], disk["Ebs"]["VolumeType"]) == (True, "gp3")


def test_the_gpu_pool_is_tainted_capped_and_at_zero(services: ServicesContract, kube: Any) -> None:
    objects = client.CustomObjectsApi(kube)
    pool = objects.get_cluster_custom_object(
        "karpenter.sh", "v1", "nodepools", "training-on-demand"
    )
    facts = services.gpu_pools["training"]
    assert pool["spec"]["template"]["spec"]["taints"] == [
        {"key": facts.taint_key, "value": facts.taint_value, "effect": "NoSchedule"}
    ]
    assert pool["spec"]["limits"][facts.resource] == str(facts.max_gpus) == "2"
    selector = ",".join(f"{key}={value}" for key, value in facts.node_selector.items())
    assert client.CoreV1Api(kube).list_node(label_selector=selector).items == []


def test_services_run_and_say_what_they_are(workspace: Workspace, kube: Any) -> None:
    apps, core = client.AppsV1Api(kube), client.CoreV1Api(kube)
    deployment = apps.read_namespaced_deployment("karpenter", "stackyard-system")
    assert deployment.status.available_replicas == 2
    daemons = apps.list_namespaced_daemon_set("stackyard-gpu").items
    assert {item.metadata.name for item in daemons} == {"device-plugin-training", "gpu-telemetry"}
    classes = client.SchedulingV1Api(kube).list_priority_class().items
    own = {item.metadata.name: item.value for item in classes if "stackyard" in item.metadata.name}
    assert own["stackyard-serving"] > own["stackyard-training"] > own["stackyard-batch"]
    for name in ("stackyard-system", "stackyard-metrics", "stackyard-gpu"):
        labels = core.read_namespace(name).metadata.labels
        assert labels["app.kubernetes.io/managed-by"] == "stackyard"


def test_a_privileged_pod_is_refused_where_only_services_run(
    workspace: Workspace, kube: Any
) -> None:
    with pytest.raises(ApiException) as refused:
        client.CoreV1Api(kube).create_namespaced_pod("stackyard-system", _pod("bad", {}))
    assert refused.value.status == 403
    assert "violates PodSecurity" in refused.value.body


def test_gpu_pods_start_gpu_nodes_and_ordinary_pods_stay_away(
    services: ServicesContract, kube: Any
) -> None:
    core, batch = client.CoreV1Api(kube), client.BatchV1Api(kube)
    facts = pool_ref(services.gpu_pools["training"])
    core.create_namespace({"metadata": {"name": "trial"}})
    core.create_namespaced_pod("trial", _pod("ordinary", {}))
    core.create_namespaced_pod("trial", _pod("gpu", gpu_request(facts), facts))
    job = smoke_job("training", facts, namespace="trial", image="busybox:1", labels={})
    batch.create_namespaced_job("trial", job)
    gpu_node = _node_of(core, "gpu")
    labels = core.read_node(gpu_node).metadata.labels
    assert facts.node_selector.items() <= labels.items()
    assert _node_of(core, "ordinary") != gpu_node
    (smoke,) = [
        item.metadata.name
        for item in core.list_namespaced_pod("trial").items
        if item.metadata.name.startswith("gpu-smoke-training")
    ]
    assert (
        facts.node_selector.items() <= core.read_node(_node_of(core, smoke)).metadata.labels.items()
    )
    plugin = "stackyard.dev/gpu-pool=training,app.kubernetes.io/component=device-plugin"
    pods = core.list_namespaced_pod("stackyard-gpu", label_selector=plugin).items
    assert gpu_node in {pod.spec.node_name for pod in pods}


def test_nodes_that_karpenter_started_are_no_drift(workspace: Workspace) -> None:
    workspace.run("preview", FOUNDATION, "--expect-no-changes")
    workspace.run("preview", FOUNDATION, "--refresh", "--expect-no-changes")
    workspace.run("preview", SERVICES, "--refresh", "--expect-no-changes")


def test_a_larger_pool_is_the_only_change_and_leaves_its_nodes_alone(
    workspace: Workspace, services: ServicesContract, kube: Any
) -> None:
    core, facts = client.CoreV1Api(kube), services.gpu_pools["training"]
    name = _node_of(core, "gpu")
    busy = core.read_node(name).metadata.uid
    larger = SERVICES_FILE.replace("gpus: 2", "gpus: 3")
    workspace.write("platform/services/dev.yaml", larger)
    workspace.run("up", SERVICES, "--yes")
    pool = client.CustomObjectsApi(kube).get_cluster_custom_object(
        "karpenter.sh", "v1", "nodepools", "training-on-demand"
    )
    assert pool["spec"]["limits"][facts.resource] == "3"
    assert core.read_node(name).metadata.uid == busy


def test_a_preview_says_which_running_nodes_a_change_replaces(
    workspace: Workspace, services: ServicesContract, kube: Any
) -> None:
    core, facts = client.CoreV1Api(kube), pool_ref(services.gpu_pools["training"])
    # The pod of a Job would end at once: kwok plays its program.
    job = _pod("fit", gpu_request(facts), facts)
    job["metadata"] |= {
        "labels": {"batch.kubernetes.io/job-name": "fit"},
        "annotations": {"karpenter.sh/do-not-disrupt": "true"},
    }
    core.create_namespaced_pod("trial", job)
    assert _node_of(core, "fit") != _node_of(core, "gpu")
    older = SERVICES_FILE.replace("gpus: 2}", "gpus: 3}, expire_after_days: 20")
    workspace.write("platform/services/dev.yaml", older)
    (stack,) = json.loads(workspace.run("preview", SERVICES, "--json"))["stacks"]
    (found,) = stack["nodes"]
    assert (found["node_pool"], found["operation"]) == ("training-on-demand", "replace")
    assert (found["nodes"], found["with_jobs"], found["at_once"]) == (2, 1, "1")
    assert found["because"] == ["spec.template.spec.expireAfter"]
    shown = workspace.run("preview", SERVICES)
    assert "2 nodes of NodePool `training-on-demand` would be replaced, 1 at a time" in shown
    # A destroy would wait for it, as for every job.
    core.delete_namespaced_pod("fit", "trial", grace_period_seconds=0)


def test_destroy_leaves_nothing_but_keys_that_wait(workspace: Workspace, aws: Clients) -> None:
    made = [{"Name": "tag-key", "Values": ["karpenter.sh/nodeclaim"]}]
    alive = [*made, {"Name": "instance-state-name", "Values": ["pending", "running"]}]
    assert aws("ec2").describe_instances(Filters=alive)["Reservations"] != []
    workspace.run("destroy", SERVICES, "--yes")
    # Nodes go while their role is there: an instance without one could not leave its cluster.
    assert aws("ec2").describe_instances(Filters=alive)["Reservations"] == []
    assert aws("iam").get_role(RoleName=f"{CLUSTER}-karpenter-nodes")["Role"]
    workspace.run("destroy", FOUNDATION, "--yes")
    assert aws("eks").list_clusters()["clusters"] == []
    assert [vpc for vpc in aws("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]] == []
    assert aws("logs").describe_log_groups()["logGroups"] == []
    left = [role for role in aws("iam").list_roles()["Roles"] if "foundation" in role["RoleName"]]
    assert left == []


def _pod(name: str, limits: dict[str, str], facts: GpuPoolRef | None = None) -> dict[str, Any]:
    where = placement(facts) if facts else {}
    container = {"name": "main", "image": "busybox:1", "resources": {"limits": limits}}
    return {"metadata": {"name": name}, "spec": {**where, "containers": [container]}}


def _node_of(core: client.CoreV1Api, pod: str, seconds: float = 120) -> str:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        node = core.read_namespaced_pod(pod, "trial").spec.node_name
        if node:
            return str(node)
        time.sleep(0.5)
    raise AssertionError(f"pod {pod} found no node in {seconds:.0f} s")
