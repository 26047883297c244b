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


@pytest.fixture(scope="session")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new estate with one stack, as the command makes it; each test gets a copy."""
    folder = tmp_path_factory.mktemp("stamped")
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("STACKYARD_ESTATE", raising=False)
        patched.chdir(folder)
        assert app.run(["init", "yard"]) == 0
        patched.chdir(folder / "yard")
        words = ["new", "vision/defects", "--stage", "dev", "--preset", "vision"]
        assert app.run(words) == 0
    return folder / "yard"


@pytest.fixture
def shell(
    stamped: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    monkeypatch.delenv("STACKYARD_ESTATE", raising=False)
    monkeypatch.delenv("STACKYARD_DEBUG", raising=False)
    found = Shell(tmp_path / "yard", capsys)
    shutil.copytree(stamped, found.folder)
    monkeypatch.chdir(found.folder)
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the reference estate, to edit."""
    shutil.copytree(STACKS, tmp_path / "stacks")
    return tmp_path
