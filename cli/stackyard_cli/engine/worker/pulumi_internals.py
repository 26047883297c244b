"""Everything in the worker that relies on internals of the `pulumi` package, in one module.

Nothing here is part of the SDK's documented interface. The contract tests in
`tests/unit/cli/engine/test_pulumi_internals.py` fail if a release changes these internals, and the
extra `cli` in `pyproject.toml` pins the minor version with which they pass. The module is in the
worker, because no other process loads the SDK.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pulumi.automation import LocalWorkspace, OutputMap, PulumiCommand, Stack, UpdateSummary
from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.settings import SETTINGS
from semver import VersionInfo


class LeanStack(Stack):
    """A stack without the commands that the SDK adds to each operation.

    `Stack` first selects the stack, and afterwards reads outputs and history with `--show-secrets`:
    four more starts of the CLI. Here the stack exists, every command names it, and the state is
    read from the backend, still encrypted.
    """

    def __init__(self, name: str, workspace: LocalWorkspace) -> None:
        # Not `super().__init__`: it runs `pulumi stack select`.
        self.name, self.workspace = name, workspace

    def outputs(self) -> OutputMap:
        """Return nothing, so that no `pulumi stack output --show-secrets` runs."""
        return {}

    def info(self, show_secrets: bool = False) -> UpdateSummary:
        """Return an empty summary, so that no `pulumi stack history` runs."""
        return UpdateSummary("", datetime.now(UTC), "", {}, {}, "")


class KnownCommand(PulumiCommand):
    """A Pulumi CLI whose path and version are known."""

    def __init__(self, path: str, version: str) -> None:
        # Not `super().__init__`: it runs `pulumi version`, as the parent has already done.
        self.command = path
        self.version = VersionInfo.parse(version)


class QuietEngine:
    """The engine's connection without debug messages.

    Each message is a call that blocks the program; together they took a fifth of its time.
    """

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def Log(self, request: Any, **options: Any) -> Any:  # noqa: N802 - the protocol's name
        """Forward a log message, unless it is a debug message."""
        if request.severity == engine_pb2.DEBUG:
            return None
        return self._engine.Log(request, **options)


def silence_debug_messages() -> None:
    """Replace the running program's connection with one that sends no debug messages."""
    if SETTINGS.engine is not None:
        SETTINGS.engine = QuietEngine(SETTINGS.engine)
