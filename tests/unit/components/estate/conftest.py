from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.estates import SmallEstate


@pytest.fixture
def small(tmp_path: Path) -> SmallEstate:
    return SmallEstate(tmp_path / "estate")
