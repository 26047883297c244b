"""`preview` and `up`: show what would change, ask, apply in contract order."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.deploy.flow import Flow, apply_layers, changes
from stackyard_cli.deploy.outcome import end
from stackyard_cli.engine.parent.stops import Stops
from stackyard_cli.engine.parent.workers import KEPT, Workers
from stackyard_cli.errors import ExitCode
from stackyard_cli.options import EstateDir, Json, PoliciesOf, Selection, Stacks, Yes
from stackyard_cli.recovery.lock import check_free
from stackyard_cli.review import approval, gate

Refresh = Annotated[
    bool,
    typer.Option("--refresh/--no-refresh", help="First look at what the cloud really holds."),
]
Diff = Annotated[bool, typer.Option("--diff", help="Show old and new values; secrets are hidden.")]
Expect = Annotated[
    bool, typer.Option("--expect-no-changes", help="Exit with 4 if anything would change.")
]

KeepReceipt = Annotated[
    Path | None,
    typer.Option(
        "--receipt",
        help="Keep the reviewed change as FILE.json, or one for each stack in a folder.",
    ),
]
Approved = Annotated[
    Path | None,
    typer.Option("--receipt", help="Apply exactly this reviewed change, without a question."),
]
Digest = Annotated[
    str | None, typer.Option("--digest", help="The digest that was approved with the receipt.")
]


def preview(
    stacks: Selection = None,
    refresh: Refresh = False,
    expect_no_changes: Expect = False,
    diff: Diff = False,
    receipt: KeepReceipt = None,
    policies_of: PoliciesOf = None,
    json: Json = False,
    estate: EstateDir = None,
) -> None:
    """Show what `up` would change; changes nothing."""
    deployment = Deployment.open(estate)
    layers = deployment.layers(deployment.estate.select(stacks))
    deployment.hold_to(policies_of)
    deployment.check_immutables(task for layer in layers for task in layer)
    with Stops(render.narrate) as stops:
        flow = Flow(deployment, stops, values=diff, refresh=refresh)
        found = flow.preview(layers)
    reviews = flow.reviews(found)
    if not json:
        flow.show(found, reviews, _answer)
    else:
        render.answer({"stacks": flow.to_dict(found.values(), reviews)}, json=True)
    if receipt is not None:
        approval.keep(deployment.context, receipt, list(reviews.values()), refresh=refresh)
    end(found, layers, stops, answered=json)
    gate.stop(reviews.values(), json=json)
    if expect_no_changes and any(changes(report) for report in found.values()):
        raise typer.Exit(ExitCode.CHANGES_PENDING)


def up(
    stacks: Stacks,
    yes: Yes = False,
    refresh: Refresh = False,
    diff: Diff = False,
    receipt: Approved = None,
    digest: Digest = None,
    policies_of: PoliciesOf = None,
    json: Json = False,
    estate: EstateDir = None,
) -> None:
    """Apply stacks, in contract order: preview, ask, apply; layer by layer where one is new."""
    deployment = Deployment.open(estate)
    layers = deployment.layers(deployment.estate.select(stacks))
    check_free(deployment.location, (task.stack for layer in layers for task in layer))
    deployment.hold_to(policies_of)
    deployment.check_immutables(task for layer in layers for task in layer)
    approved = None
    if receipt is not None:
        tasks = [task for layer in layers for task in layer]
        approved = approval.Approval.opened(deployment.context, receipt, tasks, digest)
        refresh = approved.refresh
    with Stops(render.narrate) as stops, Workers(keep=KEPT) as workers:
        flow = Flow(deployment, stops, values=diff, refresh=refresh, workers=workers)
        done = apply_layers(flow, layers, approved, yes=yes, json=json)
    if json:
        render.answer({"stacks": flow.to_dict(done.values(), flow.reviewed)}, json=True)
    end(done, layers, stops, answered=json)
    render.narrate(f"{len(done)} applied", "green")


def _answer(line: str) -> None:
    render.answer(line, json=False)
