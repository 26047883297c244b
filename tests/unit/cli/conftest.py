from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from stackyard_cli import app

STACKS = Path(__file__).resolve().parents[3] / "stacks"


class Shell:
    """Runs the command in this process, as `stackyard WORDS` in an estate of the test's own."""

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


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    monkeypatch.delenv("STACKYARD_ESTATE", raising=False)
    monkeypatch.delenv("STACKYARD_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)
    found = Shell(tmp_path / "yard", capsys)
    assert found.run("init", "yard") == 0
    monkeypatch.chdir(found.folder)
    assert found.run("new", "vision/defects", "--stage", "dev", "--preset", "vision") == 0
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the reference estate, to edit."""
    shutil.copytree(STACKS, tmp_path / "stacks")
    return tmp_path
