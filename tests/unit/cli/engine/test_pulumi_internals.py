"""Contract tests: what the worker relies on inside the `pulumi` package is as it was."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.automation import (
    CommandResult,
    LocalWorkspace,
    ProjectSettings,
    PulumiCommand,
    Stack,
    fully_qualified_stack_name,
)
from pulumi.runtime import settings
from pulumi.runtime.proto import engine_pb2
from semver import VersionInfo

from stackyard_cli.engine.worker.command import OwnSessionCommand
from stackyard_cli.engine.worker.pulumi_internals import (
    KnownCommand,
    LeanStack,
    QuietEngine,
    silence_debug_messages,
)

STACK = fully_qualified_stack_name("organization", "vision.defects", "dev")
SUMMARY = (
    '[{"kind": "destroy", "startTime": "2026-01-01T00:00:00.000Z", "message": "", '
    '"environment": {}, "config": {}, "result": "succeeded", '
    '"endTime": "2026-01-01T00:00:00.000Z", "version": 1, "resourceChanges": {}}]'
)


class Recorder(KnownCommand):
    """A CLI that does nothing and remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__("pulumi", "3.272.0")
        self.calls: list[str] = []

    def run(self, args: list[str], cwd: str, *_: Any, **__: Any) -> CommandResult:
        self.calls.append(" ".join(args[:2]))
        answers = {"stack history": SUMMARY, "stack output": "{}"}
        return CommandResult(stdout=answers.get(self.calls[-1], ""), stderr="", code=0)


def workspace(folder: Path, command: PulumiCommand) -> LocalWorkspace:
    project = ProjectSettings(name="vision.defects", runtime="python")
    return LocalWorkspace(
        work_dir=str(folder),
        program=lambda: None,
        pulumi_command=command,
        project_settings=project,
    )


def test_a_lean_stack_runs_one_command_where_the_sdks_own_runs_more(tmp_path: Path) -> None:
    lean, full = Recorder(), Recorder()
    LeanStack(STACK, workspace(tmp_path, lean)).destroy(show_secrets=False)
    Stack.select(STACK, workspace(tmp_path, full)).destroy(show_secrets=False)
    assert [call.partition(" ")[0] for call in lean.calls] == ["destroy"]
    assert len(full.calls) > 1, "the SDK does no more by itself: `LeanStack` can go"


def test_a_lean_stack_has_what_the_sdks_operations_read(tmp_path: Path) -> None:
    full = Stack.select(STACK, workspace(tmp_path, Recorder()))
    lean = LeanStack(STACK, workspace(tmp_path, Recorder()))
    missing = vars(full).keys() - vars(lean).keys()
    operations = (Stack.preview, Stack.up, Stack.destroy, Stack.refresh)
    sources = "".join(inspect.getsource(one) for one in operations)
    assert [name for name in missing if f"self.{name}" in sources] == []
    for name in ("outputs", "info"):
        assert inspect.signature(getattr(LeanStack, name)).parameters.keys() == (
            inspect.signature(getattr(Stack, name)).parameters.keys()
        )


def test_a_known_command_has_what_the_sdks_own_finds_out(tmp_path: Path) -> None:
    binary = tmp_path / "bin" / "pulumi"
    binary.parent.mkdir()
    binary.write_text("#!/bin/sh\necho v3.272.0\n")
    binary.chmod(0o755)
    full = PulumiCommand(root=str(tmp_path), version=VersionInfo.parse("3.1.0"))
    known = KnownCommand(str(binary), "3.272.0")
    assert vars(known) == vars(full)


def test_the_sdk_calls_a_command_as_ours_takes_it() -> None:
    ours = list(inspect.signature(OwnSessionCommand.run).parameters)
    assert ours == list(inspect.signature(PulumiCommand.run).parameters)


class Engine:
    """The engine's end of the connection."""

    def __init__(self) -> None:
        self.severities: list[int] = []

    def Log(self, request: Any, **_: Any) -> None:  # noqa: N802 - the protocol's name
        self.severities.append(request.severity)


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A program's connection to an engine that remembers what it was sent."""
    before = settings.SETTINGS.engine
    found = Engine()
    settings.SETTINGS.engine = found
    yield found
    settings.SETTINGS.engine = before


def logged() -> None:
    pulumi.log.debug("a detail")
    pulumi.log.info("a fact")
    pulumi.log.warn("a doubt")


@pulumi.runtime.test  # type: ignore[untyped-decorator]  # the SDK does not annotate it
def run(program: Any) -> None:
    program()


def test_debug_messages_are_sent_by_the_sdk_and_held_back_by_us(engine: Engine) -> None:
    run(logged)
    assert engine_pb2.DEBUG in engine.severities, "the SDK sends none: `QuietEngine` can go"
    engine.severities.clear()
    silence_debug_messages()
    assert isinstance(settings.SETTINGS.engine, QuietEngine)
    run(logged)
    assert engine.severities == [engine_pb2.INFO, engine_pb2.WARNING]


def test_nothing_is_silenced_where_no_engine_is_connected(engine: Engine) -> None:
    settings.SETTINGS.engine = None
    silence_debug_messages()
    assert settings.SETTINGS.engine is None
