"""Which tests `make test` runs side by side: two lanes, each with clouds of its own.

All tests that use the estate's sandbox stay together, since applying the estate takes longer than
most of them; of the others, each file stays together. The longest come first.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

ORDER = ("tests/e2e/", "tests/engine/", "tests/stacks/", "tests/unit/")


def _lane(item: pytest.Item) -> str:
    file = item.nodeid.partition("::")[0]
    shared = file.startswith("tests/e2e/") and "sandbox" in getattr(item, "fixturenames", ())
    return "estate" if shared else file


def _place(item: pytest.Item) -> tuple[bool, int]:
    folder = next(place for place, part in enumerate(ORDER) if item.nodeid.startswith(part))
    return _lane(item) != "estate", folder


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Sort the lanes and name each test's; a wrapper, as pytest-xdist reads the names first."""
    items.sort(key=_place)
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_lane(item)))
    yield
