"""Which tests `make test` runs side by side: two lanes, each with clouds of its own.

All tests that use the estate's sandbox stay together, since applying the estate takes longer than
most of them; of the others, each file stays together. The longest come first.
"""

from __future__ import annotations

from typing import Any

import pytest

LONGEST = ("estate", "tests/e2e/", "tests/engine/", "tests/stacks/", "tests/unit/")
OWN_SANDBOX = "tests/e2e/test_quickstart.py"


def lane(nodeid: str) -> str:
    """Return what must stay together with a test."""
    file = nodeid.partition("::")[0]
    return "estate" if file.startswith("tests/e2e/") and file != OWN_SANDBOX else file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest first, or one lane would wait for it at the end."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: next(places[n] for n in LONGEST if lane(item.nodeid).startswith(n)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each worker whole lanes (the groups of pytest-xdist 3.8 do not work in pytest 9.2)."""
    from xdist.scheduler import LoadScopeScheduling

    class Lanes(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            return lane(nodeid)

    return Lanes(config, log)
