"""The steps of an acceptance run, as a person would type them, and their report.

The steps use the command `stackyard` only, on a copy of the estate: the same code runs against AWS
and against the sandbox.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

STEP_SECONDS = 3 * 3600
"""Limit of one step: a first cluster, its nodes and a database take about an hour on AWS."""


@dataclass(frozen=True)
class Step:
    """One command of the run."""

    title: str
    command: tuple[str, ...]
    seconds: float
    passed: bool
    stdout: str
    stderr: str


@dataclass
class Acceptance:
    """A run over one stage: all stacks of the project and of the platform below it."""

    estate: Path
    """Copy of the estate; the run changes a file in it."""

    stack: str
    """The project's stack, `TEAM/PROJECT/STAGE`."""

    steps: list[Step] = field(default_factory=list)

    @classmethod
    def of(cls, estate: Path, stack: str) -> Acceptance:
        """Copy the estate's `stacks/` into a folder of the run."""
        copy = Path(tempfile.mkdtemp(prefix="stackyard-acceptance-"))
        shutil.copytree(estate / "stacks", copy / "stacks")
        return cls(copy, stack)

    def run(self) -> bool:
        """Run all steps; the stage is destroyed whatever happens. Return whether all passed."""
        stage = f"*/*/{self.stack.rpartition('/')[2]}"
        try:
            if self._prepare(stage):
                self._use(stage)
        finally:
            self._step("destroy", "destroy", stage, "--yes")
            self._step("nothing is left", "leftovers", stage, "--json")
        return all(step.passed for step in self.steps)

    def _prepare(self, stage: str) -> bool:
        return (
            self._step("the machine and the account", "doctor", "--json").passed
            and self._step("every file is valid", "validate").passed
            and self._step("first apply", "up", stage, "--yes-to-all").passed
        )

    def _use(self, stage: str) -> None:
        self._step("nothing changes again", "preview", stage, "--expect-no-changes")
        self._step("nothing drifted", "drift", stage)
        self._step("the twelve concerns", "status", self.stack, "--json")
        self._step("cost", "cost", stage, "--json")
        self._change()
        self._step("a reviewed change", "up", self.stack, "--yes")
        self._step("the change is complete", "preview", stage, "--expect-no-changes")

    def _change(self) -> None:
        """Give the project another tag: an update of everything that has tags."""
        file = self.estate / "stacks" / f"{self.stack}.yaml"
        config: dict[str, Any] = yaml.safe_load(file.read_text()) or {}
        tags = {**config.get("tags", {}), "acceptance": f"{datetime.now(UTC):%Y-%m-%d}"}
        file.write_text(yaml.safe_dump({**config, "tags": tags}, sort_keys=False))

    def _step(self, title: str, *words: str) -> Step:
        command = ("stackyard", *words)
        print(f"{title}: {' '.join(command)}", file=sys.stderr)
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "stackyard_cli", *words],
            cwd=self.estate,
            capture_output=True,
            text=True,
            timeout=STEP_SECONDS,
            check=False,
        )
        seconds = time.monotonic() - began
        step = Step(title, command, seconds, done.returncode == 0, done.stdout, done.stderr)
        self.steps.append(step)
        if not step.passed:
            print(f"failed: {done.stdout}{done.stderr}", file=sys.stderr)
        return step

    def report(self) -> str:
        """Return the report as Markdown: steps with their times, concerns, cost, what is left."""
        lines = [f"# Acceptance of {self.stack}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC", ""]
        lines += ["| step | command | seconds | result |", "|---|---|---|---|"]
        lines += [
            f"| {step.title} | `{' '.join(step.command)}` | {step.seconds:.0f} "
            f"| {'passed' if step.passed else 'FAILED'} |"
            for step in self.steps
        ]
        for title, columns in (
            ("the machine and the account", ("check", "verdict", "detail")),
            ("the twelve concerns", ("concern", "state", "evidence")),
            ("cost", ("stack", "floor", "ceiling", "limit", "unknown")),
        ):
            lines += ["", f"## {title.capitalize()}", "", *_table(self._rows(title), columns)]
        for step in self.steps:
            if not step.passed:
                lines += ["", f"## Failed: {step.title}", "", "```", step.stderr.strip(), "```"]
        return "\n".join(lines) + "\n"

    def _rows(self, title: str) -> list[dict[str, Any]]:
        """Return the rows of a step's JSON answer; none if it did not run or failed."""
        answers = [step.stdout for step in self.steps if step.title == title and step.passed]
        rows: list[dict[str, Any]] = json.loads(answers[0]) if answers else []
        return [row for each in rows for row in each.get("concerns", [each])]


def _table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> list[str]:
    head = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    return head + [f"| {' | '.join(str(row.get(c, '')) for c in columns)} |" for row in rows]
