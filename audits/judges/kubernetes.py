"""Judge: the official Kubernetes provider, about what ours has applied.

A preview by it that reads every object again may find no difference: what ours wrongly sends,
keeps or reads shows as one. The other direction is a part of the test of the quickstart.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from audits.estate import Estate
from audits.findings import Finding
from audits.tools import ToolError
from stackyard_sandbox.state import CHOICE

from .declared import Declared, Held

JUDGE = "kubernetes"


def differences(estate: Estate, selections: Sequence[str]) -> list[Finding]:
    """Preview stacks with the official provider; raises ToolError if a preview fails."""
    stacks = [stack for each in selections for stack in _previewed(estate, each)]
    return [finding for stack in stacks for finding in _findings(stack)]


def held(resources: Sequence[Declared], found: Sequence[Finding]) -> Held:
    """Return what was found, and how many objects were looked at."""
    objects = [each for each in resources if each.type.startswith("kubernetes:")]
    return Held(len(objects), list(found))


def _previewed(estate: Estate, selection: str) -> list[dict[str, Any]]:
    command = ["preview", selection, "--refresh", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "stackyard_cli", *command],
        cwd=estate.folder,
        env={**os.environ, CHOICE: "official"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ToolError(f"`stackyard {' '.join(command)}` failed\n{done.stderr[-4000:]}")
    stacks: list[dict[str, Any]] = json.loads(done.stdout)["stacks"]
    return stacks


def _findings(stack: dict[str, Any]) -> Iterator[Finding]:
    for step in stack["steps"]:
        paths = ", ".join(change["path"] for change in step["changes"])
        resource = f"{stack['stack']} {step['type']} {step['name']}"
        yield Finding(JUDGE, step["operation"], resource, f"it would {step['operation']} [{paths}]")
