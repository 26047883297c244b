"""One seed for everything random in a run of the tests: printed, and set again by `--seed N`.

It seeds the `rng` of a test, Hypothesis, and the order of `--random-order`.
"""

from __future__ import annotations

import secrets
from random import Random
from typing import Any

import pytest
from hypothesis import core

FROM_CONTROLLER = "stackyard_seed"
"""Key of the seed in what pytest-xdist hands to its workers, which must agree on the order."""

SEED = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--seed` and `--random-order`."""
    group = parser.getgroup("stackyard")
    group.addoption("--seed", type=int, help="Repeat the random choices of a run that printed N.")
    group.addoption(
        "--random-order", action="store_true", help="Shuffle files, and tests inside a file."
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed, unless it is given."""
    given: int | None = getattr(config, "workerinput", {}).get(FROM_CONTROLLER)
    if given is None:
        given = config.getoption("--seed")
    config.stash[SEED] = secrets.randbelow(1_000_000) if given is None else given
    if config.getoption("--hypothesis-seed") is None:
        core.global_force_seed = config.stash[SEED]  # type: ignore[assignment]  # typed as None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the seed to a worker of pytest-xdist."""
    node.workerinput[FROM_CONTROLLER] = node.config.stash[SEED]


def pytest_report_header(config: pytest.Config) -> str:
    """Print the seed at the beginning."""
    return f"seed: {config.stash[SEED]}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how to repeat a run with failures."""
    if terminalreporter.stats.get("failed") or terminalreporter.stats.get("error"):
        seed = terminalreporter.config.stash[SEED]
        terminalreporter.write_line(f"repeat the same random choices with --seed {seed}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Shuffle whole files, and the tests inside each, if that was asked for."""
    if not config.getoption("--random-order"):
        return
    random = Random(config.stash[SEED])
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    names = list(files)
    random.shuffle(names)
    for tests in files.values():
        random.shuffle(tests)
    items[:] = [item for name in names for item in files[name]]


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> Random:
    """Random choices of one test: the same for a seed and a test, whatever runs beside it."""
    return Random(f"{request.config.stash[SEED]} {request.node.nodeid}")
