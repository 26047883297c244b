"""One stack of an inline program under the real engine, with one provider attached."""

from __future__ import annotations

import gc
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation

from stackyard_sandbox import toolchain

ATTACHED = "PULUMI_DEBUG_PROVIDERS"


class ProgramStack(ABC):
    """A stack `dev` of a project `test`; what its program makes may change between runs.

    The state, the engine's home and the work directory are in `folder`: without a work directory
    the Automation API leaves temporary folders behind.
    """

    def __init__(self, folder: Path, package: str, port: int) -> None:
        self.output: list[str] = []
        self.state = folder / ".pulumi/stacks/test/dev.json"
        engine = str(toolchain.tool("pulumi").parent.parent)
        options = automation.LocalWorkspaceOptions(
            work_dir=str(folder),
            pulumi_home=str(folder / "home"),
            pulumi_command=automation.PulumiCommand(engine, skip_version_check=True),
            project_settings=automation.ProjectSettings(
                "test", "python", backend=automation.ProjectBackend(f"file://{folder}")
            ),
            env_vars={
                "PULUMI_CONFIG_PASSPHRASE": "test",
                ATTACHED: f"{package}:{port}",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
            },
        )
        self.stack = automation.create_or_select_stack("dev", "test", self.make, opts=options)
        self._package = package

    def attach(self, port: int) -> None:
        """Let the provider at another port answer from the next run on."""
        workspace = self.stack.workspace
        workspace.env_vars = {**workspace.env_vars, ATTACHED: f"{self._package}:{port}"}

    @abstractmethod
    def make(self) -> None:
        """Declare the provider and the resources."""

    def up(self) -> dict[str, int]:
        """Apply; the count of resources by operation."""
        return counted(self.stack.up(on_output=self.output.append).summary.resource_changes)

    def preview(self) -> dict[str, int]:
        """The count of resources by operation."""
        return counted(self.stack.preview(on_output=self.output.append).change_summary)

    def refresh(self) -> dict[str, int]:
        """Read everything; the count of resources by operation."""
        return counted(self.stack.refresh(on_output=self.output.append).summary.resource_changes)

    def destroy(self) -> None:
        """Delete everything."""
        self.stack.destroy(on_output=self.output.append)

    def outputs(self) -> dict[str, automation.OutputValue]:
        """The stack's outputs."""
        return dict(self.stack.outputs())

    def steps(self, **options: Any) -> dict[str, tuple[str, list[str]]]:
        """Operation and changed paths of a preview by logical name, where something changes."""
        found: dict[str, tuple[str, list[str]]] = {}

        def note(event: automation.EngineEvent) -> None:
            step = event.resource_pre_event and event.resource_pre_event.metadata
            if step and step.op.value in ("create", "update", "replace", "delete"):
                paths = sorted(step.detailed_diff or {})
                found[step.urn.rpartition("::")[2]] = (step.op.value, paths)

        self.stack.preview(on_event=note, on_output=self.output.append, **options)
        return found

    def refused(self) -> str:
        """The text with which a preview fails."""
        return self.error(lambda: self.stack.preview(on_output=self.output.append))

    def error(self, run: Callable[[], object]) -> str:
        """The text with which a run fails."""
        with pytest.raises(automation.CommandError) as failure:
            run()
        # The SDK leaves coroutines of a failed program behind. Collected while Python parses a
        # source file, as pytest does for a report, they crash 3.11 (python/cpython#106905).
        gc.collect()
        return str(failure.value)


def counted(changes: Any) -> dict[str, int]:
    """Return the engine's counts by the plain name of the operation."""
    return {str(getattr(key, "value", key)): count for key, count in (changes or {}).items()}
