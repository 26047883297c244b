"""Shows the progress of a run: a status line on a terminal, a line per resource when piped."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from stackyard_cli import render
from stackyard_cli.engine.messages import Diagnostic, Event, Result, Step, Violation
from stackyard_cli.reports.summary import SIGNS

QUIET = frozenset({"same", "read", "replace"})
"""Operations without a line; a replacement shows as its create and its delete."""


@dataclass
class _Stack:
    started: float
    running: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    ended: bool = False


class Progress:
    """Counts the events of workers and prints them; safe for several threads."""

    def __init__(
        self,
        *,
        lines: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
        quiet: bool = False,
        violations: bool = True,
    ) -> None:
        self._lines = not sys.stderr.isatty() if lines is None else lines
        self._clock, self._quiet, self._violations = clock, quiet, violations
        self._stacks: dict[str, _Stack] = {}
        self._lock = threading.Lock()

    def watch(self, stack: str, event: Event) -> None:
        """Count and print one event."""
        with self._lock:
            if stack not in self._stacks:
                self._stacks[stack] = _Stack(self._clock())
            known = self._stacks[stack]
            if isinstance(event, Step):
                self._step(stack, known, event)
            elif isinstance(event, Diagnostic) and event.severity in {"warning", "error"}:
                name = event.urn.rpartition("::")[2] + ": " if event.urn else ""
                self._say(f"{stack}  {event.severity}: {name}{event.message}")
            elif isinstance(event, Violation) and self._violations:
                self._say(f"{stack}  {event.level} {event.pack}/{event.policy}: {event.message}")
            elif isinstance(event, Result):
                known.ended = True

    def redraw(self) -> None:
        """Redraw the status line of the stacks that run."""
        with self._lock:
            parts = [self._part(name, s) for name, s in self._stacks.items() if not s.ended]
        if parts and not self._lines and not self._quiet:
            render.status("  |  ".join(parts))

    def _step(self, stack: str, known: _Stack, step: Step) -> None:
        if step.phase == "start":
            known.running.add(step.urn)
            return
        known.running.discard(step.urn)
        first = step.urn not in known.done
        (known.done if step.phase == "done" else known.failed).add(step.urn)
        if step.operation in QUIET or not step.custom or (step.phase == "done" and not first):
            return
        if self._lines or step.phase == "failed":
            self._say(f"{stack}  {line_of(step)}")

    def _say(self, text: str) -> None:
        if not self._quiet:
            render.narrate(text)

    def _part(self, name: str, known: _Stack) -> str:
        seconds = self._clock() - known.started
        failed = f" · {len(known.failed)} failed" if known.failed else ""
        done, running = len(known.done), len(known.running)
        return f"{name}: {done} done · {running} running{failed} · {seconds:.0f} s"


def line_of(step: Step) -> str:
    """Return a step as one line: sign, type, name, and result."""
    ending = {"start": "", "done": "", "failed": "  failed"}[step.phase]
    if step.operation == "delete" and step.retained:
        return f"◦ {step.type}  {step.name}  kept in the cloud"
    return f"{SIGNS.get(step.operation, '?')} {step.type}  {step.name}{ending}"
