"""Checks a resource's inputs with the SDK's types, before any call to the cloud.

The official providers coerce plain values as Terraform does (a number to a text, "true" to a bool);
so does this module, so that handlers always receive the declared type.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from stackyard_sandbox.provider.protocol import UNKNOWN, Asset, Properties
from stackyard_sandbox.provider.sdk_types import Kind, Members, object_members, resource_type
from stackyard_sandbox.provider.suggestion import did_you_mean

WORDS = {
    "str": "a string",
    "text": "a string or a policy document",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "map": "a map",
    "object": "a map",
    "asset": "a file asset or archive",
}


@dataclass(frozen=True)
class Failure:
    """One invalid property; the reason never contains the value, which may be a secret."""

    path: str
    reason: str


@dataclass
class _Check:
    package: str
    failures: list[Failure] = field(default_factory=list)

    def members(self, value: Properties, members: Members, path: str) -> Properties:
        """Check a map with an input class; unset (None) properties are dropped."""
        checked: Properties = {}
        for key, item in value.items():
            if key.startswith("__"):
                continue
            where = f"{path}.{key}" if path else key
            if key not in members:
                self.failures.append(Failure(where, _unknown(key, members)))
            elif item is not None:
                checked[key] = self.value(item, members[key].kind, where)
        for name, member in members.items():
            if member.required and value.get(name) is None:
                where = f"{path}.{name}" if path else name
                self.failures.append(Failure(where, "this property is required"))
        return checked

    def value(self, value: Any, kind: Kind, path: str) -> Any:
        if value is UNKNOWN or value is None or kind.name == "any":
            return value
        if kind.name == "list" and kind.item and isinstance(value, list):
            return [self.value(item, kind.item, f"{path}[{i}]") for i, item in enumerate(value)]
        if kind.name == "map" and kind.item and isinstance(value, dict):
            item = kind.item
            return {key: self.value(part, item, f'{path}["{key}"]') for key, part in value.items()}
        if kind.name == "object" and kind.reference and isinstance(value, dict):
            return self.members(value, object_members(self.package, kind.reference), path)
        if kind.name == "text" and isinstance(value, dict):
            return json.dumps(value, sort_keys=True)
        if kind.name == "asset" and isinstance(value, Asset):
            return value
        result = _scalar(value, kind.name)
        if result is None:
            reason = f"must be {WORDS[kind.name]} (got {_word(value)})"
            self.failures.append(Failure(path, reason))
        return result


def check(token: str, values: Properties) -> tuple[Properties, list[Failure]]:
    """Return the inputs with their declared types, and every invalid property."""
    run = _Check(token.split(":")[2] if token.startswith("pulumi:") else token.split(":")[0])
    return run.members(values, resource_type(token).inputs, ""), run.failures


def _unknown(key: str, members: Members) -> str:
    return f"unknown property `{key}`{did_you_mean(key, members)}"


def _scalar(value: Any, kind: str) -> str | int | float | bool | None:
    if kind in ("str", "text"):
        return _as_text(value)
    if kind == "bool":
        return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value))
    if kind in ("int", "float") and not isinstance(value, bool):
        return _as_number(value, whole=kind == "int")
    return None


def _as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    return None


def _as_number(value: Any, *, whole: bool) -> int | float | None:
    if not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    if number.is_integer():
        return int(number)
    return None if whole else number


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, Asset):
        return f"an {value.kind}"
    kinds = {str: "a string", int: "a number", float: "a number", list: "a list", dict: "a map"}
    return kinds.get(type(value), type(value).__name__)
