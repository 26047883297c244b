"""Merges stack files: maps are merged, lists and scalars are replaced, positions are kept."""

from __future__ import annotations

from stackyard.estate.node import Node


def merged(base: Node, over: Node) -> Node:
    """Return `base` with `over` on top; a merged map has the position of `over`."""
    if not (isinstance(base.value, dict) and isinstance(over.value, dict)):
        return over
    value = dict(base.value)
    for key, node in over.value.items():
        below = value.get(key)
        value[key] = node if below is None else merged(below, node)
    return Node(value, over.origin, over.key)
