"""EC2 refuses some characters in names and descriptions of security groups and rules.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html and
…/API_IpRange.html: up to 255 of a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*.
"""

from __future__ import annotations

import re
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupBackend

ALLOWED = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")
CODE = "InvalidParameterValue"

_create = SecurityGroupBackend.create_security_group
_modify = SecurityGroupBackend.modify_security_group_rules


def install() -> None:
    """Check every description of a group or a rule."""
    setattr(SecurityGroupBackend, _create.__name__, _creating)
    setattr(SecurityGroupBackend, _modify.__name__, _modifying)
    for name in ("authorize_security_group_ingress", "authorize_security_group_egress"):
        setattr(SecurityGroupBackend, name, _authorizing(getattr(SecurityGroupBackend, name)))


def _creating(
    self: SecurityGroupBackend, name: str, description: str, *rest: Any, **others: Any
) -> SecurityGroup:
    _check("GroupName", name)
    _check("GroupDescription", description)
    return _create(self, name, description, *rest, **others)


def _authorizing(authorize: Any) -> Any:
    def checked(self: SecurityGroupBackend, *values: Any, **others: Any) -> Any:
        for value in (*values, *others.values()):
            for source in value if isinstance(value, list) else ():
                if isinstance(source, dict):
                    _check("Description", source.get("Description"))
        return authorize(self, *values, **others)

    return checked


def _modifying(self: SecurityGroupBackend, group_id: str, rules: dict[str, Any]) -> None:
    for rule in rules.values():
        _check("Description", rule.get("Description"))
    _modify(self, group_id, rules)


def _check(parameter: str, text: str | None) -> None:
    if text is not None and not ALLOWED.fullmatch(text):
        raise EC2ClientError(
            CODE,
            f"Value ({text}) for parameter {parameter} is invalid. Character sets beyond ASCII "
            "are not supported. Valid are up to 255 of a-z, A-Z, 0-9, spaces, and "
            "._-:/()#,@[]+=&;{}!$*.",
        )
