"""`drift`: what other hands changed in the cloud, by risk; `--fix` applies the files again."""

from __future__ import annotations

from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.commands.deploy import up
from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.deploy.flow import Flow
from stackyard_cli.deploy.outcome import end
from stackyard_cli.engine.parent.stops import Stops
from stackyard_cli.engine.report import Task
from stackyard_cli.errors import ExitCode
from stackyard_cli.options import EstateDir, Json, Selection, Yes
from stackyard_cli.review import drift as judging
from stackyard_cli.review.dates import today

Fix = Annotated[
    bool, typer.Option("--fix", help="Apply the stacks that drifted, as the files say.")
]

ORDER = ("unknown", "risky", "benign", "expected", "ignored")
COLUMNS = ("stack", "kind", "type", "name", "path", "reason")


def drift(
    stacks: Selection = None,
    fix: Fix = False,
    yes: Yes = False,
    json: Json = False,
    estate: EstateDir = None,
) -> None:
    """Compare applied stacks with the cloud; exit code 4 if something drifted."""
    deployment = Deployment.open(estate)
    chosen = [s for s in deployment.estate.select(stacks) if deployment.exists(s)]
    # All in one layer: each is compared with what its upstreams promise now, not with what edits of
    # their files would make of it.
    layers = [[task for layer in deployment.layers(chosen) for task in layer]]
    with Stops(render.narrate) as stops:
        found = Flow(deployment, stops, refresh=True, judged=False).preview(layers)
        changed = [[task for task in layer if _changed(deployment, task)] for layer in layers]
        pending = Flow(deployment, stops, judged=False).preview(changed)
    ignores = deployment.estate.settings.drift.ignore
    rows = [
        each.to_dict()
        for stack, report in found.items()
        for each in (
            judging.drift(report, pending.get(stack), ignores, today())
            if report.ok
            else [judging.unseen(report)]
        )
    ]
    rows.sort(key=lambda row: (row["stack"], ORDER.index(row["kind"]), row["name"], row["path"]))
    render.table(COLUMNS, rows, json=json)
    for rule in (rule for rule in ignores if rule.expires < today()):
        render.narrate(f"`drift.ignore` for {rule.resource} expired on {rule.expires}", "yellow")
    end(found, layers, stops, answered=json)
    drifted = sorted({row["stack"] for row in rows if row["kind"] in {"risky", "benign"}})
    if not drifted:
        return
    if not fix:
        raise typer.Exit(ExitCode.CHANGES_PENDING)
    up(drifted, yes=yes, refresh=True, estate=estate)


def _changed(deployment: Deployment, task: Task) -> bool:
    """Say whether the files say something else than what was applied last."""
    record = deployment.location.records(task.stack).read()
    return record is None or record.digest != task.digest
