"""Promotes tested versions: writes them from one stage's file into the next stage's file.

Sizes, accounts, protection and permissions belong to a stage and are not promoted. The file is
edited as text, so comments stay; the result is read again and must have exactly the intended
values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

import yaml

from stackyard.estate import layout
from stackyard.estate.estate import Estate
from stackyard.estate.node import Node
from stackyard.field_path import FieldPath, dotted
from stackyard.naming import StackId
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.estate_ops.yaml_edit import replaced

PROMOTED: Mapping[tuple[str, ...], str] = {
    ("serving", "models", "*", "release"): "the model and image that were served",
    ("images", "images", "*", "base"): "the base image of the builds",
    ("images", "images", "*", "packages"): "the packages of the builds",
    ("tracking", "image"): "the tracking server that ran",
    ("monitoring", "collector_image"): "the collector that ran",
    ("training", "*", "image"): "the image that trained",
    ("namespace", "pod_security_version"): "the pod security rules that pods passed",
    ("cluster", "version"): "the Kubernetes version that ran",
    ("cluster", "addon_versions"): "the add-ons that ran",
    ("database", "version"): "the database version that ran",
    ("base_images", "images"): "the base images that were built",
}
"""The only keys that are promoted, each with the reason: the test of its value in the former
stage."""


@dataclass(frozen=True)
class Promotion:
    """One change of one file."""

    stack: StackId
    file: str
    before: str
    after: str
    values: Sequence[tuple[str, Any]]
    """Path and new value of each key that is written."""

    left: Sequence[str]
    """Paths that differ, but are not promoted."""

    def to_dict(self) -> dict[str, Any]:
        """Return it for `--json`."""
        return {
            "file": self.file,
            "values": dict(self.values),
            "left": list(self.left),
            "diff": self.diff,
        }

    @property
    def diff(self) -> str:
        """The change as a unified diff."""
        lines = unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            f"a/{self.file}",
            f"b/{self.file}",
        )
        return "".join(lines).rstrip("\n")


def matches(path: FieldPath, keys: Sequence[str]) -> bool:
    """Return whether a path is at or below these keys; `*` is any key."""
    if len(path) < len(keys):
        return False
    return all(key in ("*", step) for step, key in zip(path, keys, strict=False))


def promotion(estate: Estate, source: StackId, target: StackId) -> Promotion:
    """Return the change of a promotion, without writing; raises StackyardError or StackFileErrors.

    If the target does not have the section, nothing is promoted into it.
    """
    if source == target:
        message, hint = f"FROM and TO are the same stage ({source.stage})", "name two stages"
        raise StackyardError(message, hint=hint, code=ExitCode.INVALID)
    one, other = estate.load(source), estate.load(target)
    if one.blueprint != other.blueprint:
        message = f"{source} is a {one.blueprint}, {target} is a {other.blueprint}"
        hint = "name two stages of one project"
        raise StackyardError(message, hint=hint, code=ExitCode.INVALID)
    differences = _promoted(one.tree, other.tree)
    file = layout.file_of(target)
    before = (estate.root / file).read_text(encoding="utf-8")
    text = before
    for path, value in differences:
        text = _written(estate, target, text, path, value)
    after = estate.load_text(target, text)
    for path, value in differences:
        current = _at(after.tree, path)
        if current is None or current.to_dict() != value:
            raise _by_hand(file, path, value)
    differing = [p for p, node in one.tree.leaves() if _differs(node, _at(after.tree, p))]
    left = [dotted(path) for path in differing]
    return Promotion(target, file, before, text, [(dotted(p), v) for p, v in differences], left)


def _promoted(source: Node, target: Node) -> list[tuple[FieldPath, Any]]:
    differing: list[tuple[FieldPath, Any]] = []
    for keys in PROMOTED:
        for path, node in _matching(source, keys, ()):
            parent = _at(target, path[:-1])
            if parent is None or not isinstance(parent.value, dict):
                continue
            if _differs(node, _at(target, path)):
                differing.append((path, node.to_dict()))
    return differing


def _matching(node: Node, keys: Sequence[str], path: FieldPath) -> list[tuple[FieldPath, Node]]:
    if not keys:
        return [(path, node)]
    if not isinstance(node.value, dict):
        return []
    chosen = node.value if keys[0] == "*" else {keys[0]} & node.value.keys()
    return [one for key in chosen for one in _matching(node.value[key], keys[1:], (*path, key))]


def _at(tree: Node, path: FieldPath) -> Node | None:
    node: Node | None = tree
    for step in path:
        node = node.child(step) if node else None
    return node


def _nearest(tree: Node, path: FieldPath) -> tuple[int, Node]:
    """Return how many steps of a path the file has, and the node at the last of them."""
    depth, node = 0, tree
    for step in path:
        child = node.child(step)
        if child is None:
            break
        depth, node = depth + 1, child
    return depth, node


def _differs(one: Node, other: Node | None) -> bool:
    return other is None or one.to_dict() != other.to_dict()


def _written(estate: Estate, stack: StackId, text: str, path: FieldPath, value: Any) -> str:
    """Return the file's text with a value at a path, added to the nearest map in the file."""
    file = layout.file_of(stack)
    if (edited := replaced(text, path, value)) is not None:
        return edited
    own = _own(file, text)
    depth, node = _nearest(own, path)
    if depth == len(path):
        text = _without(text, own, path, _by_hand(file, path, value))
        depth, node = _nearest(_own(file, text), path)
    for step in reversed(path[depth + 1 :]):
        value = {step: value}
    lines = text.splitlines()
    if node.value == {} and depth == 0:
        kept = [line for line in lines if line.strip() != "{}"]
        return "\n".join([*kept, _block(path[0], value, 0)]) + "\n"
    if not isinstance(node.value, dict) or not node.value or _is_flow(lines, node):
        raise _by_hand(file, path, value)
    first = next(iter(node.value.values())).key
    if first is None:
        raise _by_hand(file, path, value)
    block = _block(path[depth], value, first.column - 1)
    return "\n".join([*lines[: first.line - 1], block, *lines[first.line - 1 :]]) + "\n"


def _own(file: str, text: str) -> Node:
    from stackyard.estate.reader import parse

    return parse(text, file)


def _without(text: str, own: Node, path: FieldPath, otherwise: StackyardError) -> str:
    """Return the text without the lines of a key in block style; other lines stay.

    Raises `otherwise` for a key that shares a line with others.
    """
    node, parent = _at(own, path), _at(own, path[:-1])
    if node is None or node.key is None or parent is None:
        return text
    lines = text.splitlines()
    start, indent = node.key.line - 1, node.key.column - 1
    if _is_flow(lines, parent) or lines[start][:indent].strip():
        raise otherwise
    end = start + 1
    while end < len(lines) and (
        not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > indent
    ):
        end += 1
    rest = [*lines[:start], *lines[end:]]
    if isinstance(parent.value, dict) and len(parent.value) == 1:
        # A key without a value is invalid: its section is removed as well, and written again.
        if len(path) > 1:
            return _without(text, own, path[:-1], otherwise)
        rest.append("{}")
    return "\n".join(rest) + "\n"


def _is_flow(lines: Sequence[str], node: Node) -> bool:
    line, column = node.origin.line - 1, node.origin.column - 1
    return line < len(lines) and lines[line][column : column + 1] == "{"


def _block(key: str | int, value: Any, indent: int) -> str:
    text: str = yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, width=100)
    return "\n".join(" " * indent + line for line in text.rstrip().splitlines())


def _by_hand(file: str, path: FieldPath, value: Any) -> StackyardError:
    text = yaml.safe_dump(value, default_flow_style=True, width=1000).splitlines()[0]
    hint = f"write `{dotted(path)}: {text}` into it yourself"
    message = f"{file}: `{dotted(path)}` cannot be written without changing other keys"
    return StackyardError(message, hint=hint, code=ExitCode.INVALID)
