"""Previews an ejected project with the Pulumi SDK alone, as the baseline."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

from pulumi import automation

from stackyard_cli.backend import pulumi_binary
from stackyard_cli.backend.location import location_of


def main() -> None:
    """Preview the project in the folder given; fails if anything would change."""
    folder = Path(sys.argv[1])
    location = location_of(
        name="acme", root=folder, target="sandbox", backend=None, secrets_provider=None
    )
    os.environ["PATH"] = f"{pulumi_binary.find().path.parent}{os.pathsep}{os.environ['PATH']}"

    def program() -> None:
        runpy.run_path(str(folder / "__main__.py"))

    workspace = automation.LocalWorkspace(
        work_dir=str(folder), program=program, env_vars=location.environment
    )
    project = workspace.project_settings().name
    stack = automation.Stack.select(f"organization/{project}/dev", workspace)
    changes = stack.preview().change_summary
    if set(changes) != {"same"}:
        sys.exit(f"the ejected project is not the same: {changes}")


if __name__ == "__main__":
    main()
