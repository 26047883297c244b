"""`doctor`: checks that this machine can run stacks."""

from __future__ import annotations

from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode
from stackyard_cli.options import EstateDir, Json

Install = Annotated[
    bool,
    typer.Option(
        "--install-engine", help="Install the engine by Pulumi's own installer (uses the network)."
    ),
]


def doctor(
    install_engine: Install = False, json: Json = False, estate_dir: EstateDir = None
) -> None:
    """Check what this machine needs to run stacks; exit code 1 for a problem."""
    from stackyard_cli.backend import pulumi_binary
    from stackyard_cli.health.doctor import checks

    if install_engine:
        engine = pulumi_binary.install()
        render.narrate(f"installed the engine {engine.version}: {engine.path}")
    results = checks(estate_dir)
    rows = [
        {"check": one.name, "verdict": one.state, "detail": one.detail, "hint": one.hint}
        for one in results
    ]
    render.table(["check", "verdict", "detail", "hint"], rows, json=json)
    if any(one.failed for one in results):
        raise typer.Exit(ExitCode.FAILED)
