from __future__ import annotations

from pathlib import Path

import pytest

from stackyard_cli import app


@pytest.fixture
def folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Path:
    """A fresh estate from the templates, with nothing but its platform."""
    monkeypatch.delenv("STACKYARD_ESTATE", raising=False)
    assert app.run(["init", str(tmp_path / "estate"), "--name", "acme"]) == 0
    capsys.readouterr()
    return tmp_path / "estate"
