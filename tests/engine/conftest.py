"""The engine on a fake cloud for each test, and one sandbox for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stackyard_sandbox.state import Sandbox
from tests.support.clients import Clients
from tests.support.sandbox import running

from .harness import Harness, open_harness


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    """An empty fake cloud with an empty state."""
    opened = open_harness(tmp_path)
    yield opened
    opened.provider.kill()
    opened.provider.wait()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox, shared by the tests of a file."""
    with running(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def aws(sandbox: Sandbox) -> Clients:
    """Make a boto3 client of the file's sandbox, as its administrator."""
    return Clients(sandbox)
