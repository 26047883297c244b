"""The answers of `access` as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stackyard_cli.estate_ops.access import Answer
from stackyard_cli.reports.access_page import rows

if TYPE_CHECKING:
    from stackyard.access import cluster


def data_table(answers: Sequence[Answer]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return columns and rows; directories with equal answers and reasons share a row."""
    from stackyard.access.matrix import ACTIONS

    shared: dict[tuple[str, ...], dict[str, Any]] = {}
    for (dataset, directory, who, via), cells in rows(answers).items():
        why = _why(cells)
        row: dict[str, Any] = {"dataset": dataset, "directories": [], "who": who, "via": via}
        verbs = {verb: cell["allowed"] for verb, cell in cells.items()}
        row = shared.setdefault((dataset, who, via, why), {**row, **verbs, "why": why})
        row["directories"].append(directory)
    columns = ["dataset", "directories", "who", "via", *ACTIONS, "why"]
    return columns, list(shared.values())


def _why(cells: Mapping[str, Mapping[str, Any]]) -> str:
    """Return each reason once, with the verbs that it decides."""
    verbs: dict[str, list[str]] = {}
    for verb, cell in cells.items():
        verbs.setdefault(cell["why"], []).append(verb)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in verbs.items())


def namespace_table(
    inside: Sequence[cluster.Answer], *, explained: bool
) -> tuple[list[str], list[dict[str, Any]]]:
    """Return columns and rows: the answers of one audience with reasons, or all side by side."""
    heading = "in the namespace"
    if explained:
        reasons = [{heading: one.ability, "allowed": one.allowed, "why": one.why} for one in inside]
        return [heading, "allowed", "why"], reasons
    beside: dict[str, dict[str, Any]] = {}
    for one in inside:
        beside.setdefault(one.ability, {heading: one.ability})[one.who] = one.allowed
    return list(next(iter(beside.values()))), list(beside.values())
