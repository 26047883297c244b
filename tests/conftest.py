"""Plug-ins of all tests: seeds and random order, lanes of the workers, times, warnings."""

pytest_plugins = (
    "tests.support.seeds",
    "tests.support.lanes",
    "tests.support.timings",
    "tests.support.foreign_warnings",
)
