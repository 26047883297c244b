"""The fake cloud and its yard, for each test anew."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from yard import FakeYard, open_yard


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeYard]:
    """An empty fake cloud with an empty state."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    opened = open_yard(tmp_path)
    yield opened
    opened.provider.kill()
    opened.provider.wait()
