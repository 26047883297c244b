"""Input and result of one operation on one stack: `Task` and `Report`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from stackyard.naming import StackId
from stackyard_cli.engine.messages import (
    Diagnostic,
    Event,
    Operation,
    Result,
    Step,
    Violation,
)

LOST = re.compile(r"reading from server|transport is closing|connection (refused|reset)|\bEOF\b")
"""gRPC's messages after the process of a provider has ended."""

STOPPED = frozenset({"policy", "protected"})
"""Kinds of failures with which a preview is complete all the same."""


class Prerequisite(Protocol):
    """A program's requirement beside its upstreams, started on first use."""

    def start(self) -> None:
        """Start it in the background, if it is not started yet."""

    def wait(self) -> None:
        """Start it if needed and wait until it runs; raises StackyardError if it fails."""


@dataclass(frozen=True)
class Task:
    """A stack with all inputs of a worker."""

    stack: StackId
    blueprint: str
    config: dict[str, Any]
    digest: str
    upstreams: Mapping[str, StackId]
    prerequisite: Prerequisite | None = field(default=None, compare=False, repr=False)
    """Requirement beside the upstreams that must run before a preview or an apply."""


@dataclass
class Report:
    """The events and the result of one operation on one stack."""

    task: Task
    operation: Operation
    result: Result = field(default_factory=lambda: Result("failed"))
    steps: dict[str, Step] = field(default_factory=dict)
    """The latest step of each URN, in the order of their first steps."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    unchanged_since: str = ""
    """Time of the last successful run, UTC, of a stack that needed no preview; else empty."""

    @property
    def stack(self) -> StackId:
        """The stack."""
        return self.task.stack

    @property
    def ok(self) -> bool:
        """Whether the operation succeeded."""
        return self.result.outcome == "succeeded"

    @property
    def known(self) -> bool:
        """Whether the preview could run: the upstreams of the stack are applied."""
        return self.result.kind != "unknown"

    @property
    def previewed(self) -> bool:
        """Whether the preview is complete; policy or protection may have stopped the change."""
        return self.ok or (self.operation == "preview" and self.result.kind in STOPPED)

    @property
    def changing(self) -> list[Step]:
        """The steps that change something, including outputs of the stack."""
        return [
            step
            for step in self.steps.values()
            if not step.type.startswith("pulumi:providers:")
            and (step.operation not in {"same", "read"} or step.changes)
        ]

    def take(self, event: Event) -> None:
        """Add an event of the worker."""
        if isinstance(event, Step):
            before = self.steps.get(event.urn)
            self.steps[event.urn] = _joined(before, event) if before else event
        elif isinstance(event, Diagnostic):
            self.diagnostics.append(event)
        elif isinstance(event, Violation):
            self.violations.append(event)


def _joined(before: Step, after: Step) -> Step:
    """Return the later step with the fields of the earlier; parts of a replacement become one."""
    return replace(
        after,
        operation="replace" if "replace" in {before.kind, after.kind} else after.operation,
        changes=after.changes or before.changes,
        replace_keys=after.replace_keys or before.replace_keys,
        priced_before=after.priced_before or before.priced_before,
        priced_after=after.priced_after or before.priced_after,
        granted_before=after.granted_before or before.granted_before,
        granted_after=after.granted_after or before.granted_after,
    )


def lost_provider(report: Report) -> bool:
    """Return whether a create failed because its provider ended.

    The engine then clears the pending operation, although the resource may exist.
    """
    failed = {s.urn for s in report.steps.values() if s.phase == "failed"}
    return any(
        item.urn in failed and LOST.search(item.message)
        for item in report.diagnostics
        if item.severity == "error"
    )
