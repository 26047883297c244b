"""Converts events of the engine to the few fields that a worker sends (worker side)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pulumi.automation.events import (
    DiagnosticEvent,
    EngineEvent,
    PolicyEvent,
    StepEventMetadata,
    StepEventStateMetadata,
)

from stackyard.budget.priced import PRICED
from stackyard.resource_risk import ACCESS_INPUTS
from stackyard_cli.engine.messages import Change, Diagnostic, Event, Phase, Step, Violation
from stackyard_cli.masking import Mask

SHOWN = frozenset({"info", "info#err", "warning", "error"})
"""Severities that a worker sends; debug messages of the engine can contain secrets."""

SUMMARIES = frozenset({"update failed", "preview failed", "destroy failed", "refresh failed"})
"""Summaries that the engine adds after an error that it has already reported."""

COLOUR = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")
"""Colour marks of the engine (`<{%fg 1%}>`) and of terminals."""


def translate(event: EngineEvent, mask: Mask, *, values: bool) -> Event | None:
    """Return the event that a worker sends for one of the engine; None if it sends none."""
    if event.resource_pre_event:
        return _step("start", event.resource_pre_event.metadata, mask, values=values)
    if event.res_outputs_event:
        return _step("done", event.res_outputs_event.metadata, mask, values=values)
    if event.res_op_failed_event:
        return _step("failed", event.res_op_failed_event.metadata, mask, values=values)
    if event.diagnostic_event:
        return _diagnostic(event.diagnostic_event, mask)
    if event.policy_event:
        return _violation(event.policy_event, mask)
    return None


def _diagnostic(event: DiagnosticEvent, mask: Mask) -> Diagnostic | None:
    if event.severity not in SHOWN or event.ephemeral:
        return None
    text = _one_line(mask(event.message), event.urn)
    if not text or text in SUMMARIES:
        return None
    return Diagnostic(severity=event.severity, message=text, urn=event.urn)


def _one_line(message: str, urn: str | None) -> str:
    """Return a message as one line, without the prefixes of providers, such as counts and URNs."""
    text = " ".join(COLOUR.sub("", message).split())
    text = re.sub(r"^\d+ errors? occurred: \* |^an unhandled error occurred: ", "", text)
    return text.removeprefix(f"{urn}: ") if urn else text


def _violation(event: PolicyEvent, mask: Mask) -> Violation:
    return Violation(
        pack=event.policy_pack_name,
        policy=event.policy_name,
        level=event.enforcement_level,
        message=_one_line(mask(event.message), event.resource_urn),
        urn=event.resource_urn,
    )


def _step(phase: Phase, step: StepEventMetadata, mask: Mask, *, values: bool) -> Step:
    state = step.new or step.old
    same = step.op.value == "same" and _guards(step)
    return Step(
        phase=phase,
        urn=step.urn,
        type=step.type,
        operation="update" if same else step.op.value,
        id=(state.id or None) if state else None,
        parent=(state.parent or None) if state else None,
        provider=step.provider or None,
        custom=bool(state.custom) if state else True,
        changes=_reported_changes(phase, step, mask, values=values),
        replace_keys=tuple(step.keys or ()),
        retained=bool(step.old.retain_on_delete) if step.old else False,
        protected=bool(step.old.protect) if step.old else False,
        priced_before=_chosen(PRICED, step.type, step.old),
        priced_after=_chosen(PRICED, step.type, step.new),
        granted_before=_chosen(ACCESS_INPUTS, step.type, step.old),
        granted_after=_chosen(ACCESS_INPUTS, step.type, step.new),
    )


def _reported_changes(
    phase: Phase, step: StepEventMetadata, mask: Mask, *, values: bool
) -> tuple[Change, ...]:
    if phase == "done" and step.type == "pulumi:pulumi:Stack":
        return _changed_outputs(step)
    return (*_changes(step, mask, values=values), *_guards(step)) if phase == "start" else ()


def _guards(step: StepEventMetadata) -> tuple[Change, ...]:
    """Return the changes of a resource's protection, which the engine reports as no changes."""
    old, new = step.old, step.new
    if old is None or new is None:
        return ()
    pairs = {
        "protect": (bool(old.protect), bool(new.protect)),
        "retainOnDelete": (bool(old.retain_on_delete), bool(new.retain_on_delete)),
    }
    return tuple(
        Change(path=path, kind="update", old=before, new=after)
        for path, (before, after) in pairs.items()
        if before != after
    )


def _changed_outputs(step: StepEventMetadata) -> tuple[Change, ...]:
    """Return the changed outputs of the stack, which the engine does not report as changes."""
    old = (step.old.outputs if step.old else None) or {}
    new = (step.new.outputs if step.new else None) or {}
    names = sorted({*old, *new})
    return tuple(
        Change(path=f"outputs.{name}", kind=_kind(name in old, name in new))
        for name in names
        if old.get(name) != new.get(name)
    )


def _kind(before: bool, after: bool) -> str:
    if before and after:
        return "update"
    return "add" if after else "delete"


def _changes(step: StepEventMetadata, mask: Mask, *, values: bool) -> tuple[Change, ...]:
    if step.detailed_diff:
        kinds = {path: diff.diff_kind.value for path, diff in step.detailed_diff.items()}
    else:
        kinds = dict.fromkeys(step.diffs or (), "update")
    if not values:
        return tuple(Change(path=path, kind=kind) for path, kind in sorted(kinds.items()))
    return tuple(
        Change(
            path=path,
            kind=kind,
            old=_shown(at(_inputs(step.old), path), mask),
            new=_shown(at(_inputs(step.new), path), mask),
        )
        for path, kind in sorted(kinds.items())
    )


def _chosen(
    table: Mapping[str, tuple[str, ...]], kind: str, state: StepEventStateMetadata | None
) -> dict[str, Any] | None:
    """Return the inputs that a table lists for a type; a worker sends no others."""
    if state is None or kind not in table:
        return None
    inputs = state.inputs or {}
    return {name: inputs[name] for name in table[kind] if name in inputs}


def _inputs(state: StepEventStateMetadata | None) -> Any:
    return state.inputs if state else None


def _shown(value: Any, mask: Mask) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: _shown(item, mask) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item, mask) for item in value]
    return value


def at(value: Any, path: str) -> Any:
    """Return the value at a property path (`spec.ports[0].name`, `tags["a.b"]`), or None.

    Grammar: `PropertyPath` in the engine's `sdk/go/common/resource/property_path.go`.
    """
    for part in re.findall(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]]+)', path):
        quoted, index, name = part
        if index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        elif isinstance(value, dict) and not index:
            value = value.get(quoted.replace('\\"', '"') or name)
        else:
            return None
    return value
