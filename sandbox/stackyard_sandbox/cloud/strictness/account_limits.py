"""Quotas of a new account, per account and region; the emulator has few.

Each row has the quota's name, as the pages write it:
https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html,
https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html,
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html,
https://docs.aws.amazon.com/prometheus/latest/userguide/AMP_quotas.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from moto.amp.models import PrometheusServiceBackend
from moto.core.exceptions import JsonRESTError
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.events.models import EventsBackend
from moto.iam.exceptions import LimitExceededException
from moto.iam.models import IAMBackend
from moto.rds.exceptions import RDSClientError
from moto.rds.models import RDSBackend

from stackyard_sandbox.cloud.strictness import checked

Call = Mapping[str, Any]


class Limit(NamedTuple):
    """A number of things that a call may not exceed."""

    backend: type
    method: str
    quota: str
    most: int
    number: Callable[[Any, Call], int]
    """How many there are once the call is done."""

    error: Callable[[str], Exception]


def _ec2(code: str) -> Callable[[str], Exception]:
    return lambda text: EC2ClientError(code, text)


def _rds(code: str) -> Callable[[str], Exception]:
    return lambda text: RDSClientError(code, text)


def _json(code: str) -> Callable[[str], Exception]:
    return lambda text: JsonRESTError(code, text)


def _vpcs(ec2: EC2Backend, call: Call) -> int:
    # The default VPC counts as well; the emulator makes it before the others.
    return 0 if call["is_default"] else len(ec2.vpcs) + 1


def _nat_gateways(ec2: EC2Backend, call: Call) -> int:
    zone = ec2.get_subnet(call["subnet_id"]).availability_zone
    there = [one for one in [*ec2.nat_gateways.values()] if one.state == "available"]
    return 1 + sum(ec2.get_subnet(one.subnet_id).availability_zone == zone for one in there)


def _endpoints(kind: str) -> Callable[[EC2Backend, Call], int]:
    def count(ec2: EC2Backend, call: Call) -> int:
        if (call["endpoint_type"] or "Gateway").lower() != kind:
            return 0
        there = [one for one in [*ec2.vpc_end_points.values()] if one.state != "deleted"]
        same = [one for one in there if (one.vpc_endpoint_type or "gateway").lower() == kind]
        counted = [one for one in same if kind == "gateway" or one.vpc_id == call["vpc_id"]]
        return len(counted) + 1

    return count


def _rules(events: EventsBackend, call: Call) -> int:
    bus = events._get_event_bus(events._normalize_event_bus_arn(call["event_bus_arn"]))
    return len(bus.rules.keys() | {call["name"]})


def _targets(events: EventsBackend, call: Call) -> int:
    bus = events._get_event_bus(events._normalize_event_bus_arn(call["event_bus_arn"]))
    rule = bus.rules.get(call["name"])
    before = {target["Id"] for target in rule.targets} if rule else set()
    return len(before | {target["Id"] for target in call["targets"]})


def _of(attribute: str) -> Callable[[Any, Call], int]:
    return lambda backend, _: len(getattr(backend, attribute)) + 1


_GROUPS = "SecurityGroupsPerInterfaceLimitExceeded"
_BUS = _json("LimitExceededException")

LIMITS = (
    Limit(EC2Backend, "create_vpc", "VPCs per Region", 5, _vpcs, _ec2("VpcLimitExceeded")),
    Limit(
        *(EC2Backend, "allocate_address", "Elastic IP addresses per Region", 5),
        *(_of("addresses"), _ec2("AddressLimitExceeded")),
    ),
    Limit(
        *(EC2Backend, "create_internet_gateway", "Internet gateways per Region", 5),
        *(_of("internet_gateways"), _ec2("InternetGatewayLimitExceeded")),
    ),
    Limit(
        *(EC2Backend, "create_nat_gateway", "NAT gateways per Availability Zone", 5),
        *(_nat_gateways, _ec2("NatGatewayLimitExceeded")),
    ),
    Limit(
        *(EC2Backend, "create_vpc_endpoint", "Interface endpoints per VPC", 50),
        *(_endpoints("interface"), _ec2("VpcEndpointLimitExceeded")),
    ),
    Limit(
        *(EC2Backend, "create_vpc_endpoint", "Gateway VPC endpoints per Region", 20),
        *(_endpoints("gateway"), _ec2("VpcEndpointLimitExceeded")),
    ),
    *(
        Limit(
            *(EC2Backend, method, "Security groups per network interface", 5),
            *(lambda _, call: len(call["group_ids"] or ()), _ec2(_GROUPS)),
        )
        for method in ("create_network_interface", "modify_network_interface_attribute")
    ),
    Limit(
        IAMBackend, "create_role", "Roles per account", 1_000, _of("roles"), LimitExceededException
    ),
    Limit(
        *(
            IAMBackend,
            "create_open_id_connect_provider",
            "OpenId connect providers per account",
            100,
        ),
        *(_of("open_id_providers"), LimitExceededException),
    ),
    Limit(EventsBackend, "put_rule", "Rules", 300, _rules, _BUS),
    Limit(EventsBackend, "put_targets", "Targets per rule", 5, _targets, _BUS),
    Limit(
        *(RDSBackend, "create_db_instance", "DB instances", 40),
        *(_of("databases"), _rds("InstanceQuotaExceeded")),
    ),
    Limit(
        *(PrometheusServiceBackend, "create_workspace", "Workspaces per region per account", 25),
        *(_of("workspaces"), _json("ServiceQuotaExceededException")),
    ),
)


def install() -> None:
    """Refuse what exceeds a quota."""
    for limit in LIMITS:
        checked.before(limit.backend, limit.method, partial(_check, limit))


def _check(limit: Limit, backend: Any, call: Call) -> None:
    if (count := limit.number(backend, call)) > limit.most:
        where = "the account" if limit.backend is IAMBackend else f"region {backend.region_name}"
        raise limit.error(
            f"there would be {count} in {where}; the quota `{limit.quota}` is {limit.most}"
        )
