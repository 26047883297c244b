"""From the engine's events to the few fields that leave a worker."""

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
"""Severities that leave a worker; the engine's debug lines can hold secrets in plain."""

SUMMARIES = frozenset({"update failed", "preview failed", "destroy failed", "refresh failed"})
"""What the engine says after an error that has been told already."""

COLOUR = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")
"""Colour marks of the engine (`<{%fg 1%}>`) and of terminals."""


def translate(event: EngineEvent, mask: Mask, *, values: bool) -> Event | None:
    """Return what may be told about an engine event, or None."""
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
    text = _to_dict(mask(event.message), event.urn)
    if not text or text in SUMMARIES:
        return None
    return Diagnostic(severity=event.severity, message=text, urn=event.urn)


def _to_dict(message: str, urn: str | None) -> str:
    """Return a message as one line, without the counts and URNs that providers put before it."""
    text = " ".join(COLOUR.sub("", message).split())
    text = re.sub(r"^\d+ errors? occurred: \* |^an unhandled error occurred: ", "", text)
    return text.removeprefix(f"{urn}: ") if urn else text


def _violation(event: PolicyEvent, mask: Mask) -> Violation:
    return Violation(
        pack=event.policy_pack_name,
        policy=event.policy_name,
        level=event.enforcement_level,
        message=_to_dict(mask(event.message), event.resource_urn),
        urn=event.resource_urn,
    )


def _step(phase: Phase, facts: StepEventMetadata, mask: Mask, *, values: bool) -> Step:
    state = facts.new or facts.old
    same = facts.op.value == "same" and _guards(facts)
    return Step(
        phase=phase,
        urn=facts.urn,
        type=facts.type,
        operation="update" if same else facts.op.value,
        id=(state.id or None) if state else None,
        parent=(state.parent or None) if state else None,
        provider=facts.provider or None,
        custom=bool(state.custom) if state else True,
        changes=_told_changes(phase, facts, mask, values=values),
        replace_keys=tuple(facts.keys or ()),
        retained=bool(facts.old.retain_on_delete) if facts.old else False,
        protected=bool(facts.old.protect) if facts.old else False,
        priced_before=_chosen(PRICED, facts.type, facts.old),
        priced_after=_chosen(PRICED, facts.type, facts.new),
        granted_before=_chosen(ACCESS_INPUTS, facts.type, facts.old),
        granted_after=_chosen(ACCESS_INPUTS, facts.type, facts.new),
    )


def _told_changes(
    phase: Phase, facts: StepEventMetadata, mask: Mask, *, values: bool
) -> tuple[Change, ...]:
    if phase == "done" and facts.type == "pulumi:pulumi:Stack":
        return _changed_outputs(facts)
    return (*_changes(facts, mask, values=values), *_guards(facts)) if phase == "start" else ()


def _guards(facts: StepEventMetadata) -> tuple[Change, ...]:
    """Return how a resource's protection moves; the engine calls that no change at all."""
    old, new = facts.old, facts.new
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


def _changed_outputs(facts: StepEventMetadata) -> tuple[Change, ...]:
    """Return which outputs of the stack change; the engine counts them as no change at all."""
    old = (facts.old.outputs if facts.old else None) or {}
    new = (facts.new.outputs if facts.new else None) or {}
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


def _changes(facts: StepEventMetadata, mask: Mask, *, values: bool) -> tuple[Change, ...]:
    if facts.detailed_diff:
        kinds = {path: diff.diff_kind.value for path, diff in facts.detailed_diff.items()}
    else:
        kinds = dict.fromkeys(facts.diffs or (), "update")
    if not values:
        return tuple(Change(path=path, kind=kind) for path, kind in sorted(kinds.items()))
    return tuple(
        Change(
            path=path,
            kind=kind,
            old=_shown(at(_inputs(facts.old), path), mask),
            new=_shown(at(_inputs(facts.new), path), mask),
        )
        for path, kind in sorted(kinds.items())
    )


def _chosen(
    table: Mapping[str, tuple[str, ...]], kind: str, state: StepEventStateMetadata | None
) -> dict[str, Any] | None:
    """Return the few inputs that a table names for a type; no other leaves the worker."""
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
    """Return what stands at a property path (`spec.ports[0].name`, `tags["a.b"]`), or None.

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
