"""`rehearse`: what the installed code would do to every stack, before anybody applies with it."""

from __future__ import annotations

import typer

from stackyard_cli import render
from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.deploy.flow import Flow
from stackyard_cli.deploy.outcome import end
from stackyard_cli.engine.parent.stops import Stops
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.options import EstateDir, Json, Selection
from stackyard_cli.reports.rehearsal import Rehearsal


def rehearse(stacks: Selection = None, json: Json = False, estate: EstateDir = None) -> None:
    """Show what this version of the code would replace, delete, allow and cost; changes nothing.

    Exit code 3 if anything that holds data or keys would be replaced or deleted, waived or not.
    """
    deployment = Deployment.open(estate)
    layers = deployment.layers(deployment.estate.select(stacks))
    deployment.check_immutables(task for layer in layers for task in layer)
    with Stops(render.narrate) as stops:
        flow = Flow(deployment, stops)
        found = flow.preview(layers)
    reviews = flow.reviews(found)
    blocks = [
        Rehearsal.of(
            report,
            reviews.get(stack),
            deployment.context.config_changes(report.task),
            is_new=not deployment.exists(stack),
        )
        for stack, report in found.items()
    ]
    blocks.sort(key=lambda block: block.rank)
    if json:
        render.answer({"stacks": [block.to_dict() for block in blocks]}, json=True)
    else:
        for line in (line for block in blocks for line in block.lines()):
            render.answer(line, json=False)
    _stop(blocks, json=json)
    end(found, layers, stops, answered=json)


def _stop(blocks: list[Rehearsal], *, json: bool) -> None:
    lost = [block for block in blocks if block.losses]
    if not lost:
        return
    if json:
        # The answer has told the losses; a second document would make it unreadable.
        raise typer.Exit(ExitCode.STOPPED)
    names = ", ".join(str(block.report.stack) for block in lost)
    raise StackyardError(
        f"{names}: this version would replace or delete what holds data or keys",
        hint="keep the resource by an alias in the component, or plan its move before the release",
        code=ExitCode.STOPPED,
    )
