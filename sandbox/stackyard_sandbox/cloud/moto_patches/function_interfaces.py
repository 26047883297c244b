"""Network interfaces of functions in a VPC, which stay for a while after their function.

Lambda deletes them up to 40 minutes after the function; until then EC2 deletes neither their
groups nor their subnets:
https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html,
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lambda_function.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.elastic_network_interfaces import NetworkInterface

SECONDS = 3
"""How long an interface outlives its function."""

FUNCTION, GONE_AT = "of_function", "gone_at"
"""Attributes of an interface: its function's name, and the time of its end."""

_create = LambdaBackend.create_function
_configure = LambdaBackend.update_function_configuration
_delete = LambdaBackend.delete_function
_delete_group = EC2Backend._delete_security_group
_delete_subnet = EC2Backend.delete_subnet


def install() -> None:
    """Make, move and keep the interfaces; refuse to delete what holds one."""
    for backend, original, patched in (
        (LambdaBackend, _create, _creating),
        (LambdaBackend, _configure, _configuring),
        (LambdaBackend, _delete, _deleting),
        (EC2Backend, _delete_group, _deleting_group),
        (EC2Backend, _delete_subnet, _deleting_subnet),
    ):
        setattr(backend, original.__name__, patched)


def _creating(self: LambdaBackend, spec: dict[str, Any]) -> LambdaFunction:
    made = _create(self, spec)
    config, network = spec.get("VpcConfig") or {}, _network(self)
    for subnet in config.get("SubnetIds", ()):
        with suppress(EC2ClientError):
            interface = network.create_network_interface(
                subnet,
                "",
                group_ids=config.get("SecurityGroupIds"),
                description=f"AWS Lambda VPC ENI-{made.function_name}",
            )
            interface.status = "in-use"
            setattr(interface, FUNCTION, made.function_name)
    return made


def _configuring(
    self: LambdaBackend, function_name: str, qualifier: str, body: dict[str, Any]
) -> dict[str, Any] | None:
    changed = _configure(self, function_name, qualifier, body)
    if groups := (body.get("VpcConfig") or {}).get("SecurityGroupIds"):
        network = _network(self)
        for interface in _of(network, function_name):
            network.modify_network_interface_attribute(interface.id, groups)
    return changed


def _deleting(self: LambdaBackend, function_name: str, qualifier: str | None = None) -> None:
    _delete(self, function_name, qualifier)
    for interface in _of(_network(self), function_name):
        setattr(interface, GONE_AT, time.time() + SECONDS)


def _deleting_group(self: EC2Backend, vpc_id: str | None, group_id: str) -> None:
    if any(group_id in _groups(interface) for interface in _of(self)):
        raise DependencyViolationError(f"resource {group_id} has a dependent object")
    _delete_group(self, vpc_id, group_id)


def _deleting_subnet(self: EC2Backend, subnet_id: str) -> Any:
    if any(interface.subnet.id == subnet_id for interface in _of(self)):
        raise DependencyViolationError(
            f"The subnet '{subnet_id}' has dependencies and cannot be deleted."
        )
    return _delete_subnet(self, subnet_id)


def _of(network: EC2Backend, function: str | None = None) -> Iterator[NetworkInterface]:
    """Yield the interfaces of a function, or of all, after deleting those whose time has come."""
    for interface in list(network.enis.values()):
        if getattr(interface, GONE_AT, time.time() + 1) <= time.time():
            network.enis.pop(interface.id)
        elif (owner := getattr(interface, FUNCTION, None)) and function in (None, owner):
            yield interface


def _groups(interface: NetworkInterface) -> set[str]:
    return {group.id for group in interface._group_set}


def _network(backend: LambdaBackend) -> EC2Backend:
    return ec2_backends[backend.account_id][backend.region_name]
