"""A modified rule of a security group keeps its kind of source, and gets the new one.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRuleRequest.html:
"When you modify a rule, you cannot change the rule type." moto changes addresses of IPv4 only.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule

CODE = "InvalidParameterValue"
KINDS = ("CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupId")

METHOD = "modify_security_group_rules"


def install() -> None:
    """Refuse another kind of source; change the source of every kind."""
    # `descriptions` checks the same call: what stands there now is kept.
    setattr(SecurityGroupBackend, METHOD, _modifying(getattr(SecurityGroupBackend, METHOD)))


def _modifying(modify: Any) -> Any:
    def checked(self: SecurityGroupBackend, group_id: str, rules: dict[str, Any]) -> None:
        group = self.get_security_group_by_name_or_id(group_id)
        found = {key: group.get_rule(key) if group else None for key in rules}
        for key, rule in found.items():
            if rule:
                _check(rule, rules[key])
        modify(self, group_id, rules)
        for key, rule in found.items():
            if rule:
                _apply(rule, rules[key])

    return checked


def _check(rule: SecurityGroupRule, new: dict[str, Any]) -> None:
    asked = next((kind for kind in KINDS if new.get(kind) is not None), None)
    if asked and asked != (kind := _kind(rule)):
        raise EC2ClientError(
            CODE,
            f"Invalid rule type for security group rule '{rule.id}'. You may not specify {asked} "
            f"for a rule with {kind}.",
        )


def _kind(rule: SecurityGroupRule) -> str:
    if rule.prefix_list_id:
        return "PrefixListId"
    if rule.source_group:
        return "ReferencedGroupId"
    return "CidrIpv6" if rule.cidr_ipv6 else "CidrIpv4"


def _apply(rule: SecurityGroupRule, new: dict[str, Any]) -> None:
    if new.get("CidrIpv6"):
        rule.ip_range["CidrIpv6"] = new["CidrIpv6"]
    if new.get("PrefixListId"):
        rule.prefix_list_id = new["PrefixListId"]
    if new.get("ReferencedGroupId"):
        rule.source_group = {**rule.source_group, "GroupId": new["ReferencedGroupId"]}
