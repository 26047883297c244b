"""The command line, run in the test's own process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stackyard_cli import app


class Shell:
    """Runs `stackyard` in this process, in the folder of one test's estate."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capture = folder, capture
        self.out = self.err = ""

    def run(self, *words: str) -> int:
        self._capture.readouterr()
        code = app.run(list(words))
        self.out, self.err = self._capture.readouterr()
        return code

    def answer(self, *words: str, code: int = 0) -> Any:
        """Run with `--json`; stdout is one JSON value and nothing else."""
        assert self.run(*words, "--json") == code, self.err
        return json.loads(self.out)

    def write(self, name: str, text: str) -> None:
        path = self.folder / "stacks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
