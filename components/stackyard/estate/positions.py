"""Positions of problems: converts the path of a field to its file, line and column."""

from __future__ import annotations

from stackyard.estate.errors import StackFileError
from stackyard.estate.layout import closeness
from stackyard.estate.node import Node
from stackyard.estate.redaction import shown, without_secrets
from stackyard.field_path import FieldPath, dotted
from stackyard.problem import Problem


def located(problem: Problem, tree: Node, base: FieldPath = ()) -> StackFileError:
    """Return a problem with its position; `tree` is the value at `base`, which has the problem.

    Of the fields that take part, the position is that of the one whose file is closest to the
    stack: there somebody changed what the shared files say. A field with its default value is in
    no file; where all have, the position is of the nearest section around the problem's own field.
    """
    paths = dict.fromkeys((problem.path, *problem.related))
    written = [(path, node) for path in paths if (node := _descend(tree, path)) is not None]
    written.sort(key=lambda each: -closeness(each[1].position.file))
    path, node = written[0] if written else _nearest(tree, problem.path)
    message = without_secrets(problem.message, tree, base)
    others = [f"`{dotted((*base, *at))}` is at {other.position}" for at, other in written[1:]]
    hint = "; ".join([*([problem.hint] if problem.hint else []), *others]) or None
    is_scalar = not isinstance(node.value, dict | list)
    value = shown(node, (*base, *path)) if is_scalar and node.text not in message else None
    return StackFileError(*node.position, dotted((*base, *path)), message, value, hint)


def is_written(path: FieldPath, tree: Node) -> bool:
    """Tell whether a tree has a value at a path."""
    return _descend(tree, path) is not None


def _descend(tree: Node, path: FieldPath) -> Node | None:
    node: Node | None = tree
    for step in path:
        node = node.child(step) if node else None
    return node


def _nearest(tree: Node, path: FieldPath) -> tuple[FieldPath, Node]:
    node, steps = tree, 0
    for step in path:
        below = node.child(step)
        if below is None:
            break
        node, steps = below, steps + 1
    return path[:steps], node
