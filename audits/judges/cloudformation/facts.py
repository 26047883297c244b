"""Compares which changes make a new resource: the sandbox's handlers and CloudFormation's schemas.

Places are paths in CloudFormation, `A/B`, as in the schemas' `createOnlyProperties`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stackyard_sandbox.provider.aws.resource import Resource

from .naming import named
from .properties import STEP
from .schema import Node, TypeSchema
from .table import Names


@dataclass(frozen=True, order=True)
class Fact:
    """Whether a change of one property makes a new resource."""

    token: str
    place: str
    sandbox: bool
    schema: bool

    @property
    def agreed(self) -> bool:
        """Whether both say the same."""
        return self.sandbox == self.schema


def facts(handler: Resource, names: Names, schema: TypeSchema) -> list[Fact]:
    """Return what both say of each property that the sandbox takes.

    An input without a counterpart is left out; one that replaces, and has no reason, is its own
    place. Where it depends on the change, the schema leaves it to the handler.
    """
    replaced = {target(path, names, schema) or path for path in _named(handler.replaces, names)}
    places = (target(path, names, schema) for path in _named(handler.takes, names))
    taken = {place for place in places if place}
    fixed = {path for path in schema.create_only if any(_within(path, one) for one in taken)}
    answer = []
    for place in sorted((replaced | taken | fixed) - schema.perhaps_create_only):
        replaces = any(_within(place, one) for one in replaced)
        parts = any(_within(one, place) for one in fixed)
        if place in fixed or replaces or not parts:
            answer.append(Fact(handler.token, place, replaces, place in fixed or parts))
    return answer


def _named(paths: Iterable[str], names: Names) -> list[str]:
    return [path for path in paths if path not in names.into and path not in names.without]


def _within(path: str, whole: str) -> bool:
    return path == whole or path.startswith(f"{whole}/")


def target(path: str, names: Names, schema: TypeSchema) -> str | None:
    """Return the place of an input in CloudFormation, or None if it has none."""
    starts = [names.within, ""] if _lists(schema.node, names.within) else ["", names.within]
    item = names.within if _lists(schema.node, names.within) else ""
    at: str | None = None
    known = ""
    for key in path.split("."):
        known = f"{known}.{key}".lstrip(".")
        if known in names.without:
            return None
        if known in names.names:
            at = _joined(item, names.names[known])
        else:
            found = next(filter(None, (_same(key, one, schema) for one in starts)), None)
            if found is None and not names.relocates(known):
                return None
            at = found or at
        starts = [at] if at else starts
        item = at if at and _lists(schema.node, at) else item
    return at if at and any(_place(schema.node, at).parts) else None


def _joined(item: str, path: str) -> str:
    names = [step["name"] for step in STEP.finditer(path)]
    return "/".join([item, *names] if item else names)


def _same(key: str, at: str, schema: TypeSchema) -> str | None:
    """Return the place of the property with the same name below a place."""
    hidden = frozenset[str]() if at else schema.read_only
    node = _inside(schema.node, at)
    name = named(key, [name for name in node.properties if name not in hidden])
    return _joined(at, name) if name else None


def _lists(node: Node, at: str) -> bool:
    return bool(at) and bool(_place(node, at).items.properties)


def _inside(node: Node, at: str) -> Node:
    """Return the object at a place: of a list, its items."""
    here = _place(node, at)
    return here.items if here.items.properties else here


def _place(node: Node, at: str) -> Node:
    for number, name in enumerate(filter(None, at.split("/"))):
        if number and node.items.properties:
            node = node.items
        node = node.member(name)
    return node
