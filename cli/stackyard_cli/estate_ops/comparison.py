"""Compares two stacks value by value, with the file and line of each side and a reason.

A difference is explained by its file (a stage's or another project's), or by a key that may differ
between stages. Any other difference is flagged for a review.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stackyard.estate import layout
from stackyard.estate.loaded import Loaded
from stackyard.estate.node import Node
from stackyard.estate.redaction import shown
from stackyard.field_path import FieldPath, dotted
from stackyard.naming import StackId
from stackyard_cli.estate_ops.promotion import PROMOTED, matches

STAGED: Mapping[tuple[str, ...], str] = {
    ("account",): "a stage may have an account of its own",
    ("region",): "a stage may have a region of its own",
    ("budget",): "what a stage may cost is decided per stage",
    ("waivers",): "a consent is given for one stack and expires",
    ("namespace", "quota"): "stages differ in size",
    ("tracking", "replicas"): "stages differ in size",
    ("serving", "models", "*", "replicas"): "stages differ in size",
    ("gpu_pools",): "stages differ in size",
    ("node_pools",): "stages differ in size",
    ("cluster", "system_nodes"): "stages differ in size",
    ("access", "audiences", "*", "trusted"): "who may take a role is decided per stage",
}
"""Keys that a stack's own file may set differently in each stage, with the reason."""


@dataclass(frozen=True)
class Difference:
    """One value that differs; an origin is None on the side that does not have it."""

    path: str
    one: str | None
    other: str | None
    one_origin: str | None
    other_origin: str | None
    verdict: str
    """`explained` or `flagged`."""

    reason: str


def differences(one: Loaded, other: Loaded) -> list[Difference]:
    """Compare the effective config of two stacks, value by value."""
    left, right = (dict(each.tree.leaves()) for each in (one, other))
    return [
        _difference(path, left.get(path), right.get(path), one.id, other.id)
        for path in dict.fromkeys((*left, *right))
        if not _same(left.get(path), right.get(path))
    ]


def _same(one: Node | None, other: Node | None) -> bool:
    if one is None or other is None:
        return False
    return type(one.value) is type(other.value) and one.to_dict() == other.to_dict()


def _difference(
    path: FieldPath, one: Node | None, other: Node | None, a: StackId, b: StackId
) -> Difference:
    reasons = list(_reasons(path, one, other, a, b))
    flagged = not reasons or any(reason is None for reason in reasons)
    stated = "; ".join(dict.fromkeys(reason for reason in reasons if reason))
    return Difference(
        path=dotted(path),
        one=shown(one, path) if one else None,
        other=shown(other, path) if other else None,
        one_origin=str(one.origin) if one else None,
        other_origin=str(other.origin) if other else None,
        verdict="flagged" if flagged else "explained",
        reason="written for one stack only, without a known reason" if flagged else stated,
    )


def _reasons(
    path: FieldPath, one: Node | None, other: Node | None, a: StackId, b: StackId
) -> Iterator[str | None]:
    """Yield the reason of each side's value; None for a side without a value.

    A value in a file that both stacks read needs no reason: the other side overrides it.
    """
    common = {layout.COMPANY} | (_files(a) & _files(b))
    for node, stack in ((one, a), (other, b)):
        if node is None or node.origin.file in common:
            continue
        file = node.origin.file
        if file == layout.stage_file(stack.stage):
            yield f"stage {stack.stage}"
        elif file in (layout.project_file(stack), layout.team_file(stack)):
            yield f"of {file.removeprefix(layout.FOLDER + '/').removesuffix('/_defaults.yaml')}"
        else:
            yield _allowed(path)


def _allowed(path: FieldPath) -> str | None:
    for keys, reason in STAGED.items():
        if matches(path, keys):
            return reason
    for keys in PROMOTED:
        if matches(path, keys):
            return "promoted from stage to stage by `stackyard promote`"
    return None


def _files(stack: StackId) -> set[str]:
    stage = layout.stage_file(stack.stage)
    return {stage, layout.team_file(stack), layout.project_file(stack), layout.file_of(stack)}
