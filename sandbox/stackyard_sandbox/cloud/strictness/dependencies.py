"""EC2 and RDS delete nothing that another resource uses; the emulator deletes most of it.

Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html ("you must detach
or delete all gateways and resources that are associated with the VPC"), …/API_DeleteSubnet.html,
…/API_DeleteSecurityGroup.html ("associated with an instance or network interface, is referenced by
another security group"), …/API_DetachInternetGateway.html, …/API_ReleaseAddress.html, and
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBSubnetGroup.html,
…/API_DeleteDBParameterGroup.html.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.security_groups import SecurityGroup
from moto.rds.exceptions import RDSClientError
from moto.rds.models import RDSBackend, rds_backends

from stackyard_sandbox.cloud.moto_patches.function_interfaces import FUNCTION
from stackyard_sandbox.cloud.strictness import checked

Call = Mapping[str, Any]


def install() -> None:
    """Refuse to delete what is in use."""
    checked.before(EC2Backend, "delete_vpc", _check_vpc)
    checked.before(EC2Backend, "delete_subnet", _check_subnet)
    checked.before(EC2Backend, "_delete_security_group", _check_group)
    checked.before(EC2Backend, "detach_internet_gateway", _check_gateway)
    checked.before(EC2Backend, "release_address", _check_address)
    checked.before(RDSBackend, "delete_subnet_group", _check_subnet_group)
    checked.before(RDSBackend, "delete_db_parameter_group", _check_parameter_group)


def _check_vpc(ec2: EC2Backend, call: Call) -> None:
    vpc = call["vpc_id"]
    groups = [group for group in [*ec2.groups[vpc].values()] if group.name != "default"]
    endpoints = [
        endpoint
        for endpoint in [*ec2.vpc_end_points.values()]
        if endpoint.vpc_id == vpc and endpoint.state != "deleted"
    ]
    gateways = [one for one in [*ec2.internet_gateways.values()] if one.vpc and one.vpc.id == vpc]
    if groups or endpoints or gateways:
        raise DependencyViolationError(f"The vpc '{vpc}' has dependencies and cannot be deleted.")


def _check_subnet(ec2: EC2Backend, call: Call) -> None:
    subnet = call["subnet_id"]
    if any(interface.subnet.id == subnet for interface in _interfaces(ec2)):
        raise DependencyViolationError(
            f"The subnet '{subnet}' has dependencies and cannot be deleted."
        )


def _check_group(ec2: EC2Backend, call: Call) -> None:
    group = call["group_id"]
    held = (one.id for interface in _interfaces(ec2) for one in interface._group_set)
    others = (
        other
        for groups in [*ec2.groups.values()]
        for other in [*groups.values()]
        if other.id != group and group in _named(other)
    )
    databases = rds_backends[ec2.account_id][ec2.region_name].databases.values()
    used = (one for database in databases for one in database.vpc_security_group_ids)
    if group in held or any(others) or group in used:
        raise DependencyViolationError(f"resource {group} has a dependent object")


def _check_gateway(ec2: EC2Backend, call: Call) -> None:
    vpc = call["vpc_id"]
    if any(one.vpc_id == vpc and one.state == "available" for one in [*ec2.nat_gateways.values()]):
        raise DependencyViolationError(
            f"Network {vpc} has some mapped public address(es). Please unmap those public "
            "address(es) before detaching the gateway."
        )


def _check_address(ec2: EC2Backend, call: Call) -> None:
    allocation = call["allocation_id"]
    for gateway in [*ec2.nat_gateways.values()]:
        held = [address.get("allocationId") for address in gateway.address_set]
        if allocation and allocation in held and gateway.state == "available":
            raise EC2ClientError(
                "InvalidIPAddress.InUse", f"The address with allocation id {allocation} is in use."
            )


def _check_subnet_group(rds: RDSBackend, call: Call) -> None:
    name = call["subnet_name"]
    for database in [*rds.databases.values()]:
        group = getattr(database, "db_subnet_group", None)
        if group is not None and group.name == name.lower():
            raise RDSClientError(
                "InvalidDBSubnetGroupStateFault",
                f"Cannot delete the subnet group '{name}' because at least one database instance: "
                f"{database.db_instance_identifier} is still using it.",
            )


def _check_parameter_group(rds: RDSBackend, call: Call) -> None:
    name = call["db_parameter_group_name"]
    used = (database.db_parameter_group_name for database in [*rds.databases.values()])
    if name in used:
        raise RDSClientError(
            "InvalidDBParameterGroupState",
            "One or more database instances are still members of this parameter group "
            f"{name}, so the group cannot be deleted",
        )


def _interfaces(ec2: EC2Backend) -> Iterator[NetworkInterface]:
    """Yield the interfaces in use; the emulator keeps those of deleted gateways and instances.

    Those of functions, which go some time after these, are checked in `function_interfaces`.
    """
    gone = {one._eni.id for one in [*ec2.nat_gateways.values()] if one.state != "available"}
    for interface in [*ec2.enis.values()]:
        instance = interface.instance
        ended = instance is not None and instance._state.name == "terminated"
        if interface.id not in gone and not ended and not hasattr(interface, FUNCTION):
            yield interface


def _named(group: SecurityGroup) -> set[str]:
    """Return the groups that a group's rules name."""
    rules = (*group.ingress_rules, *group.egress_rules)
    return {(rule.source_group or {}).get("GroupId", "") for rule in rules}
