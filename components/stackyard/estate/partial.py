"""Validates the correct part of a config with errors, so that one run reports all problems.

Fields with errors are removed, and the rest is validated again, for problems of fields, between
fields, and between stacks. Problems that may only be a consequence of the removal are not reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from stackyard.estate.node import Node
from stackyard.field_path import FieldPath
from stackyard.problem import Problem


def without(tree: Node, paths: Iterable[FieldPath]) -> Node:
    """Return a tree without the values at some paths; an error in a list removes the whole list."""
    for path in paths:
        tree = _without(tree, path)
    return tree


def _without(node: Node, path: FieldPath) -> Node:
    step = str(path[0])
    below = node.fields.get(step)
    if below is None:
        return node
    fields = dict(node.fields)
    if len(path) == 1:
        del fields[step]
    else:
        fields[step] = _without(below, path[1:])
    return Node(fields, node.origin, node.key)


def keys_of(path: FieldPath) -> FieldPath:
    """Return the part of a path before the first position in a list."""
    at = next((index for index, step in enumerate(path) if isinstance(step, int)), len(path))
    return path[:at]


def overlap(one: FieldPath, other: FieldPath) -> bool:
    """Return whether one of two paths is the start of the other."""
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def is_doubtful(problem: Problem, base: FieldPath, left_out: Iterable[FieldPath]) -> bool:
    """Return whether a problem may exist only because fields were removed.

    This is the case if it is about a removed field, or names one.
    """
    paths = [(*base, *path) for path in (problem.path, *problem.related)]
    text = f"{problem.message} {problem.hint or ''}"
    return any(
        any(overlap(path, omitted) for path in paths) or _names(text, str(omitted[-1]))
        for omitted in left_out
    )


def _names(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None
