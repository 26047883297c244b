"""Clients of an emulator that asks one module of rules, and no longer once the test ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

from stackyard_sandbox.cloud.strictness import checked

Strict = Callable[[ModuleType], Any]


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> Iterator[Strict]:
    """Return a function that installs a module's rules and returns the maker of clients."""
    monkeypatch.setattr(checked, "put_in_place", monkeypatch.setattr)

    def install(module: ModuleType) -> Any:
        module.install()
        return boto3.Session("test", "test", region_name="eu-central-1").client

    with mock_aws():
        yield install
