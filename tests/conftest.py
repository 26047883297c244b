"""Plug-ins of all tests: seeds, lanes of the workers, times, warnings, service descriptions."""

pytest_plugins = (
    "tests.support.seeds",
    "tests.support.lanes",
    "tests.support.timings",
    "tests.support.foreign_warnings",
    "tests.support.service_models",
)
