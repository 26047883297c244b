"""A folder with an estate, and `stackyard` run there as a process, as a user would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from stackyard_sandbox.state import Sandbox

from .sandbox import VARIABLE


class Workspace:
    """The folder of one estate, and the sandbox that it uses."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder, self.sandbox = folder, sandbox

    def run(self, *words: str, code: int = 0, timeout: float = 280) -> str:
        """Run `stackyard WORDS` and return stdout; fails the test on another exit code."""
        done = self.attempt(*words, timeout=timeout)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def attempt(self, *words: str, timeout: float = 280) -> subprocess.CompletedProcess[str]:
        """Run `stackyard WORDS` and return its exit code and output.

        Stacks of which nothing changed are previewed as well: a test that previews asks the engine.
        """
        command = [sys.executable, "-m", "stackyard_cli", *words]
        return subprocess.run(
            command,
            cwd=self.folder,
            env={"STACKYARD_ALL": "1", **os.environ, VARIABLE: str(self.sandbox.directory)},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def answer(self, *words: str, code: int = 0) -> Any:
        """Run with `--json` and return the parsed answer."""
        return json.loads(self.run(*words, "--json", code=code))

    def contract(self, stack: str) -> Any:
        """Return a stack's contract."""
        return self.answer("outputs", stack)["contract"]

    def with_stack(self, stack: str, text: str, folder: Path) -> Workspace:
        """Return a copy of the estate in a folder of its own, with one more stack applied."""
        shutil.copytree(self.folder / "stacks", folder / "stacks")
        copy = Workspace(folder, self.sandbox)
        copy.write(f"{stack}.yaml", text)
        copy.run("up", stack, "--yes")
        return copy

    def write(self, name: str, text: str) -> None:
        """Write a file below `stacks/`."""
        file = self.folder / "stacks" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text that occurs once in a file of the folder."""
        path = self.folder / file
        text = path.read_text()
        assert text.count(old) == 1, f"{file}: {old!r} occurs {text.count(old)} times"
        path.write_text(text.replace(old, new))
