"""Renders previews and applies: text for people, plain data for `--json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from stackyard_cli.engine.messages import Change, Step
from stackyard_cli.engine.report import Report
from stackyard_cli.review.config_changes import ConfigChange

SIGNS = {
    "create": "+",
    "update": "~",
    "delete": "-",
    "replace": "±",
    "create-replacement": "+",
    "delete-replaced": "-",
    "refresh": "?",
    "import": "=",
    "read": "?",
    "same": " ",
}
"""One sign per operation of the engine."""

COUNTED = {
    "create": "to create",
    "update": "to update",
    "delete": "to delete",
    "replace": "to replace",
    "outputs": "outputs to update",
}
"""The kinds of changes that a preview counts, in this order, with their texts."""

PATHS_SHOWN = 8
"""Maximum number of changed properties on a resource's line; `--diff` shows all."""


def counts(report: Report) -> dict[str, int]:
    """Count resources by the kind of their change; `same` is omitted."""
    totals = Counter(_kind(step) for step in _shown(report))
    return {word: totals[word] for word in COUNTED if totals[word]}


def _shown(report: Report) -> list[Step]:
    """Return the steps of real resources and of outputs; components only group resources."""
    return [step for step in report.changing if step.custom or _kind(step) == "outputs"]


def text_of(
    report: Report, config: Sequence[ConfigChange], *, values: bool = False
) -> Iterable[str]:
    """Yield the lines of one stack's preview."""
    if report.result.kind == "unknown":
        yield f"{report.stack}: {report.result.problem}"
        return
    if not report.ok and report.result.kind not in {"policy", "protected"}:
        yield f"{report.stack}: failed: {report.result.problem}"
        return
    if report.unchanged_since:
        yield f"{report.stack}: unchanged since {report.unchanged_since}"
        return
    tally = counts(report)
    summary = ", ".join(
        COUNTED[word] if word == "outputs" else f"{number} {COUNTED[word]}"
        for word, number in tally.items()
    )
    unchanged = "no changes of resources, config to record" if report.changing else "no changes"
    yield f"{report.stack}: {summary or unchanged}"
    if config:
        yield "  config"
        yield from (f"    {change}" for change in config)
    if shown := _shown(report):
        yield "  resources"
        for step in sorted(shown, key=_order):
            yield from _lines(step, values=values)


def to_dict(report: Report, config: Sequence[ConfigChange] = ()) -> dict[str, Any]:
    """Return one stack's report as plain data."""
    return {
        "stack": str(report.stack),
        "blueprint": report.task.blueprint,
        "operation": report.operation,
        "outcome": "unknown" if report.result.kind == "unknown" else report.result.outcome,
        "problem": report.result.problem,
        "hint": report.result.hint,
        "unchanged_since": report.unchanged_since or None,
        "seconds": round(report.result.seconds, 2),
        "changes": counts(report),
        "config_changes": [asdict(change) for change in config],
        "steps": [_step_to_dict(step) for step in report.changing],
        "diagnostics": [asdict(item) for item in report.diagnostics],
        "violations": [asdict(item) for item in report.violations],
    }


def _kind(step: Step) -> str:
    if step.type == "pulumi:pulumi:Stack":
        return "outputs" if step.operation in {"same", "update"} else "stack"
    if step.operation in {"same", "read"}:
        return "outputs"
    return step.kind


def _order(step: Step) -> tuple[str, str]:
    return step.type, step.name


def _lines(step: Step, *, values: bool) -> Iterable[str]:
    kind = _kind(step)
    sign = SIGNS["replace"] if kind == "replace" else SIGNS.get(step.operation, "?")
    line = f"    {sign} {step.type}  {step.name}"
    if kind == "outputs":
        line = f"    {SIGNS['update']} outputs of the stack"
    if step.replace_keys and kind == "replace":
        line += f"  replaced because of {', '.join(step.replace_keys)}"
    elif step.operation == "delete" and step.retained:
        line += "  kept in the cloud"
    if values or step.operation == "create":
        yield line
        yield from (f"        {_change(change)}" for change in step.changes if values)
        return
    yield line + _paths(step.changes)


def _paths(changes: Sequence[Change]) -> str:
    if not changes:
        return ""
    named = ", ".join(change.path for change in changes[:PATHS_SHOWN])
    more = f" and {len(changes) - PATHS_SHOWN} more" if len(changes) > PATHS_SHOWN else ""
    return f"  [{named}{more}]"


def _change(change: Change) -> str:
    if change.old is None and change.new is None:
        return f"{change.path}: {change.kind}"
    return f"{change.path}: {change.old!r} → {change.new!r}"


def _step_to_dict(step: Step) -> dict[str, Any]:
    return {
        "urn": step.urn,
        "type": step.type,
        "name": step.name,
        "operation": step.operation,
        "phase": step.phase,
        "changes": [asdict(change) for change in step.changes],
        "replace_keys": list(step.replace_keys),
        "retained": step.retained,
    }
