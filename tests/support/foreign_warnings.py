"""Warnings fail tests of our own code; foreign programs may print theirs."""

from __future__ import annotations

import pytest

OWN_CODE = ("tests/unit/", "tests/stacks/")
"""Tests elsewhere run the clients that users have (mlflow, dvc, optuna), with their warnings."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let warnings pass in the tests that run foreign clients."""
    for item in items:
        if not item.nodeid.startswith(OWN_CODE):
            item.add_marker(pytest.mark.filterwarnings("default"))
