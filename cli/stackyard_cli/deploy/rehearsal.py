"""Previews the changes of the installed code to every stack, and stops at losses of data."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.deploy.flow import preview_stacks
from stackyard_cli.deploy.options import FlowOptions, Pace
from stackyard_cli.deploy.previews import Previews
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.reports.rehearsal import Rehearsal


def rehearse_stacks(
    deployment: Deployment, patterns: Sequence[str] | None, pace: Pace
) -> tuple[Previews, list[Rehearsal]]:
    """Preview the stacks that match; return a block for each, the riskiest first."""
    layers = deployment.select(patterns)
    deployment.check_immutables(layers)
    previews = preview_stacks(deployment, layers, FlowOptions(pace=pace))
    blocks = [
        Rehearsal.of(
            report,
            previews.reviews.get(stack),
            deployment.context.config_changes(report.task),
            is_new=not deployment.exists(stack),
        )
        for stack, report in previews.reports.items()
    ]
    return previews, sorted(blocks, key=lambda block: block.rank)


def stop_at_losses(blocks: Sequence[Rehearsal], *, json_printed: bool) -> None:
    """End with exit code 3 if data or keys would be replaced or deleted, waived or not."""
    losing = [block for block in blocks if block.losses]
    if not losing:
        return
    if json_printed:
        # The JSON answer contains the losses; a second document on stdout would make it invalid.
        raise typer.Exit(ExitCode.STOPPED)
    names = ", ".join(str(block.report.stack) for block in losing)
    raise StackyardError(
        f"{names}: this version would replace or delete resources that hold data or keys",
        hint="keep the resource by an alias in the component, or plan its move before the release",
        code=ExitCode.STOPPED,
    )
