"""Implements data sources, for example `aws.get_caller_identity()`."""

from __future__ import annotations

from collections.abc import Callable

from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.policy_document import policy_document
from stackyard_sandbox.provider.aws.resource import call_or_none
from stackyard_sandbox.provider.protocol import Properties
from stackyard_sandbox.provider.server import ProviderError

PUBLIC_PARAMETERS = "/aws/service/"
"""Prefix of the image ids that AWS publishes; the emulator has none of them."""


def answer(token: str, aws: Cloud, arguments: Properties) -> Properties:
    """Return the result of the function with a token."""
    function = FUNCTIONS.get(token)
    if function is None:
        raise ProviderError(f"the sandbox has no function {token}")
    return function(aws, arguments)


def caller_identity(aws: Cloud, arguments: Properties) -> Properties:
    """Return the identity of the sandbox's calls."""
    answer = aws.client("sts").get_caller_identity()
    account = answer["Account"]
    return {"id": account, "accountId": account, "arn": answer["Arn"], "userId": answer["UserId"]}


def region(aws: Cloud, arguments: Properties) -> Properties:
    """Describe the provider's region, or the requested one."""
    name = arguments.get("region") or arguments.get("name") or aws.region
    return {
        "id": name,
        "name": name,
        "region": name,
        "description": name,
        "endpoint": f"ec2.{name}.amazonaws.com",
    }


def partition(aws: Cloud, arguments: Properties) -> Properties:
    """Describe the partition of the provider's region."""
    suffixes = {"aws-cn": "amazonaws.com.cn"}
    suffix = suffixes.get(aws.partition, "amazonaws.com")
    return {
        "id": aws.partition,
        "partition": aws.partition,
        "dnsSuffix": suffix,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
    }


def availability_zones(aws: Cloud, arguments: Properties) -> Properties:
    """List zones; by default all that are available, in the order of their names."""
    filters = [
        {"Name": one["name"], "Values": one["values"]} for one in arguments.get("filters") or []
    ]
    if arguments.get("state"):
        filters.append({"Name": "state", "Values": [arguments["state"]]})
    answer = aws.client("ec2").describe_availability_zones(Filters=filters)["AvailabilityZones"]
    without = {*(arguments.get("excludeNames") or []), *(arguments.get("excludeZoneIds") or [])}
    zones = sorted(
        (zone for zone in answer if not without & {zone["ZoneName"], zone["ZoneId"]}),
        key=lambda zone: str(zone["ZoneName"]),
    )
    return {
        "id": aws.region,
        "region": aws.region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": sorted({zone.get("GroupName") or aws.region for zone in zones}),
    }


def parameter(aws: Cloud, arguments: Properties) -> Properties:
    """Read a parameter of Systems Manager."""
    name = arguments["name"]
    call = aws.client("ssm").get_parameter
    answer = call_or_none(call, "ParameterNotFound", Name=name, WithDecryption=True)
    if answer is None:
        public = str(name).startswith(PUBLIC_PARAMETERS)
        reason = "AWS publishes it, the emulator does not have it" if public else "it is not there"
        raise ProviderError(f"aws:ssm/getParameter: `{name}`: {reason}")
    shown = answer["Parameter"]
    return {
        "id": name,
        "name": name,
        "arn": shown["ARN"],
        "type": shown["Type"],
        "value": shown["Value"],
        "insecureValue": shown["Value"] if shown["Type"] != "SecureString" else None,
        "version": shown["Version"],
        "region": aws.region,
    }


FUNCTIONS: dict[str, Callable[[Cloud, Properties], Properties]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": caller_identity,
    "aws:index/getRegion:getRegion": region,
    "aws:index/getPartition:getPartition": partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": availability_zones,
    "aws:iam/getPolicyDocument:getPolicyDocument": policy_document,
    "aws:ssm/getParameter:getParameter": parameter,
}
