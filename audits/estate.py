"""Applies an estate for audits and judges, in a sandbox that is removed afterwards.

Each stage is applied by its own role of the bootstrap, within its boundary.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from .pipeline_roles import acting, bind_roles, bootstrap
from .tools import ToolError, say
from .web_identity import Jobs

ROOT = Path(__file__).resolve().parents[1]
REGION = "eu-central-1"


@dataclass(frozen=True)
class Estate:
    """What was applied: how its account and its clusters are reached, and room for reports."""

    environment: dict[str, str]
    folder: Path

    def aws(self, service: str) -> Any:
        """Make a client of the account, as its administrator."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    def room(self, name: str) -> Path:
        """Make a folder for one auditor."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder


@contextmanager
def applied(folder: Path, source: Path, selections: Sequence[str]) -> Iterator[Estate]:
    """Apply stacks of the estate in `source`, in a new sandbox below the folder.

    Each selection is of one stage: `*/*/dev`.
    """
    before = os.environ.get("STACKYARD_SANDBOX_DIR")
    os.environ["STACKYARD_SANDBOX_DIR"] = str(folder / "sandbox")
    from stackyard_sandbox import daemon

    try:
        sandbox = daemon.start(say)
        shutil.copytree(source / "stacks", folder / "stacks")
        bind_roles(folder)
        bootstrap(folder / "stacks", folder / "bootstrap", sandbox)
        as_role = acting(sandbox, Jobs(sandbox))
        for selection in selections:
            with as_role(f"stackyard-apply-{selection.rpartition('/')[2]}"):
                _apply(folder, selection)
        yield Estate(dict(sandbox.environment()), folder)
    finally:
        daemon.stop()
        os.environ.pop("STACKYARD_SANDBOX_DIR")
        os.environ.update({"STACKYARD_SANDBOX_DIR": before} if before else {})


def _apply(folder: Path, selection: str) -> None:
    started = time.monotonic()
    command = [sys.executable, "-m", "stackyard_cli", "up", selection, "--yes-to-all"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = f"{' '.join(command[3:])}` ended with {done.returncode}\n{done.stderr[-4000:]}"
        raise ToolError(f"`stackyard {said}")
    say(f"{selection}: applied in {time.monotonic() - started:.0f} s")
