from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stackyard_cli import app
from tests.support.estates import STACKS


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh estate from the templates: its platform, with a database and a base image."""
    folder = tmp_path_factory.mktemp("fresh") / "estate"
    assert app.run(["init", str(folder), "--name", "acme"]) == 0
    foundation = folder / "stacks/platform/foundation/_defaults.yaml"
    more = "database: {}\nbase_images: {images: {sklearn: {catalogue: sklearn-1.9-cpu}}}\n"
    foundation.write_text(foundation.read_text() + more)
    return folder


@pytest.fixture
def folder(fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, to write one file into."""
    monkeypatch.delenv("STACKYARD_ESTATE", raising=False)
    return shutil.copytree(fresh, tmp_path / "estate")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the reference estate."""
    shutil.copytree(STACKS, tmp_path / "stacks")
    return tmp_path
