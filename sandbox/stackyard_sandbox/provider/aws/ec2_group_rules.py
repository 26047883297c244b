"""Rules of security groups, each as a separate resource.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/vpc/securitygroupingressrule/.
"""

from __future__ import annotations

from typing import ClassVar

from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.ec2 import tagged, tags_of, update_tags
from stackyard_sandbox.provider.aws.resource import (
    Resource,
    call_or_none,
    changed,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Properties

NO_RULE = ("InvalidSecurityGroupRuleId.NotFound", "InvalidGroup.NotFound")

SOURCES = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")


class Rule(Resource):
    """Base of one rule of a group as a separate resource."""

    takes = (
        "securityGroupId",
        "ipProtocol",
        "fromPort",
        "toPort",
        "cidrIpv4",
        "cidrIpv6",
        "prefixListId",
        "referencedSecurityGroupId",
        "description",
    )
    replaces = frozenset({"securityGroupId"})
    egress: ClassVar[bool]

    def replacing(self, old: Properties, new: Properties) -> frozenset[str]:
        """Another kind of source makes a new rule: a modified one keeps its kind.

        Source: `ModifyPlan` of the official provider's `vpc_security_group_ingress_rule.go`.
        """
        kept = _kinds(old) == _kinds(new)
        return self.replaces if kept else self.replaces | set(SOURCES)

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Add the rule."""
        client = aws.client("ec2")
        add = (
            client.authorize_security_group_egress
            if self.egress
            else client.authorize_security_group_ingress
        )
        answer = add(
            GroupId=inputs["securityGroupId"],
            IpPermissions=[_permission(inputs)],
            **tagged("security-group-rule", inputs),
        )
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the rule."""
        client = aws.client("ec2")
        call = client.describe_security_group_rules
        answer = call_or_none(call, *NO_RULE, SecurityGroupRuleIds=[identity])
        rules = (answer or {}).get("SecurityGroupRules")
        if not rules:
            return None
        rule = rules[0]
        every = rule["IpProtocol"] == "-1"
        return {
            "securityGroupId": rule["GroupId"],
            "securityGroupRuleId": identity,
            "ipProtocol": rule["IpProtocol"],
            "fromPort": None if every else rule.get("FromPort"),
            "toPort": None if every else rule.get("ToPort"),
            "cidrIpv4": rule.get("CidrIpv4"),
            "cidrIpv6": rule.get("CidrIpv6"),
            "prefixListId": rule.get("PrefixListId"),
            "referencedSecurityGroupId": rule.get("ReferencedGroupInfo", {}).get("GroupId"),
            # The emulator drops the description of a rule that names a group.
            **({"description": rule["Description"]} if rule.get("Description") else {}),
            "arn": aws.arn("ec2", f"security-group-rule/{identity}"),
            "tagsAll": tags_of(rule),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change the rule in place; its tags too."""
        names = self.takes
        if changed(old, new, *names):
            rule = {
                "IpProtocol": new["ipProtocol"],
                "FromPort": new.get("fromPort", -1),
                "ToPort": new.get("toPort", -1),
                "CidrIpv4": new.get("cidrIpv4"),
                "CidrIpv6": new.get("cidrIpv6"),
                "PrefixListId": new.get("prefixListId"),
                "ReferencedGroupId": new.get("referencedSecurityGroupId"),
                "Description": new.get("description") or "",
            }
            rule = {key: value for key, value in rule.items() if value is not None}
            entry = {"SecurityGroupRuleId": identity, "SecurityGroupRule": rule}
            aws.client("ec2").modify_security_group_rules(
                GroupId=new["securityGroupId"], SecurityGroupRules=[entry]
            )
        update_tags(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Remove the rule."""
        client = aws.client("ec2")
        remove = (
            client.revoke_security_group_egress
            if self.egress
            else client.revoke_security_group_ingress
        )
        with ignoring_missing(*NO_RULE, "InvalidPermission.NotFound"):
            remove(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[identity])


class SecurityGroupIngressRule(Rule):
    """A rule for incoming traffic."""

    token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    egress = False


class SecurityGroupEgressRule(Rule):
    """A rule for outgoing traffic."""

    token = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    egress = True


def _permission(inputs: Properties) -> Properties:
    permission: Properties = {"IpProtocol": inputs["ipProtocol"]}
    for key, member in (("fromPort", "FromPort"), ("toPort", "ToPort")):
        if inputs.get(key) is not None:
            permission[member] = inputs[key]
    note = {"Description": inputs["description"]} if inputs.get("description") else {}
    for key, ranges, member in (
        ("cidrIpv4", "IpRanges", "CidrIp"),
        ("cidrIpv6", "Ipv6Ranges", "CidrIpv6"),
        ("prefixListId", "PrefixListIds", "PrefixListId"),
        ("referencedSecurityGroupId", "UserIdGroupPairs", "GroupId"),
    ):
        if inputs.get(key):
            permission[ranges] = [{member: inputs[key], **note}]
    return permission


def _kinds(inputs: Properties) -> list[str]:
    """Return which of the sources a rule has: one."""
    return [name for name in SOURCES if inputs.get(name) is not None]
