"""Shows the progress of a run: a status line on a terminal, a line per resource when piped.

The status line counts the stacks (waiting, running, done, failed, unchanged), says how long the run
takes and, once a stack has ended, about how long it still will.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from stackyard_cli import render
from stackyard_cli.engine.messages import Diagnostic, Event, Result, Step, Violation
from stackyard_cli.engine.report import Report
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
        self._total, self._parallel, self._began = 0, 1, clock()
        self._ended: Counter[str] = Counter()
        self._seconds: list[float] = []

    def expect(self, stacks: int, parallel: int) -> None:
        """Set how many stacks the run has, and how many of them run at once."""
        self._total, self._parallel, self._began = stacks, parallel, self._clock()

    def end(self, report: Report) -> None:
        """Count a stack that has ended."""
        with self._lock:
            self._ended[state_of(report)] += 1
            known = self._stacks.get(str(report.stack))
            if known is not None:
                known.ended = True
                self._seconds.append(self._clock() - known.started)

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
            running = {name: s for name, s in self._stacks.items() if not s.ended}
            parts = [self._part(name, s) for name, s in running.items()]
            if self._total > 1:
                parts.insert(0, self._whole(len(running)))
        if running and not self._lines and not self._quiet:
            render.status("  |  ".join(parts))

    def _whole(self, running: int) -> str:
        """Return the counts of the run's stacks, with the time taken and the time left."""
        waiting = self._total - running - self._ended.total()
        counts = {"waiting": waiting, "running": running} | self._ended
        text = " · ".join(f"{number} {state}" for state, number in counts.items() if number)
        text += f" · {self._clock() - self._began:.0f} s"
        if self._seconds:
            mean = sum(self._seconds) / len(self._seconds)
            rounds = (waiting + running) / self._parallel
            text += f", about {mean * rounds:.0f} s left"
        return text

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


def state_of(report: Report) -> str:
    """Return the state in which a stack ended, as the status line and the summary name it."""
    if report.unchanged_since:
        return "unchanged"
    if not report.known:
        return "unknown"
    return "done" if report.previewed else "failed"


def line_of(step: Step) -> str:
    """Return a step as one line: sign, type, name, and result."""
    ending = {"start": "", "done": "", "failed": "  failed"}[step.phase]
    if step.operation == "delete" and step.retained:
        return f"◦ {step.type}  {step.name}  kept in the cloud"
    return f"{SIGNS.get(step.operation, '?')} {step.type}  {step.name}{ending}"
