"""The roles that the bootstrap makes, in the sandbox's account; and the tool run as one of them.

An estate is applied by the role `stackyard-apply-STAGE`, with its rights and its boundary, and
never by an administrator: what the role lacks stops the apply as it would on AWS.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

from stackyard_sandbox import state
from stackyard_sandbox.state import Sandbox

from .tools import ToolError
from .web_identity import Jobs

STAGES = ("dev", "staging", "prod")
APPLY, PREVIEW = "stackyard-apply-dev", "stackyard-preview"
BUCKET = "acme-stackyard-state"
STATE = f"""
state:
  backend: s3://{BUCKET}?region=eu-central-1&endpoint=HOST&disableSSL=true&s3ForcePathStyle=true
  secrets: awskms://alias/stackyard-state?region=eu-central-1&awssdk=v2
"""

TAKEN_BY = {
    PREVIEW: "pull_request",
    **{f"stackyard-apply-{stage}": f"environment:{stage}" for stage in STAGES},
}
"""The job that takes each, as its token names it."""

ActingAs = Callable[[str], AbstractContextManager[None]]


def bind_roles(folder: Path) -> None:
    """Give the roles of an estate's copy the boundary, without which no pipeline makes them."""
    with (folder / "stacks/_defaults.yaml").open("a") as company:
        company.write("\npermissions_boundary: stackyard-roles\n")


def share_state(stacks: Path, folder: Path, sandbox: Sandbox) -> None:
    """Copy stack files into a folder, where their state is in the bucket of the bootstrap."""
    shutil.copytree(stacks, folder / "stacks")
    with (folder / "stacks/_estate.yaml").open("a") as settings:
        settings.write(STATE.replace("HOST", sandbox.aws.endpoint.removeprefix("http://")))


def bootstrap(stacks: Path, folder: Path, sandbox: Sandbox) -> None:
    """Run `stackyard bootstrap` for these stack files: whom its roles trust stays as it is made."""
    share_state(stacks, folder, sandbox)
    done = subprocess.run(
        [sys.executable, "-m", "stackyard_cli", "bootstrap", "--repo", "acme/estate", "--yes"],
        cwd=folder,
        env={**os.environ, **sandbox.environment()},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    if done.returncode != 0:
        raise ToolError(f"`stackyard bootstrap` ended with {done.returncode}\n{done.stderr}")


def acting(sandbox: Sandbox, jobs: Jobs) -> ActingAs:
    """Return what makes the tool, the engine and the providers act as a pipeline's role a while."""

    @contextmanager
    def as_role(role: str) -> Iterator[None]:
        keys = jobs.take(role, TAKEN_BY[role])
        aws = replace(
            sandbox.aws,
            access_key_id=keys["aws_access_key_id"],
            secret_access_key=keys["aws_secret_access_key"],
            session_token=keys["aws_session_token"],
        )
        state.write(replace(sandbox, aws=aws))
        try:
            yield
        finally:
            state.write(sandbox)

    return as_role
