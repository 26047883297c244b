"""Which changes replace where it depends on the change, by the official provider and AWS's API."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from moto import mock_aws

from stackyard_sandbox.cloud.moto_patches import backup_plans
from stackyard_sandbox.provider.aws.backup import Plan
from stackyard_sandbox.provider.aws.differences import changes
from stackyard_sandbox.provider.aws.ec2_endpoints import VpcEndpoint
from stackyard_sandbox.provider.aws.ec2_group_rules import (
    SecurityGroupEgressRule,
    SecurityGroupIngressRule,
)
from stackyard_sandbox.provider.aws.ec2_network import Vpc
from stackyard_sandbox.provider.aws.eks_cluster import Cluster
from stackyard_sandbox.provider.aws.rds_instance import Instance
from stackyard_sandbox.provider.aws.resource import Resource
from stackyard_sandbox.provider.protocol import Properties

KEY = {"provider": {"keyArn": "arn:aws:kms:eu-central-1:123456789012:key/k"}}
OTHER_KEY = {"provider": {"keyArn": "arn:aws:kms:eu-central-1:123456789012:key/other"}}


@pytest.mark.parametrize(
    ("handler", "old", "new", "replaced"),
    [
        (Cluster(), {}, {"encryptionConfig": KEY}, False),
        (Cluster(), {"encryptionConfig": KEY}, {}, True),
        (Cluster(), {"encryptionConfig": KEY}, {"encryptionConfig": OTHER_KEY}, True),
        (Vpc(), {"instanceTenancy": "dedicated"}, {"instanceTenancy": "default"}, False),
        (Vpc(), {"instanceTenancy": "default"}, {"instanceTenancy": "dedicated"}, True),
        (Instance(), {"identifier": "a"}, {"identifier": "b"}, False),
        (Instance(), {"identifierPrefix": "a"}, {"identifierPrefix": "b"}, False),
        (Instance(), {"dbName": "a"}, {"dbName": "b"}, True),
        (
            VpcEndpoint(),
            {"vpcEndpointType": "Interface", "privateDnsEnabled": True},
            {"vpcEndpointType": "Interface", "privateDnsEnabled": False},
            False,
        ),
        (
            VpcEndpoint(),
            {"vpcEndpointType": "Gateway", "privateDnsEnabled": True},
            {"vpcEndpointType": "Gateway", "privateDnsEnabled": False},
            True,
        ),
        (
            SecurityGroupIngressRule(),
            {"cidrIpv4": "10.0.0.0/8"},
            {"cidrIpv4": "10.1.0.0/16"},
            False,
        ),
        (SecurityGroupIngressRule(), {"fromPort": 443}, {"fromPort": 8443}, False),
        (
            SecurityGroupIngressRule(),
            {"cidrIpv4": "10.0.0.0/8"},
            {"referencedSecurityGroupId": "sg-1"},
            True,
        ),
        (Plan(), {"name": "a"}, {"name": "b"}, True),
        (Plan(), {"rules": []}, {"rules": [{"ruleName": "daily"}]}, False),
        (SecurityGroupEgressRule(), {"prefixListId": "pl-1"}, {"cidrIpv6": "::/0"}, True),
    ],
)
def test_a_change_replaces_or_not(
    handler: Resource, old: Properties, new: Properties, *, replaced: bool
) -> None:
    found = changes(old, new)
    assert found
    replacing = handler.replacing(old, new)
    assert any(change.falls_under(replacing) for change in found) is replaced


class Moto:
    """The part of a connected provider that the handlers use."""

    def client(self, service: str) -> Any:
        return boto3.Session("test", "test", region_name="eu-central-1").client(service)


@mock_aws
def test_another_identifier_renames_the_instance() -> None:
    cloud: Any = Moto()
    rds = cloud.client("rds")
    made = rds.create_db_instance(
        DBInstanceIdentifier="before",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        MasterUsername="root",
        MasterUserPassword="only-in-the-emulator",
        AllocatedStorage=20,
    )["DBInstance"]
    old = {"identifier": "before", "applyImmediately": True, "arn": made["DBInstanceArn"]}
    Instance().update(cloud, made["DbiResourceId"], old, {**old, "identifier": "after"})
    (found,) = rds.describe_db_instances()["DBInstances"]
    assert found["DBInstanceIdentifier"] == "after"


@mock_aws
def test_a_network_gives_dedicated_hosts_up() -> None:
    cloud: Any = Moto()
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", InstanceTenancy="dedicated")["Vpc"]["VpcId"]
    old = {"instanceTenancy": "dedicated", "enableDnsSupport": True, "enableDnsHostnames": False}
    Vpc().update(cloud, vpc, old, {**old, "instanceTenancy": "default"})
    (found,) = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    assert found["InstanceTenancy"] == "default"


@mock_aws
def test_rules_of_a_backup_plan_are_changed_in_place() -> None:
    backup_plans.install()
    cloud: Any = Moto()
    rule = {"ruleName": "daily", "targetVaultName": "vault", "lifecycle": {"deleteAfter": 35}}
    old = {"name": "plan", "rules": [rule]}
    identity = Plan().create(cloud, old)
    before = Plan().read(cloud, identity, {})
    longer = {**rule, "lifecycle": {"deleteAfter": 90}}
    Plan().update(cloud, identity, {**old, **before}, {"name": "plan", "rules": [longer]})
    after = Plan().read(cloud, identity, {})
    assert [one["lifecycle"] for one in after["rules"]] == [{"deleteAfter": 90}]
    assert (after["arn"], after["version"] != before["version"]) == (before["arn"], True)
