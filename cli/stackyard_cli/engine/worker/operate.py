"""Runs one operation on one stack with the Automation API (worker side)."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pulumi import RunError
from pulumi.automation import LocalWorkspace
from pulumi.automation.errors import CommandError
from pulumi.automation.events import EngineEvent

from stackyard.contracts import ContractError, UpstreamError
from stackyard.naming import StackId
from stackyard.resource_tag import name_resources
from stackyard_cli.backend.journal import Journal
from stackyard_cli.engine.messages import (
    Diagnostic,
    EngineStarted,
    Event,
    Request,
    Result,
    Step,
    Violation,
)
from stackyard_cli.engine.protection import REFUSAL
from stackyard_cli.engine.worker import events
from stackyard_cli.engine.worker.adoption import adopt_secrets
from stackyard_cli.engine.worker.command import OwnSessionCommand
from stackyard_cli.engine.worker.preload import Preload, modules_of
from stackyard_cli.engine.worker.pulumi_internals import LeanStack, silence_debug_messages
from stackyard_cli.masking import Mask

Emit = Callable[[Event], None]
Program = Callable[[], None]
ProgramOf = Callable[[Request], Program]

PARALLEL = 16
"""Number of parallel resource operations; without a limit they exhaust memory and API rate limits
(pulumi-aws #3020)."""


class Operation:
    """Runs a request; `interrupt` stops it gracefully."""

    def __init__(
        self, request: Request, program_of: ProgramOf, emit: Emit, preload: Preload | None = None
    ) -> None:
        self.request, self.emit, self._preload = request, emit, preload
        self._program_of = program_of
        self._failure: Exception | None = None
        self._loading: Preload | None = None
        self._errors: list[str] = []
        self._violated = False
        self._changes: dict[str, int] = {}
        self._mask = Mask.of()
        self._journal = Journal(Path(request.journal)) if request.journal else None
        self._command = OwnSessionCommand(
            request.engine_path, request.engine_version, lambda pid: emit(EngineStarted(pid))
        )

    def interrupt(self) -> None:
        """Request the engine to stop when the running steps have ended."""
        self._command.interrupt()

    def run(self) -> Result:
        """Run to the end and return the result."""
        started = time.monotonic()
        problem: str | None = None
        try:
            if not self._command.interrupted:
                if self.request.operation in {"preview", "up"}:
                    self._loading = Preload(
                        modules_of(self.request.types),
                        lambda: self._program_of(self.request),
                        after=self._preload,
                    )
                self._call(self._stack())
        except CommandError as error:
            problem = self._errors[0] if self._errors else _last_line(self._mask(str(error)))
        return self._result(problem, time.monotonic() - started)

    def _stack(self) -> LeanStack:
        workspace = LocalWorkspace(
            work_dir=self.request.work_dir,
            program=self._run_program,
            pulumi_command=self._command,
        )
        return LeanStack(StackId.parse(self.request.stack).reference, workspace)

    def _call(self, stack: LeanStack) -> None:
        request = self.request
        shared: dict[str, Any] = {
            "on_event": self._on_event,
            "parallel": PARALLEL,
            "color": "never",
            "suppress_outputs": True,
            "suppress_progress": True,
        }
        targets = request.targets or None
        packs: dict[str, Any] = {
            "policy_packs": request.policy_packs or None,
            "policy_pack_configs": request.policy_pack_configs or None,
        }
        if request.operation == "preview":
            stack.preview(**shared, refresh=request.refresh, **packs)
        elif request.operation == "up":
            stack.up(**shared, refresh=request.refresh, **packs, show_secrets=False)
        elif request.operation == "destroy":
            stack.destroy(**shared, refresh=request.refresh, show_secrets=False)
        else:
            stack.refresh(**shared, target=targets, show_secrets=False)

    def _run_program(self) -> None:
        """Run the program for the engine; an error becomes a message instead of a traceback."""
        if self._loading:
            self._loading.wait()
        try:
            silence_debug_messages()
            name_resources()
            if self.request.secrets:
                adopt_secrets(self.request.secrets)
            self._program_of(self.request)()
        except Exception as error:
            self._failure = error
            if os.environ.get("STACKYARD_DEBUG"):
                raise
            raise RunError(self._mask(_message_of(error))) from error

    def _on_event(self, event: EngineEvent) -> None:
        # If this raises, the SDK prints the whole event, including secrets.
        try:
            if event.prelude_event:
                self._command.listening()
            if event.summary_event:
                self._changes = {
                    str(getattr(op, "value", op)): count
                    for op, count in event.summary_event.resource_changes.items()
                }
            translated = events.translate(event, self._mask, values=self.request.values)
            if translated is None:
                return
            if isinstance(translated, Diagnostic) and translated.severity == "error":
                if translated.message in self._errors:  # the engine repeats the program's error
                    return
                self._errors.append(translated.message)
            if isinstance(translated, Violation) and translated.level == "mandatory":
                self._violated = True
            if self._journal is not None and isinstance(translated, Step):
                self._journal.step(translated)
            self.emit(translated)
        except Exception as error:
            print(f"event not reported: {type(error).__name__}", file=sys.stderr)  # noqa: T201 - a worker

    def _result(self, problem: str | None, seconds: float) -> Result:
        if self._command.interrupted:
            return Result("interrupted", self._changes, seconds, problem)
        if problem is None:
            return Result("succeeded", self._changes, seconds)
        if isinstance(self._failure, ContractError):
            text, hint = self._mask(str(self._failure)), self._failure.hint
            kind = "upstream" if isinstance(self._failure, UpstreamError) else "config"
            return Result("failed", self._changes, seconds, text, hint, kind)
        if self._violated and not self._errors and self._failure is None:
            return Result("failed", self._changes, seconds, "stopped by policy", None, "policy")
        if self._errors and all(REFUSAL.search(error) for error in self._errors):
            return Result("failed", self._changes, seconds, problem, None, "protected")
        kind = "engine" if self._failure is None else "program"
        return Result("failed", self._changes, seconds, problem, None, kind)


def _message_of(error: Exception) -> str:
    if isinstance(error, ContractError | RunError):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error:")]
    return (errors or lines or ["the engine failed without a message"])[-1]
