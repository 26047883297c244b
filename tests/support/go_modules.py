"""Sources of the Go modules that the sandbox's programs are built from, in Go's own cache."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import pytest

from stackyard.karpenter.versions import VERSION


def karpenter() -> Path:
    """The source of the release of Karpenter; skips the test where it was never fetched."""
    return source(f"github.com/aws/karpenter-provider-aws@v{VERSION}")


def source(module: str) -> Path:
    """The source of a module, `PATH@VERSION`; skips the test where it was never fetched."""
    folder = _cache()
    if folder is None:
        pytest.skip("there is no Go")
    if not (folder / module).is_dir():
        pytest.skip(f"{module} was not fetched")
    return folder / module


@cache
def _cache() -> Path | None:
    try:
        answer = subprocess.run(
            ["go", "env", "GOMODCACHE"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return Path(answer.stdout.strip())
