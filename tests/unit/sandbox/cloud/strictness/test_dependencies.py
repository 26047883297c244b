"""The emulator deletes nothing that another resource uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stackyard_sandbox.cloud.strictness import dependencies
from tests.unit.sandbox.cloud.strictness.conftest import Strict


class Network:
    """A VPC with a subnet and a security group."""

    def __init__(self, clients: Any) -> None:
        self.ec2, self.rds = clients("ec2"), clients("rds")
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            self.ec2.create_subnet(
                VpcId=self.vpc, CidrBlock=f"10.0.{at}.0/24", AvailabilityZone=f"eu-central-1{zone}"
            )["Subnet"]["SubnetId"]
            for at, zone in enumerate("ab")
        ]
        self.group = self.make_group("one")

    def make_group(self, name: str) -> str:
        made = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)
        return str(made["GroupId"])

    def delete_vpc(self) -> None:
        self.ec2.delete_vpc(VpcId=self.vpc)

    def delete_group(self) -> None:
        self.ec2.delete_security_group(GroupId=self.group)

    def delete_subnets(self) -> None:
        for subnet in self.subnets:
            self.ec2.delete_subnet(SubnetId=subnet)


def refused(delete: Callable[[], Any], code: str = "DependencyViolation") -> None:
    with pytest.raises(ClientError, match=code):
        delete()


@pytest.fixture
def network(strict: Strict) -> Network:
    return Network(strict(dependencies))


def test_a_vpc_goes_after_its_groups_endpoints_and_gateway(network: Network) -> None:
    ec2, vpc = network.ec2, network.vpc
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    service = "com.amazonaws.eu-central-1.s3"
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service, VpcEndpointType="Gateway")[
        "VpcEndpoint"
    ]
    network.delete_subnets()
    refused(network.delete_vpc)
    network.delete_group()
    refused(network.delete_vpc)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    refused(network.delete_vpc)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    network.delete_vpc()


def test_a_group_goes_after_the_rules_and_interfaces_that_name_it(network: Network) -> None:
    ec2, other = network.ec2, network.make_group("other")
    rule = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": network.group}]}
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[rule])
    refused(network.delete_group)
    ec2.revoke_security_group_ingress(GroupId=other, IpPermissions=[rule])
    made = ec2.create_network_interface(SubnetId=network.subnets[0], Groups=[network.group])
    interface = made["NetworkInterface"]["NetworkInterfaceId"]
    refused(network.delete_group)
    refused(network.delete_subnets)
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    network.delete_group()
    network.delete_subnets()


def test_addresses_and_subnets_of_a_nat_gateway_are_in_use(network: Network) -> None:
    ec2, vpc = network.ec2, network.vpc
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = ec2.create_nat_gateway(SubnetId=network.subnets[0], AllocationId=address)
    where = {"InternetGatewayId": gateway, "VpcId": vpc}
    refused(lambda: ec2.detach_internet_gateway(**where), "mapped public address")
    refused(lambda: ec2.release_address(AllocationId=address), "InvalidIPAddress.InUse")
    refused(network.delete_subnets)
    ec2.delete_nat_gateway(NatGatewayId=made["NatGateway"]["NatGatewayId"])
    ec2.detach_internet_gateway(**where)
    ec2.release_address(AllocationId=address)
    network.delete_subnets()


def test_groups_of_a_database_stay_while_it_is_there(network: Network) -> None:
    rds = network.rds
    rds.create_db_subnet_group(
        DBSubnetGroupName="db", DBSubnetGroupDescription="db", SubnetIds=network.subnets
    )
    rds.create_db_parameter_group(
        DBParameterGroupName="pg", DBParameterGroupFamily="postgres17", Description="pg"
    )
    rds.create_db_instance(
        DBInstanceIdentifier="db",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="owner",
        ManageMasterUserPassword=True,
        DBSubnetGroupName="db",
        DBParameterGroupName="pg",
        VpcSecurityGroupIds=[network.group],
    )
    deletes: list[tuple[Callable[[], Any], str]] = [
        (lambda: rds.delete_db_subnet_group(DBSubnetGroupName="db"), "InvalidDBSubnetGroupState"),
        (lambda: rds.delete_db_parameter_group(DBParameterGroupName="pg"), "InvalidDBParameter"),
        (network.delete_group, "DependencyViolation"),
    ]
    for delete, code in deletes:
        refused(delete, code)
    rds.delete_db_instance(DBInstanceIdentifier="db", SkipFinalSnapshot=True)
    for delete, _ in deletes:
        delete()
