"""Reads the resource schemas of CloudFormation's registry, with cfn-lint's corrections.

https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

BRANCHES = ("oneOf", "anyOf", "allOf")


@dataclass(frozen=True)
class Node:
    """One place in a type's schema: the type itself, a property, or the items of a list."""

    root: Mapping[str, Any]
    parts: tuple[Mapping[str, Any], ...]
    """The schema at this place and its branches; a value may follow any of them."""

    @classmethod
    def of(cls, root: Mapping[str, Any], here: Mapping[str, Any]) -> Node:
        """Return the place of one schema, with all references followed."""
        return cls(root, tuple(_parts(root, here, 0)))

    @cached_property
    def properties(self) -> dict[str, Mapping[str, Any]]:
        """The properties that an object may have here, by name."""
        found: dict[str, Mapping[str, Any]] = {}
        for part in self.parts:
            for name, schema in part.get("properties", {}).items():
                found.setdefault(name, schema)
        return found

    @property
    def types(self) -> frozenset[str]:
        """The JSON types that a value may have here."""
        found: set[str] = set()
        for part in self.parts:
            named = part.get("type", [])
            found.update([named] if isinstance(named, str) else named)
            found.update({"object"} if "properties" in part else set())
        return frozenset(found)

    def member(self, name: str) -> Node:
        """Return the place of a property."""
        return Node.of(self.root, self.properties.get(name, {}))

    @property
    def items(self) -> Node:
        """The place of a list's items."""
        found = [part["items"] for part in self.parts if "items" in part]
        return Node.of(self.root, found[0] if found else {})

    @property
    def required(self) -> frozenset[str]:
        """The properties that an object must have here."""
        return frozenset(name for part in self.parts for name in part.get("required", ()))


@dataclass(frozen=True)
class TypeSchema:
    """The schema of one resource type."""

    name: str
    node: Node
    read_only: frozenset[str]
    """Properties that only the service sets: `A` or `A/B`, also below the items of a list."""

    create_only: frozenset[str]
    """Properties whose change makes a new resource."""

    perhaps_create_only: frozenset[str]
    """Properties whose change makes a new resource in some cases."""


@cache
def schema_of(kind: str, region: str) -> TypeSchema | None:
    """Return the schema of a CloudFormation type, or None if a region has no such type."""
    from cfnlint.schema import ResourceNotFoundError
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    try:
        root = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind).schema
    except ResourceNotFoundError:
        return None
    return TypeSchema(
        name=kind,
        node=Node.of(root, root),
        read_only=_names(root, "readOnlyProperties"),
        create_only=_names(root, "createOnlyProperties"),
        perhaps_create_only=_names(root, "conditionalCreateOnlyProperties"),
    )


def _names(root: Mapping[str, Any], key: str) -> frozenset[str]:
    return frozenset(
        path.removeprefix("/properties/").replace("/*", "") for path in root.get(key, ())
    )


def _parts(
    root: Mapping[str, Any], here: Mapping[str, Any], depth: int
) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and its branches; the depth ends schemas that contain themselves."""
    if depth > 8 or not isinstance(here, Mapping):
        return
    if "$ref" in here:
        target: Any = root
        for step in here["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        yield from _parts(root, target, depth + 1)
        return
    yield here
    for branch in BRANCHES:
        for one in here.get(branch, ()):
            yield from _parts(root, one, depth + 1)
