"""Who may do what after a change and could not before: IAM statements, bindings, lost denials.

Compared are sets of single grants over a whole stack, so that order, `Sid`s, and statements that
move from one policy of a role to another play no part.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stackyard.access.patterns import PatternError, like, listed
from stackyard_cli.engine.messages import Step
from stackyard_cli.engine.worker.granting import DOCUMENTS

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine puts in place of a text that no preview can know,
`sdk/go/common/resource/plugin/rpc.go` (UnknownStringValue)."""

SECRET = "[secret]"
"""What the engine puts in place of a secret."""

Inputs = Mapping[str, Any]


@dataclass(frozen=True, order=True)
class Grant:
    """One thing that one statement or binding says."""

    holder: str
    """Whose it is: a role, or the policy's own resource."""

    effect: str
    """`Allow` or `Deny`."""

    action: str
    resource: str = ""
    principal: str = ""
    condition: str = ""

    def covers(self, other: Grant) -> bool:
        """Whether this one says at least as much as another of the same holder."""
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
    """Grants of one holder that differ in nothing but actions and resources."""

    holder: str
    effect: str
    """`Allow` is new; `Deny` is a denial that goes."""

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
        word = "may" if self.effect == "Allow" else "is no longer denied"
        who = f" by {self.principal}" if self.principal else ""
        where = f" on {', '.join(self.resources)}" if any(self.resources) else ""
        when = f" if {self.condition}" if self.condition else ""
        return f"{self.holder}{who} {word} {', '.join(self.actions)}{where}{when}"


@dataclass(frozen=True)
class NewPermissions:
    """What a change adds to who may do what."""

    found: list[Permission] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Holders of policies that cannot be read: they name what is not made yet, or are secret."""


def new_permissions(steps: Iterable[Step]) -> NewPermissions:
    """Return what the steps of a preview allow that the last applied state does not."""
    before: set[Grant] = set()
    after: set[Grant] = set()
    unknown: set[str] = set()
    for step in steps:
        then, now = step.granted_before or {}, step.granted_after or {}
        if _readable(then):
            before |= _grants(step, then)
        if step.operation == "delete":
            continue
        if _readable(now):
            after |= _grants(step, now)
        else:
            unknown.add(_holder(step, now))
    added = _beyond({one for one in after if one.effect == "Allow"}, before)
    denied = {one for one in before if one.effect == "Deny" and one.holder not in unknown}
    return NewPermissions(_grouped(added | _beyond(denied, after)), sorted(unknown))


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
    holder = _holder(step, inputs)
    found: set[Grant] = set()
    for name, value in inputs.items():
        if name in DOCUMENTS and value:
            found |= _of_document(holder, value)
        elif name == "rules":
            found |= _of_rules(holder, value or [])
    rest = {k: v for k, v in inputs.items() if k not in DOCUMENTS and k not in ("rules", "role")}
    if rest:
        said = ", ".join(f"{key}={_text(value)}" for key, value in sorted(rest.items()))
        found.add(Grant(holder, "Allow", said))
    return found


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
    """Return the grants of Kubernetes rules; a rule of paths has no resources."""
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


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
