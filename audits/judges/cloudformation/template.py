"""Makes CloudFormation templates of what the estates declare."""

from __future__ import annotations

import json
import re
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audits.judges.declared import Declared
from audits.judges.types import WITHOUT

from .properties import Properties, put, translated
from .schema import schema_of
from .table import Names, Table

REGION = "eu-central-1"
"""Where a resource is whose state names no region: types of the region's schemas are the same."""

HIDDEN = {"Type": "String", "NoEcho": True}

IDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=-)([0-9a-f]{17}|[0-9a-f]{7,8})\b")
"""Ids of AWS's making, and the digits that names of the provider's making end with."""

LARGEST = 500
"""Resources of one template: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html."""


@dataclass
class Made:
    """One resource of a template, and the declared resources that it is made of."""

    names: Names
    region: str
    declared: Declared
    properties: Properties


@dataclass
class Mapped:
    """All that was declared, as CloudFormation would have it."""

    resources: list[Made] = field(default_factory=list)
    items: int = 0
    """Number of declared resources that are in them."""

    unknown: list[Declared] = field(default_factory=list)
    """Of a type that the table does not have."""

    unmapped: list[tuple[Declared, str]] = field(default_factory=list)
    """Inputs that have no counterpart, and no reason for it."""

    reasons: dict[tuple[str, str], str] = field(default_factory=dict)
    """(token, input) -> why it has no counterpart."""

    without_type: dict[str, str] = field(default_factory=dict)
    """Tokens that CloudFormation has no type for -> why."""


def mapped(resources: Sequence[Declared], known: Table) -> Mapped:
    """Map each declared resource; parts of another resource are put into that one.

    Resources of several estates may have the same names: a part belongs to the last one before it.
    """
    result = Mapped()
    parts: list[tuple[int, Declared, Names]] = []
    wholes: list[int] = []
    for position, declared in enumerate(resources):
        names = known.types.get(declared.type)
        if names is None:
            if declared.type.startswith("aws:"):
                _not_mapped(result, declared)
        elif names.into:
            parts.append((position, declared, names))
        elif _add(result, declared, names):
            wholes.append(position)
    for position, declared, names in parts:
        before = bisect(wholes, position)
        nearest = [*reversed(result.resources[:before]), *result.resources[before : len(wholes)]]
        _add(result, declared, names, _whole(nearest, declared, names))
    return result


def _not_mapped(result: Mapped, declared: Declared) -> None:
    reason = WITHOUT.get(declared.type)
    if reason is None:
        result.unknown.append(declared)
    else:
        result.without_type[declared.type] = reason


def _add(result: Mapped, declared: Declared, names: Names, whole: Made | None = None) -> bool:
    """Add a resource, or a part to its whole; False for a type that the registry lacks."""
    region = str(declared.outputs.get("region") or REGION)
    schema = schema_of(names.kind, region)
    if schema is None:
        result.unknown.append(declared)
        return False
    linked = names.into if whole else {}
    inputs = {key: value for key, value in _inputs(declared).items() if key not in linked}
    made = translated(inputs, names, schema)
    result.unmapped += [(declared, path) for path in made.unmapped]
    result.reasons |= {(declared.type, path): why for path, why in made.reasons.items()}
    result.items += 1
    if whole is None:
        result.resources.append(Made(names, region, declared, made.properties))
        return True
    for name, value in made.properties.items():
        _merge(whole.properties, name, value)
    return True


def _merge(properties: Properties, name: str, value: Any) -> None:
    for one in value if isinstance(value, list) else [value]:
        put(properties, f"{name}[]" if isinstance(value, list) else name, one)


def _inputs(declared: Declared) -> Mapping[str, Any]:
    """Return the inputs; all tags, also those of the provider."""
    inputs = dict(declared.inputs)
    tags = inputs.get("tagsAll") or inputs.get("tags")
    return {**inputs, "tagsAll": tags} if tags else inputs


def _whole(made: Sequence[Made], declared: Declared, names: Names) -> Made | None:
    """Return the resource that another one is a property of, if it is declared too."""
    links = names.into.items()
    for one in made:
        if one.names.kind == names.kind and all(
            declared.inputs.get(own) in _values(one.declared, theirs) for own, theirs in links
        ):
            return one
    return None


def _values(declared: Declared, key: str) -> tuple[Any, ...]:
    return declared.inputs.get(key), declared.outputs.get(key), declared.id if key == "id" else None


def different(resources: Sequence[Made]) -> list[Made]:
    """Return one resource, that of the longest text, of those that differ by stage and id only."""
    longest: dict[tuple[str, str, str], tuple[int, Made]] = {}
    for one in resources:
        text = json.dumps(one.properties, sort_keys=True)
        key = one.region, one.names.kind, without_stage(text, one.declared.stack)
        if len(text) > longest.get(key, (0, one))[0]:
            longest[key] = len(text), one
    return [one for _, one in longest.values()]


def without_stage(text: str, stack: str) -> str:
    """Return a text without the name of its stack's stage, and without ids."""
    stage = re.escape(stack.rpartition("/")[2])
    return IDS.sub("#", re.sub(rf"(?<![a-z]){stage}(?![a-z])", "#", text))


def templates(resources: Sequence[Made]) -> Iterator[tuple[str, Properties, dict[str, Made]]]:
    """Yield region, template, and its resources by their logical name."""
    for region in sorted({one.region for one in resources}):
        here = [one for one in resources if one.region == region]
        for start in range(0, len(here), LARGEST):
            by_name = {f"R{n}": one for n, one in enumerate(here[start : start + LARGEST])}
            yield region, _template(by_name), by_name


def _template(by_name: Mapping[str, Made]) -> Properties:
    resources = {
        name: {"Type": one.names.kind, "Properties": one.properties}
        for name, one in by_name.items()
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        **({"Parameters": {"Secret": HIDDEN}} if '"Ref"' in json.dumps(resources) else {}),
        "Resources": resources,
    }
