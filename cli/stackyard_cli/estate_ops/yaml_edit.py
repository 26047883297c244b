"""Replaces a value inside a YAML text: all other characters stay as they are."""

from __future__ import annotations

from typing import Any

import yaml

from stackyard.field_path import FieldPath

QUOTED = frozenset({"'", '"'})


def replaced(text: str, path: FieldPath, value: Any) -> str | None:
    """Return the text with another value at a path, in the quotes of the former one.

    None if there is no value at the path, or if one of the two is a map or list of several lines:
    those are written as lines of their own.
    """
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for step in path:
        node = _child(node, step)
        if node is None:
            return None
    is_scalar = isinstance(node, yaml.ScalarNode) and node.style not in ("|", ">")
    if not (is_scalar or getattr(node, "flow_style", False)):
        return None
    start, end = node.start_mark.index, node.end_mark.index
    quotes = node.style if is_scalar and node.style in QUOTED else None
    return text[:start] + _inline(value, quotes) + text[end:]


def _child(node: Any, step: str | int) -> Any:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    return None


def _inline(value: Any, quotes: str | None) -> str:
    """Return a value on one line, as it can stand between brackets."""
    style = quotes if isinstance(value, str) else None
    listed: str = yaml.safe_dump(
        [value],
        default_flow_style=True,
        default_style=style,
        sort_keys=False,
        allow_unicode=True,
        width=100_000,
    )
    return listed.strip().removeprefix("[").removesuffix("]")
