"""A sandbox of a test's own, in a folder of its own: a developer's running one is left alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stackyard_sandbox import daemon
from stackyard_sandbox.state import Sandbox

VARIABLE = "STACKYARD_SANDBOX_DIR"
"""Leads the command, its workers and the providers to a sandbox's folder."""


@contextmanager
def running(folder: Path) -> Iterator[Sandbox]:
    """Start the sandbox of a folder; in the end stop it and delete what it keeps there."""
    try:
        yield daemon.start(lambda line: print(line, file=sys.stderr), folder)
    finally:
        daemon.reset(folder)
