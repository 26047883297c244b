"""The answers of `access` as one self-contained HTML file without scripts."""

from __future__ import annotations

import json as encoder
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stackyard.templates import template
from stackyard_cli.estate_ops import scaffold
from stackyard_cli.estate_ops.access import Answer

if TYPE_CHECKING:
    from stackyard.access import cluster
    from stackyard.naming import StackId

Row = tuple[str, str, str, str]
"""Dataset, directory, role, and the access path: bucket or access point."""


def rows(answers: Sequence[Answer]) -> dict[Row, dict[str, dict[str, Any]]]:
    """Return the answers about data by row and verb, as plain data."""
    by_row: dict[Row, dict[str, dict[str, Any]]] = {}
    for answer in answers:
        cell = answer.cell
        key = (cell.dataset, cell.directory, cell.who, answer.via)
        by_row.setdefault(key, {})[cell.verb] = answer.to_dict()
    return by_row


def page(stack: StackId, answers: Sequence[Answer], inside: Sequence[cluster.Answer] = ()) -> str:
    """Return the HTML of the page; `inside` are the answers about the namespace."""
    from stackyard.access.matrix import ACTIONS

    anchors: dict[str, str] = {}
    data = rows(answers)
    for answer in answers:
        cell = answer.cell
        row = data[(cell.dataset, cell.directory, cell.who, answer.via)]
        row[cell.verb]["anchor"] = _anchor(anchors, "statement", answer.text)
    rules: dict[str, str] = {}
    abilities: dict[str, dict[str, Any]] = {}
    for one in inside:
        text = encoder.dumps(one.rule, sort_keys=True) if one.rule else ""
        ability = {"allowed": one.allowed, "why": one.why, "anchor": _anchor(rules, "rule", text)}
        abilities.setdefault(one.ability, {})[one.who] = ability
    return template(scaffold.TEMPLATES, "access.html.j2", html=True).render(
        stack=stack,
        verbs=list(ACTIONS),
        rows=data,
        anchors=anchors,
        rules=rules,
        abilities=abilities,
        people=list(dict.fromkeys(one.who for one in inside)),
    )


def _anchor(anchors: dict[str, str], kind: str, text: str) -> str:
    """Return the anchor of a text: equal texts share one; an empty text has none."""
    return anchors.setdefault(text, f"{kind}-{len(anchors) + 1}") if text else ""
