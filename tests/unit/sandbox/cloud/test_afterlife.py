"""What AWS keeps, or writes again, after a delete: the emulator does the same."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.awslambda.models import LambdaBackend
from moto.ec2.models import EC2Backend
from moto.logs.models import LogsBackend

from stackyard_sandbox.cloud.moto_patches import function_interfaces, late_logs
from stackyard_sandbox.cloud.strictness import checked, dependencies

PATCHED = {
    LambdaBackend: ("create_function", "update_function_configuration", "delete_function"),
    EC2Backend: ("_delete_security_group", "delete_subnet"),
    LogsBackend: ("delete_log_group",),
}
GROUP = "/aws/eks/ended/cluster"


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for backend, names in PATCHED.items():
        for name in names:
            monkeypatch.setattr(backend, name, getattr(backend, name))
    monkeypatch.setattr(function_interfaces, "SECONDS", 0.5)
    function_interfaces.install()
    late_logs.install()
    monkeypatch.setattr(checked, "put_in_place", monkeypatch.setattr)
    dependencies.install()
    with mock_aws():
        yield boto3.Session("test", "test", region_name="eu-central-1").client


class Network:
    """A VPC with a subnet and two groups."""

    def __init__(self, ec2: Any) -> None:
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.0.0/24")
        self.subnet = subnet["Subnet"]["SubnetId"]
        self.first, self.last = (
            ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"]
            for name in ("first", "last")
        )


def make_function(clients: Any, network: Network) -> Any:
    trust = {"RoleName": "fn", "AssumeRolePolicyDocument": "{}"}
    role = clients("iam").create_role(**trust)["Role"]["Arn"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("cluster.py", "")
    clients("lambda").create_function(
        FunctionName="acts",
        Role=role,
        Runtime="python3.13",
        Handler="cluster.handler",
        Code={"ZipFile": packed.getvalue()},
        VpcConfig={"SubnetIds": [network.subnet], "SecurityGroupIds": [network.first]},
    )
    return clients("lambda")


def refused(call: Any, **which: str) -> bool:
    try:
        call(**which)
    except ClientError as error:
        return bool(error.response["Error"]["Code"] == "DependencyViolation")
    return False


def test_interfaces_outlive_their_function_in_its_last_groups(clients: Any) -> None:
    ec2 = clients("ec2")
    network = Network(ec2)
    functions = make_function(clients, network)
    assert refused(ec2.delete_security_group, GroupId=network.first)
    functions.update_function_configuration(
        FunctionName="acts",
        VpcConfig={"SubnetIds": [network.subnet], "SecurityGroupIds": [network.last]},
    )
    functions.delete_function(FunctionName="acts")
    assert not refused(ec2.delete_security_group, GroupId=network.first)
    assert refused(ec2.delete_security_group, GroupId=network.last)
    assert refused(ec2.delete_subnet, SubnetId=network.subnet)
    time.sleep(function_interfaces.SECONDS)
    assert not refused(ec2.delete_security_group, GroupId=network.last)
    assert not refused(ec2.delete_subnet, SubnetId=network.subnet)
    assert not refused(ec2.delete_vpc, VpcId=network.vpc)


def test_the_log_group_of_an_ended_cluster_is_written_again_once(clients: Any) -> None:
    logs = clients("logs")
    logs.create_log_group(logGroupName=GROUP, tags={"stackyard:stack": "a/b/c"})
    late_logs.expect("123456789012", "eu-central-1", "ended")
    logs.delete_log_group(logGroupName=GROUP)
    (again,) = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert logs.list_tags_for_resource(resourceArn=again["arn"].removesuffix(":*"))["tags"] == {}
    logs.delete_log_group(logGroupName=GROUP)
    assert logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"] == []
