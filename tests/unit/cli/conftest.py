from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stackyard_cli import app
from tests.support.estates import STACKS
from tests.support.git import Repo
from tests.support.shell import Shell


@pytest.fixture(scope="session")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new estate with one stack, as the command makes it; each test gets a copy."""
    folder = tmp_path_factory.mktemp("stamped")
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("STACKYARD_ESTATE", raising=False)
        patched.chdir(folder)
        assert app.run(["init", "estate"]) == 0
        patched.chdir(folder / "estate")
        words = ["new", "vision/defects", "--stage", "dev", "--preset", "vision"]
        assert app.run(words) == 0
    return folder / "estate"


@pytest.fixture
def shell(
    stamped: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    monkeypatch.delenv("STACKYARD_ESTATE", raising=False)
    monkeypatch.delenv("STACKYARD_DEBUG", raising=False)
    found = Shell(tmp_path / "estate", capsys)
    shutil.copytree(stamped, found.folder)
    monkeypatch.chdir(found.folder)
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the reference estate, to edit."""
    shutil.copytree(STACKS, tmp_path / "stacks")
    return tmp_path


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path)
