"""Translates the inputs of one resource to properties of its CloudFormation type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .naming import LABELS, VALUES, named, shaped
from .schema import Node, TypeSchema
from .table import Names

Properties = dict[str, Any]
SECRET = "[secret]"
REFERENCE = {"Ref": "Secret"}
"""Stands for the value of a secret; rules that look at values pass over it."""

STEP = re.compile(r"(?P<name>\w+)(?P<list>\[(?:(?P<key>\w+)=(?P<value>[^\]]*))?\])?")


@dataclass
class Translated:
    """What a resource's inputs are in CloudFormation."""

    properties: Properties = field(default_factory=dict)
    unmapped: list[str] = field(default_factory=list)
    """Inputs that have no counterpart and no reason."""

    reasons: dict[str, str] = field(default_factory=dict)
    """Inputs that have no counterpart, and why."""


@dataclass(frozen=True)
class Anchor:
    """The object that named paths start from: all properties, or the innermost item of a list."""

    made: Properties
    node: Node


def translated(inputs: Mapping[str, Any], names: Names, schema: TypeSchema) -> Translated:
    """Return the properties of a resource, each at its place."""
    translation = _Translation(names, schema)
    top = Anchor(translation.result.properties, schema.node)
    top.made.update(names.constants)
    within = names.within
    if not within:
        translation.members(inputs, top.made, top.node, "", top)
        return translation.result
    made: Properties = {}
    where = place(schema.node, within)
    anchor = top
    if where.items.properties:
        # An item of a list is what named paths start from, like every item.
        where, within = where.items, f"{within}[]"
        anchor = Anchor(made, where)
    translation.members(inputs, made, where, "", anchor)
    if made:
        put(top.made, within, made)
    return translation.result


def place(node: Node, path: str) -> Node:
    """Return the place in the schema that a path of the table leads to."""
    for step in STEP.finditer(path):
        node = node.member(step["name"])
        if step["list"]:
            node = node.items
    return node


def put(made: Properties, path: str, value: Any) -> None:
    """Store a value at a path; `A[]` and `A[K=V]` add an item to the list A."""
    steps = list(STEP.finditer(path))
    for step in steps[:-1]:
        made = _entered(made, step)
    last = steps[-1]
    if last["list"] is None:
        if isinstance(value, dict) and isinstance(made.get(last["name"]), dict):
            made[last["name"]].update(value)
        else:
            made[last["name"]] = value
        return
    made.setdefault(last["name"], []).append(value)


def _entered(made: Properties, step: re.Match[str]) -> Properties:
    if step["list"] is None:
        inside: Properties = made.setdefault(step["name"], {})
        return inside
    item: Properties = {step["key"]: step["value"]} if step["key"] else {}
    made.setdefault(step["name"], []).append(item)
    return item


class _Translation:
    def __init__(self, names: Names, schema: TypeSchema) -> None:
        self.names = names
        self.schema = schema
        self.result = Translated()

    def members(
        self, value: Mapping[str, Any], made: Properties, node: Node, path: str, anchor: Anchor
    ) -> None:
        """Translate each member of an object."""
        for key, item in value.items():
            if item is not None and not key.startswith("__"):
                self.member(key, item, made, node, f"{path}.{key}".lstrip("."), anchor)

    def member(
        self, key: str, item: Any, made: Properties, node: Node, path: str, anchor: Anchor
    ) -> None:
        if path in self.names.without:
            self.unmapped(path)
            return
        target = self.names.names.get(path)
        if target:
            self.relocated(target, item, path, anchor)
            return
        name = self.same(key, node)
        if name:
            content = self.value(item, node.member(name), path, anchor)
            if content is not None:
                put(made, name, content)
            return
        name = self.same(key, anchor.node) if not path.count(".") else None
        if name:
            put(anchor.made, name, self.value(item, anchor.node.member(name), path, anchor))
        elif self.names.relocates(path) and isinstance(item, Mapping):
            self.members(item, made, node, path, anchor)
        else:
            self.unmapped(path)

    def same(self, key: str, node: Node) -> str | None:
        """Return the property with the same name that a template may set."""
        hidden = self.schema.read_only if node is self.schema.node else frozenset[str]()
        return named(key, [name for name in node.properties if name not in hidden])

    def relocated(self, target: str, item: Any, path: str, anchor: Anchor) -> None:
        """Put a value where the table says; of a list, each scalar for itself."""
        node = place(anchor.node, target)
        each = "[" in target and isinstance(item, list) and "array" not in node.types
        for one in item if each else [item]:
            content = self.value(one, node, path, anchor)
            if content is not None:
                put(anchor.made, target, content)

    def value(self, value: Any, node: Node, path: str, anchor: Anchor) -> Any:
        """Return a value as it is in CloudFormation; None if all of it has other places."""
        if value == SECRET:
            return dict(REFERENCE)
        if path in self.names.forms:
            return self.names.forms[path].format(value)
        is_map = not node.properties and node.types & {"object", "array"} == {"object"}
        if isinstance(value, list) and is_map:
            self.left_out(value, path)
        value = shaped(value, node)
        if isinstance(value, list):
            return [self.item(one, node.items, path) for one in value]
        if isinstance(value, Mapping) and node.properties:
            made: Properties = {}
            self.members(value, made, node, path, anchor)
            return made if made or not value else None
        return value

    def left_out(self, value: list[Any], path: str) -> None:
        """Name what a map of names and values has no place for."""
        for key in sorted({key for one in value if isinstance(one, Mapping) for key in one}):
            if key not in (*LABELS, *VALUES):
                self.unmapped(f"{path}.{key}")

    def unmapped(self, path: str) -> None:
        """Note that an input has no counterpart, with the reason if there is one."""
        reason = self.names.without.get(path)
        if reason:
            self.result.reasons[path] = reason
        else:
            self.result.unmapped.append(path)

    def item(self, value: Any, node: Node, path: str) -> Any:
        """Return one item of a list; named paths below it start here."""
        value = shaped(value, node)
        if not isinstance(value, Mapping) or not node.properties:
            return self.value(value, node, path, Anchor({}, node))
        made: Properties = {}
        self.members(value, made, node, path, Anchor(made, node))
        return made
