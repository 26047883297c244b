"""Security groups.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/ec2/securitygroup/ and
…/ec2/defaultsecuritygroup/.
"""

from __future__ import annotations

from typing import Any

from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.ec2 import (
    delete_released,
    one,
    tagged,
    tags_of,
    update_tags,
)
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    changed,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Properties

NO_GROUP = "InvalidGroup.NotFound"
SOURCES = {
    "cidrBlocks": ("IpRanges", "CidrIp"),
    "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListIds": ("PrefixListIds", "PrefixListId"),
    "securityGroups": ("UserIdGroupPairs", "GroupId"),
}


class SecurityGroup(Resource):
    """A group; EC2's default rule, which allows all outgoing traffic, is removed."""

    token = "aws:ec2/securityGroup:SecurityGroup"
    takes = (
        "name",
        "namePrefix",
        "description",
        "vpcId",
        "ingress",
        "egress",
        "revokeRulesOnDelete",
    )
    replaces = frozenset({"name", "namePrefix", "description", "vpcId"})
    autoname = Autoname(limit=255)
    defaults = {"description": "Managed by Pulumi", "revokeRulesOnDelete": False}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the group."""
        vpc = {"VpcId": inputs["vpcId"]} if inputs.get("vpcId") else {}
        answer = aws.client("ec2").create_security_group(
            GroupName=inputs["name"],
            Description=inputs["description"],
            **vpc,
            **tagged("security-group", inputs),
        )
        return str(answer["GroupId"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Write the inline rules of the group."""
        _write_rules(aws, identity, inputs)

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the group and its rules."""
        group = _group(aws, identity)
        if group is None:
            return None
        return {
            "name": group["GroupName"],
            "description": group["Description"],
            "vpcId": group.get("VpcId"),
            "ownerId": group.get("OwnerId"),
            "arn": aws.arn("ec2", f"security-group/{identity}"),
            "ingress": _rules(group["IpPermissions"], identity),
            "egress": _rules(group["IpPermissionsEgress"], identity),
            "tagsAll": tags_of(group),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Write changed inline rules again, if the group has any; change tags."""
        kept = {key: new.get(key) for key in ("ingress", "egress") if changed(old, new, key)}
        rules = {key: value for key, value in kept.items() if value is not None}
        if rules:
            _write_rules(aws, identity, rules, standard=False)
        update_tags(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the group once nothing is in it."""
        with ignoring_missing(NO_GROUP):
            delete_released(aws.client("ec2").delete_security_group, GroupId=identity)


class DefaultSecurityGroup(Resource):
    """The default group of each VPC; adopted with exactly the given rules, by default none."""

    token = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    takes = ("vpcId", "ingress", "egress", "revokeRulesOnDelete")
    replaces = frozenset({"vpcId"})
    defaults = {"ingress": [], "egress": [], "revokeRulesOnDelete": False}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Find the group."""
        filters = [{"Name": "group-name", "Values": ["default"]}]
        if inputs.get("vpcId"):
            filters.append({"Name": "vpc-id", "Values": [inputs["vpcId"]]})
        answer = aws.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
        return str(answer[0]["GroupId"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Replace its rules and tag it."""
        _write_rules(aws, identity, inputs, standard=False)
        update_tags(aws, identity, {}, inputs)

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the group and its rules."""
        return SecurityGroup().read(aws, identity, state)

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Write rules again; change tags."""
        _write_rules(aws, identity, new, standard=False)
        update_tags(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Leave it as it is: it is deleted with its VPC."""


def _group(aws: Cloud, identity: str) -> Any:
    call = aws.client("ec2").describe_security_groups
    return one(call, "SecurityGroups", NO_GROUP, GroupIds=[identity])


def _write_rules(aws: Cloud, group: str, inputs: Properties, *, standard: bool = True) -> None:
    """Make the rules of a group exactly these; `standard` also removes EC2's own egress rule."""
    client = aws.client("ec2")
    answer = _group(aws, group)
    if standard or "egress" in inputs:
        if answer["IpPermissionsEgress"]:
            client.revoke_security_group_egress(
                GroupId=group, IpPermissions=answer["IpPermissionsEgress"]
            )
        if inputs.get("egress"):
            permissions = [_inline(rule, group) for rule in inputs["egress"]]
            client.authorize_security_group_egress(GroupId=group, IpPermissions=permissions)
    if "ingress" in inputs:
        if answer["IpPermissions"]:
            client.revoke_security_group_ingress(
                GroupId=group, IpPermissions=answer["IpPermissions"]
            )
        if inputs.get("ingress"):
            permissions = [_inline(rule, group) for rule in inputs["ingress"]]
            client.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)


def _inline(rule: Properties, group: str) -> Properties:
    every = rule["protocol"] == "-1"
    ports = {} if every else {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
    permission: Properties = {"IpProtocol": rule["protocol"], **ports}
    note = {"Description": rule["description"]} if rule.get("description") else {}
    for key, (ranges, member) in SOURCES.items():
        values = list(rule.get(key) or [])
        if key == "securityGroups" and rule.get("self"):
            values.append(group)
        if values:
            permission[ranges] = [{member: value, **note} for value in values]
    return permission


def _rules(permissions: list[Any], group: str) -> list[Properties]:
    """Return permissions as inline rules: one for each protocol, ports and description."""
    result: dict[Any, Properties] = {}
    for permission in permissions:
        ports = permission.get("FromPort", 0), permission.get("ToPort", 0)
        ports = (0, 0) if permission["IpProtocol"] == "-1" else ports
        for key, (ranges, member) in SOURCES.items():
            for entry in permission.get(ranges) or []:
                note = entry.get("Description") or ""
                rule = result.setdefault(
                    (permission["IpProtocol"], *ports, note),
                    {
                        "protocol": permission["IpProtocol"],
                        "fromPort": ports[0],
                        "toPort": ports[1],
                        **({"description": note} if note else {}),
                    },
                )
                if entry[member] == group:
                    rule["self"] = True
                else:
                    rule.setdefault(key, []).append(entry[member])
    return list(result.values())
