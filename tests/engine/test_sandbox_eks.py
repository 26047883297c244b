"""EKS in the sandbox, seen by boto3 and the Kubernetes client: nodes, access, several clusters."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from stackyard_sandbox import daemon
from stackyard_sandbox.state import Sandbox
from tests.support.clients import Assume, Clients, KubernetesClients

ACCOUNT = "123456789012"
GPU_TAINT = {"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}


@pytest.fixture(scope="module")
def role(aws: Clients) -> Any:
    services = [f"{name}.amazonaws.com" for name in ("ec2", "eks", "pods.eks")]
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": "*", "Service": services},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})

    def make(name: str, *statements: Any) -> Any:
        made = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
        if statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
            aws("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
        return made["Role"]["Arn"]

    return make


@pytest.fixture(scope="module")
def assume(aws: Clients) -> Assume:
    return aws.assume


@pytest.fixture(scope="module")
def subnets(aws: Clients) -> Any:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"eu-central-1{zone}"
        )["Subnet"]["SubnetId"]
        for index, zone in enumerate("ab")
    ]


@pytest.fixture(scope="module")
def node_role(role: Any) -> Any:
    return role("node")


@pytest.fixture(scope="module")
def dev(aws: Clients, node_role: Any, subnets: Any) -> Any:
    """A cluster named dev with two nodes."""
    eks = aws("eks")
    eks.create_cluster(
        name="dev",
        version="1.33",
        roleArn=node_role,
        resourcesVpcConfig={"subnetIds": subnets, "endpointPrivateAccess": True},
        accessConfig={"authenticationMode": "API"},
        logging={"clusterLogging": [{"types": ["audit"], "enabled": True}]},
    )
    group = {"clusterName": "dev", "nodeRole": node_role, "subnets": subnets}
    eks.create_nodegroup(
        **group,
        nodegroupName="main",
        instanceTypes=["m6i.large"],
        scalingConfig={"minSize": 2, "maxSize": 2, "desiredSize": 2},
        labels={"pool": "main"},
    )
    return "dev"


@pytest.fixture
def core(sandbox: Sandbox, dev: Any) -> Any:
    return client.CoreV1Api(config.new_client_from_config(str(sandbox.kubeconfig), dev))


def whoami(api: Any) -> Any:
    return client.AuthenticationV1Api(api).create_self_subject_review({}).status.user_info


def unless(status: Any, call: Any) -> Any:
    """What a call answers; None if it is refused with this status."""
    try:
        return call()
    except ApiException as error:
        if error.status != status:
            raise
        return None


def until(condition: Any, seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.2)
    return found


def pod(name: str, **spec: Any) -> Any:
    container = {"name": "main", "image": "example.invalid/none", **spec.pop("container", {})}
    return {"metadata": {"name": name}, "spec": {"containers": [container], **spec}}


def test_a_cluster_describes_the_control_plane_that_answers(
    aws: Clients, core: Any, dev: Any
) -> None:
    found = aws("eks").describe_cluster(name=dev)["cluster"]
    assert found["status"] == "ACTIVE"
    assert found["endpoint"] == core.api_client.configuration.host
    assert found["version"] == "1.33"
    assert found["accessConfig"]["authenticationMode"] == "API"
    on, off = found["logging"]["clusterLogging"]
    assert on == {"types": ["audit"], "enabled": True}
    assert (len(off["types"]), off["enabled"]) == (4, False)
    network = found["resourcesVpcConfig"]
    assert network["endpointPrivateAccess"] is True
    groups = aws("ec2").describe_security_groups(GroupIds=[network["clusterSecurityGroupId"]])
    assert groups["SecurityGroups"][0]["VpcId"] == network["vpcId"]


def test_an_update_of_the_cluster_is_described(aws: Clients, dev: Any) -> None:
    eks = aws("eks")
    update = eks.update_cluster_config(
        name=dev, resourcesVpcConfig={"publicAccessCidrs": ["192.0.2.0/24"]}
    )["update"]
    assert eks.describe_update(name=dev, updateId=update["id"])["update"]["status"] == "Successful"
    network = eks.describe_cluster(name=dev)["cluster"]["resourcesVpcConfig"]
    assert network["publicAccessCidrs"] == ["192.0.2.0/24"]
    assert network["endpointPrivateAccess"] is True


def test_a_node_group_is_nodes_with_its_labels_zones_and_size(core: Any) -> None:
    nodes = core.list_node(label_selector="eks.amazonaws.com/nodegroup=main").items
    assert [node.metadata.name for node in nodes] == ["main-0", "main-1"]
    zones = [node.metadata.labels["topology.kubernetes.io/zone"] for node in nodes]
    assert zones == ["eu-central-1a", "eu-central-1b"]
    labels = nodes[0].metadata.labels
    assert labels["pool"] == "main"
    assert labels["node.kubernetes.io/instance-type"] == "m6i.large"
    capacity = nodes[0].status.capacity
    assert (capacity["cpu"], capacity["memory"]) == ("2", "8Gi")
    assert "nvidia.com/gpu" not in capacity


def test_an_updated_node_group_changes_its_nodes(
    aws: Clients, core: Any, dev: Any, node_role: Any, subnets: Any
) -> None:
    eks = aws("eks")
    eks.create_nodegroup(
        clusterName=dev,
        nodegroupName="batch",
        nodeRole=node_role,
        subnets=subnets,
        instanceTypes=["m6i.large"],
        scalingConfig={"minSize": 3, "maxSize": 3, "desiredSize": 3},
    )

    def nodes() -> Any:
        return core.list_node(label_selector="eks.amazonaws.com/nodegroup=batch").items

    assert len(nodes()) == 3
    eks.update_nodegroup_config(
        clusterName=dev,
        nodegroupName="batch",
        scalingConfig={"minSize": 1, "maxSize": 1, "desiredSize": 1},
        labels={"addOrUpdateLabels": {"team": "ranking"}},
        taints={"addOrUpdateTaints": [GPU_TAINT]},
    )
    (left,) = nodes()
    assert (left.metadata.name, left.metadata.labels["team"]) == ("batch-0", "ranking")
    assert [taint.effect for taint in left.spec.taints] == ["NoSchedule"]
    eks.update_nodegroup_config(
        clusterName=dev, nodegroupName="batch", taints={"removeTaints": [GPU_TAINT]}
    )
    assert not [taint for taint in nodes()[0].spec.taints or [] if taint.key == "nvidia.com/gpu"]
    eks.delete_nodegroup(clusterName=dev, nodegroupName="batch")
    assert nodes() == []


def test_a_role_with_an_access_entry_is_its_groups(
    sandbox: Sandbox, aws: Clients, role: Any, assume: Assume, dev: Any
) -> None:
    scientist = role("scientist")
    credentials = assume(scientist, name="ada")
    with pytest.raises(ApiException) as refused:
        whoami(KubernetesClients(sandbox)(dev, credentials))
    assert refused.value.status == 401
    aws("eks").create_access_entry(
        clusterName=dev, principalArn=scientist, kubernetesGroups=["stackyard:ranking:scientist"]
    )
    me = until(lambda: _accepted(sandbox, dev, credentials))
    assert me.username == f"arn:aws:sts::{ACCOUNT}:assumed-role/scientist/ada"
    assert set(me.groups) == {"stackyard:ranking:scientist", "system:authenticated"}
    assert me.extra["canonicalArn"] == [scientist]
    aws("eks").delete_access_entry(clusterName=dev, principalArn=scientist)
    until(lambda: _accepted(sandbox, dev, credentials) is None)


def _accepted(sandbox: Sandbox, cluster: str, credentials: Any) -> Any:
    return unless(401, lambda: whoami(KubernetesClients(sandbox)(cluster, credentials)))


def test_only_a_good_token_for_this_cluster_is_accepted(
    sandbox: Sandbox, aws: Clients, role: Any, assume: Assume, dev: Any
) -> None:
    arn = role("forger")
    aws("eks").create_access_entry(clusterName=dev, principalArn=arn)
    good = assume(arn)
    assert until(lambda: _accepted(sandbox, dev, good))
    with pytest.raises(ApiException) as refused:
        whoami(KubernetesClients(sandbox)(dev, good, token_for="another-cluster"))
    assert refused.value.status == 401
    for key in good:
        forged = {**good, key: good[key][:-2] + "xx"}
        assert _accepted(sandbox, dev, forged) is None, key


def test_the_cluster_creator_is_its_administrator(sandbox: Sandbox, dev: Any) -> None:
    keys = {
        "aws_access_key_id": sandbox.aws.access_key_id,
        "aws_secret_access_key": sandbox.aws.secret_access_key,
    }
    api = client.CoreV1Api(KubernetesClients(sandbox)(dev, keys))
    assert api.list_namespaced_secret("kube-system").items is not None


def test_an_access_policy_is_rbac_in_its_scope(
    sandbox: Sandbox, aws: Clients, core: Any, role: Any, assume: Assume, dev: Any
) -> None:
    arn = role("viewer")
    eks = aws("eks")
    view = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    eks.create_access_entry(clusterName=dev, principalArn=arn)
    eks.associate_access_policy(
        clusterName=dev,
        principalArn=arn,
        policyArn=view,
        accessScope={"type": "namespace", "namespaces": ["later-*"]},
    )
    core.create_namespace({"metadata": {"name": "later-on"}})
    api = client.CoreV1Api(KubernetesClients(sandbox)(dev, assume(arn)))

    def allowed(namespace: Any) -> Any:
        return unless(403, lambda: api.list_namespaced_pod(namespace)) is not None

    until(lambda: allowed("later-on"))
    assert not allowed("kube-public")
    with pytest.raises(ApiException) as refused:
        api.create_namespaced_pod("later-on", pod("mine"))
    assert refused.value.status == 403
    eks.disassociate_access_policy(clusterName=dev, principalArn=arn, policyArn=view)
    until(lambda: not allowed("later-on"))


def test_iam_is_enforced_on_what_the_emulator_lacks(
    aws: Clients, role: Any, assume: Assume, dev: Any
) -> None:
    cluster = f"arn:aws:eks:eu-central-1:{ACCOUNT}:cluster/{dev}"
    reader = role(
        "reader",
        {"Effect": "Allow", "Action": ["eks:ListAddons", "eks:CreateAddon"], "Resource": cluster},
    )
    eks = aws("eks", assume(reader))
    eks.create_addon(clusterName=dev, addonName="vpc-cni")
    assert eks.list_addons(clusterName=dev)["addons"] == ["vpc-cni"]
    calls: tuple[Callable[[], Any], ...] = (
        lambda: eks.describe_addon(clusterName=dev, addonName="vpc-cni"),
        lambda: eks.list_access_entries(clusterName=dev),
        lambda: eks.list_addons(clusterName="another"),
    )
    for call in calls:
        with pytest.raises(ClientError, match="not authorized"):
            call()
    nobody = aws("eks", {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "x"})
    with pytest.raises(ClientError, match="security token"):
        nobody.list_addons(clusterName=dev)


def test_addons_live_as_in_the_api(aws: Clients, dev: Any) -> None:
    eks = aws("eks")
    made = eks.create_addon(
        clusterName=dev, addonName="coredns", addonVersion="v1.11.4-eksbuild.2", tags={"a": "b"}
    )["addon"]
    with pytest.raises(eks.exceptions.ResourceInUseException):
        eks.create_addon(clusterName=dev, addonName="coredns")
    with pytest.raises(eks.exceptions.InvalidParameterException):
        eks.create_addon(clusterName=dev, addonName="no-such-addon")
    eks.update_addon(clusterName=dev, addonName="coredns", configurationValues="{}")
    eks.tag_resource(resourceArn=made["addonArn"], tags={"c": "d"})
    eks.untag_resource(resourceArn=made["addonArn"], tagKeys=["a"])
    found = eks.describe_addon(clusterName=dev, addonName="coredns")["addon"]
    assert (found["addonVersion"], found["configurationValues"], found["tags"]) == (
        "v1.11.4-eksbuild.2",
        "{}",
        {"c": "d"},
    )
    eks.delete_addon(clusterName=dev, addonName="coredns")
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.describe_addon(clusterName=dev, addonName="coredns")


def test_pod_identities_live_as_in_the_api(aws: Clients, role: Any, dev: Any) -> None:
    eks = aws("eks")
    first, second = role("trainer"), role("trainer-two")
    account = {"namespace": "ranking", "serviceAccount": "trainer"}
    made = eks.create_pod_identity_association(clusterName=dev, roleArn=first, **account)
    identity = made["association"]["associationId"]
    with pytest.raises(eks.exceptions.ResourceInUseException):
        eks.create_pod_identity_association(clusterName=dev, roleArn=first, **account)
    untrusting = {"serviceAccount": "other", "roleArn": untrusted_role(aws, "ec2.amazonaws.com")}
    with pytest.raises(eks.exceptions.InvalidParameterException, match="Trust policy"):
        eks.create_pod_identity_association(clusterName=dev, **{**account, **untrusting})
    eks.update_pod_identity_association(clusterName=dev, associationId=identity, roleArn=second)
    (listed,) = eks.list_pod_identity_associations(clusterName=dev, **account)["associations"]
    assert listed["associationId"] == identity
    found = eks.describe_pod_identity_association(clusterName=dev, associationId=identity)
    assert found["association"]["roleArn"] == second
    eks.delete_pod_identity_association(clusterName=dev, associationId=identity)
    assert eks.list_pod_identity_associations(clusterName=dev)["associations"] == []


def test_two_clusters_are_apart_and_a_deleted_one_leaves_nothing(
    sandbox: Sandbox, aws: Clients, core: Any, node_role: Any, subnets: Any
) -> None:
    eks = aws("eks")
    eks.create_cluster(name="second", roleArn=node_role, resourcesVpcConfig={"subnetIds": subnets})
    described = {name: eks.describe_cluster(name=name)["cluster"] for name in ("dev", "second")}
    assert described["dev"]["endpoint"] != described["second"]["endpoint"]
    other = client.CoreV1Api(config.new_client_from_config(str(sandbox.kubeconfig), "second"))
    assert other.list_node().items == []
    other.create_namespace({"metadata": {"name": "only-here"}})
    assert "only-here" not in {each.metadata.name for each in core.list_namespace().items}
    pids = [each.pid for each in daemon.status(sandbox.directory) if "second/" in each.name]
    assert len(pids) == 5
    group = described["second"]["resourcesVpcConfig"]["clusterSecurityGroupId"]
    eks.delete_cluster(name="second")
    assert not any(Path(f"/proc/{pid}/exe").exists() for pid in pids)
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.describe_cluster(name="second")
    with pytest.raises(ClientError, match="InvalidGroup"):
        aws("ec2").describe_security_groups(GroupIds=[group])
    assert set(daemon.current(sandbox.directory).clusters) == {"dev"}


def test_a_cluster_in_use_is_not_deleted(aws: Clients, dev: Any) -> None:
    eks = aws("eks")
    with pytest.raises(eks.exceptions.ResourceInUseException):
        eks.delete_cluster(name=dev)
    with pytest.raises(eks.exceptions.InvalidParameterException):
        eks.create_cluster(
            name="third",
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/node",
            resourcesVpcConfig={"subnetIds": ["subnet-0123456789abcdef0"]},
        )


def test_roles_that_eks_or_nodes_cannot_take_are_refused(
    aws: Clients, dev: Any, subnets: Any
) -> None:
    eks, role = aws("eks"), untrusted_role(aws, "lambda.amazonaws.com")
    with pytest.raises(eks.exceptions.InvalidParameterException, match="could not be assumed"):
        eks.create_cluster(name="third", roleArn=role, resourcesVpcConfig={"subnetIds": subnets})
    with pytest.raises(eks.exceptions.InvalidParameterException, match="service principals"):
        eks.create_nodegroup(
            clusterName=dev, nodegroupName="untrusted", nodeRole=role, subnets=subnets
        )


def untrusted_role(aws: Clients, service: str) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    name = f"for-{service.partition('.')[0]}"
    made = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
    return str(made["Role"]["Arn"])
