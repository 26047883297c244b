"""Finds the permissions that a change adds: IAM statements, bindings, and removed denials.

The grants of a whole stack are compared as sets, so the order of statements, their `Sid`s, and
their distribution over several policies of one role make no difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stackyard.access.patterns import PatternError, like, listed
from stackyard.resource_risk import ACCESS_INPUTS, POLICY_DOCUMENTS, risk_of
from stackyard_cli.engine.messages import Step

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The engine's placeholder for a text that is unknown before an apply,
`sdk/go/common/resource/plugin/rpc.go` (UnknownStringValue)."""

SECRET = "[secret]"
"""The engine's placeholder for a secret."""

LONGEST_ACTION = 200
"""Maximum length of one action in a line for people; `to_dict` has the whole text."""

Inputs = Mapping[str, Any]


@dataclass(frozen=True, order=True)
class Grant:
    """One action that a statement or binding allows or denies."""

    holder: str
    """The role with the grant, or the resource to which the policy is attached."""

    effect: str
    """`Allow` or `Deny`."""

    action: str
    resource: str = ""
    principal: str = ""
    condition: str = ""

    def covers(self, other: Grant) -> bool:
        """Return whether this grant includes another one of the same holder."""
        if (self.holder, self.effect) != (other.holder, other.effect):
            return False
        if self.principal != other.principal or self.condition not in ("", other.condition):
            return False
        try:
            return like(self.action, other.action, ignore_case=True) and like(
                self.resource, other.resource
            )
        except PatternError:
            return False


@dataclass(frozen=True)
class Permission:
    """Grants of one holder that differ only in actions and resources."""

    holder: str
    effect: str
    """`Allow` for a new grant, `Deny` for a removed denial."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principal: str
    condition: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "holder": self.holder,
            "change": "allowed" if self.effect == "Allow" else "no longer denied",
            "actions": list(self.actions),
            "resources": list(self.resources),
            "principal": self.principal,
            "condition": self.condition,
        }

    def __str__(self) -> str:
        effect = "may" if self.effect == "Allow" else "is no longer denied"
        who = f" by {self.principal}" if self.principal else ""
        where = f" on {', '.join(self.resources)}" if any(self.resources) else ""
        when = f" if {self.condition}" if self.condition else ""
        actions = ", ".join(_short(action) for action in self.actions)
        return f"{self.holder}{who} {effect} {actions}{where}{when}"


@dataclass(frozen=True)
class NewPermissions:
    """The permissions that a change adds."""

    added: list[Permission] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Holders of policies that cannot be compared: unknown before an apply, or secret."""


def new_permissions(steps: Iterable[Step]) -> NewPermissions:
    """Return the permissions in the steps of a preview that the applied state does not have."""
    before: set[Grant] = set()
    after: set[Grant] = set()
    unknown: set[str] = set()
    for step in steps:
        if _unreadable_change(step):
            unknown.add(_holder(step, {}))
        old, new = step.granted_before or {}, step.granted_after or {}
        if _readable(old):
            before |= _grants(step, old)
        if step.operation == "delete":
            continue
        if _readable(new):
            after |= _grants(step, new)
        else:
            unknown.add(_holder(step, new))
    added = _beyond({one for one in after if one.effect == "Allow"}, before)
    denied = {one for one in before if one.effect == "Deny" and one.holder not in unknown}
    return NewPermissions(_grouped(added | _beyond(denied, after)), sorted(unknown))


def _unreadable_change(step: Step) -> bool:
    """Return whether a step changes access, but no table lists the inputs of its type."""
    changed = step.custom and step.kind in {"create", "update", "replace"}
    return changed and risk_of(step.type).access and step.type not in ACCESS_INPUTS


def _readable(inputs: Inputs) -> bool:
    text = json.dumps(inputs)
    return UNKNOWN not in text and SECRET not in text


def _beyond(grants: set[Grant], others: set[Grant]) -> set[Grant]:
    by_holder: dict[str, list[Grant]] = {}
    for one in others:
        by_holder.setdefault(one.holder, []).append(one)
    return {
        one
        for one in grants - others
        if not any(other.covers(one) for other in by_holder.get(one.holder, ()))
    }


def _grants(step: Step, inputs: Inputs) -> set[Grant]:
    """Return the grants and denials in the access inputs of one resource."""
    holder = _holder(step, inputs)
    denies = risk_of(step.type).denies
    result: set[Grant] = set()
    rest: dict[str, Any] = {}
    for name, value in inputs.items():
        if name in denies:
            result |= {Grant(holder, "Deny", _assigned(name, value))} if value else set()
        elif name in POLICY_DOCUMENTS:
            result |= _of_document(holder, value) if value else set()
        elif name == "rules":
            result |= _of_rules(holder, value or [])
        elif name != "role":
            rest[name] = value
    if rest:
        action = ", ".join(_assigned(name, value) for name, value in sorted(rest.items()))
        result.add(Grant(holder, "Allow", action))
    return result


def _assigned(name: str, value: Any) -> str:
    return name if value is True else f"{name}={_text(value)}"


def _holder(step: Step, inputs: Inputs) -> str:
    role = inputs.get("role")
    if isinstance(role, str) and role != UNKNOWN:
        return f"role {role}"
    return f"{step.type.rpartition(':')[2]} {step.name}"


def _of_document(holder: str, value: Any) -> set[Grant]:
    document = json.loads(value) if isinstance(value, str) else value
    statements = document.get("Statement", [])
    return {
        Grant(
            holder,
            statement["Effect"],
            action,
            resource,
            _principal(statement),
            _text(statement.get("Condition", "")),
        )
        for statement in ([statements] if isinstance(statements, dict) else statements)
        for action in _elements(statement, "Action")
        for resource in _elements(statement, "Resource")
    }


def _elements(statement: Mapping[str, Any], name: str) -> list[str]:
    if f"Not{name}" in statement:
        return [f"all but {', '.join(sorted(listed(statement[f'Not{name}'])))}"]
    return listed(statement.get(name)) or [""]


def _principal(statement: Mapping[str, Any]) -> str:
    if "NotPrincipal" in statement:
        return f"all but {_text(statement['NotPrincipal'])}"
    return _text(statement.get("Principal", ""))


def _of_rules(holder: str, rules: Iterable[Mapping[str, Any]]) -> set[Grant]:
    """Return the grants of Kubernetes rules; a rule for URL paths has no resources."""
    return {
        Grant(holder, "Allow", verb, f"{group}/{resource}".lstrip("/"), "", _named(rule))
        for rule in rules
        for verb in rule.get("verbs") or []
        for group in rule.get("apiGroups") or [""]
        for resource in rule.get("resources") or rule.get("nonResourceURLs") or []
    }


def _named(rule: Mapping[str, Any]) -> str:
    names = rule.get("resourceNames")
    return f"named {', '.join(names)}" if names else ""


def _grouped(grants: set[Grant]) -> list[Permission]:
    by_resource: dict[tuple[str, ...], list[str]] = {}
    for one in sorted(grants):
        key = (one.holder, one.effect, one.principal, one.condition, one.resource)
        by_resource.setdefault(key, []).append(one.action)
    by_actions: dict[tuple[Any, ...], list[str]] = {}
    for (*rest, resource), actions in by_resource.items():
        by_actions.setdefault((*rest, tuple(actions)), []).append(resource)
    return [
        Permission(holder, effect, actions, tuple(resources), principal, condition)
        for (holder, effect, principal, condition, actions), resources in by_actions.items()
    ]


def _short(action: str) -> str:
    """Shorten the middle of a long text, such as an admission policy."""
    if len(action) <= LONGEST_ACTION:
        return action
    half = LONGEST_ACTION // 2
    return f"{action[:half]}…{action[-half:]}"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
