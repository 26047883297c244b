"""Finds the CloudFormation name of a property, and the shape that a value has there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .schema import Node

PAIRS = (("Key", "Value"), ("Name", "Value"))
LABELS = ("key", "name")
VALUES = ("value", "values")


def named(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that is the same name, up to case, or else up to plural too."""
    known = list(candidates)
    for spelt in (str.casefold, singular):
        found = next((one for one in known if spelt(one) == spelt(name)), None)
        if found:
            return found
    return None


def singular(name: str) -> str:
    """Return a name without case and plural."""
    low = name.casefold()
    for plural, one in (("ies", "y"), ("es", "e"), ("s", "")):
        if low.endswith(plural):
            return low.removesuffix(plural) + one
    return low


def shaped(value: Any, node: Node) -> Any:
    """Return a value in the shape that a place asks for: list, object, or a scalar's type."""
    if isinstance(value, list):
        return _of_list(value, node)
    if isinstance(value, Mapping):
        return _of_map(value, node)
    return _of_scalar(value, node)


def _of_list(value: list[Any], node: Node) -> Any:
    if "array" in node.types or "object" not in node.types:
        return value
    if node.properties:
        return value[0] if len(value) == 1 else value
    return collapsed(value)


def collapsed(value: list[Any]) -> Any:
    """Return a list of names and values as one map; another list as it is."""
    result = {}
    for item in value:
        label = next((item[key] for key in LABELS if isinstance(item, Mapping) and key in item), "")
        content = next((item[key] for key in VALUES if key in item), None) if label else None
        if content is None:
            return value
        result[label] = content
    return result


def _of_map(value: Mapping[str, Any], node: Node) -> Any:
    if "array" not in node.types:
        return value
    known = set(node.items.properties)
    for label, content in PAIRS:
        if known == {label, content} and not set(value) <= {label.lower(), "value"}:
            return [{label.lower(): key, "value": text} for key, text in value.items()]
    return [value]


def _of_scalar(value: Any, node: Node) -> Any:
    types = node.types
    if "array" in types and "string" not in types:
        return [value]
    if "object" in types and isinstance(value, str) and value[:1] in ("{", "["):
        return json.loads(value)
    only = list(node.properties)
    if types == {"object"} and len(only) == 1:
        return {only[0][:1].lower() + only[0][1:]: value}
    return _typed(value, types)


def _typed(value: Any, types: frozenset[str]) -> Any:
    """Return numbers, booleans and texts of them as the type that a place asks for.

    Pulumi's package has some of them as texts, and states have each number as a fraction.
    """
    if isinstance(value, str) and types == {"boolean"} and value in ("true", "false"):
        return value == "true"
    if isinstance(value, str) and types == {"integer"} and value.isdigit():
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
