"""Without a NAT gateway, each API that a project's pods call is an endpoint of the stage."""

from __future__ import annotations

import boto3
import pytest
from moto import mock_aws

from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard.network import needs
from tests.support.estates import SmallEstate

STACK = StackId("vision", "defects", "dev")


def problems(small: SmallEstate, project: str, more: list[str]) -> list[str]:
    endpoints = ", ".join([*needs.missing(needs.EVERY_STAGE, ()), *more])
    network = f"{{nat: none, interface_endpoints: [{endpoints}]}}"
    small.write("platform/foundation/dev.yaml", f"network: {network}\ndatabase: {{}}\n")
    small.write("vision/defects/dev.yaml", project)
    return [str(problem) for problem in Estate(small.root).check([STACK])]


SHARED = """\
access:
  audiences: {scientist: {trusted: ["arn:aws:iam::123456789012:role/s"]}}
  shared: {scratch: {uid: 1001, gid: 1001, members: [scientist]}}
"""


@pytest.mark.parametrize(
    ("project", "service", "who"),
    [
        ("tracking: {}\n", "secretsmanager", "pods read passwords"),
        (SHARED, "elasticfilesystem", "nodes mount the shared file system"),
    ],
)
def test_a_section_without_its_endpoint_is_refused(
    small: SmallEstate, project: str, service: str, who: str
) -> None:
    (found,) = problems(small, project, [])
    assert who in found
    assert f"add to `network.interface_endpoints` of platform/foundation/dev: {service}" in found
    assert problems(small, project, [service]) == []


@mock_aws
def test_every_service_on_offer_has_an_endpoint_at_aws() -> None:
    """Asked of the emulator's copy of AWS's list."""
    client = boto3.Session("test", "test", region_name="eu-central-1").client("ec2")
    known = set(client.describe_vpc_endpoint_services()["ServiceNames"])
    offered = {f"com.amazonaws.eu-central-1.{service}" for service in needs.SERVICES}
    assert offered - known == set()
    needed = (one.services for one in vars(needs).values() if isinstance(one, needs.Need))
    assert {service for services in needed for service in services} <= set(needs.SERVICES)
