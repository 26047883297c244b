"""`recover`, `unlock`, `outputs`, `status`: the recorded state of stacks."""

from __future__ import annotations

import json as encoder
from pathlib import Path
from typing import Annotated, Literal

import typer

from stackyard_cli import render
from stackyard_cli.errors import StackyardError
from stackyard_cli.options import EstateDir, Json, Selection, Stack, Yes

TakeOver = Annotated[
    str | None,
    typer.Option(
        "--take-over",
        metavar="USER@HOST",
        help="Remove a lock taken on another machine: name its owner to confirm that it has ended.",
    ),
]
Format = Annotated[
    Literal["table", "dvc"],
    typer.Option("--format", help="`dvc` prints the datasets as the text of .dvc/config."),
]
ShowSecrets = Annotated[
    bool, typer.Option("--show-secrets", help="Print secret outputs in plain text.")
]


def recover(
    stack: Stack, take_over: TakeOver = None, json: Json = False, estate_dir: EstateDir = None
) -> None:
    """Repair a stack's state after a crash; `up` then continues where the run stopped."""
    from stackyard_cli.deploy.deployment import Deployment
    from stackyard_cli.inventory.census import AwsCensus
    from stackyard_cli.recovery.recover import recover as repair

    deployment = Deployment.open(estate_dir)
    chosen = deployment.estate.one(stack)
    location, region = deployment.location, deployment.estate.load(chosen).config.region
    census = AwsCensus(chosen, region, location.environment)
    outcome = repair(
        location, deployment.engine, chosen, census, take_over=take_over, report=render.narrate
    )
    render.answer(outcome.to_dict(), json=json, text="\n".join(outcome.lines()))
    if outcome.leftovers:
        raise StackyardError(
            f"{chosen}: {len(outcome.leftovers)} resources carry its tag and are not in its state",
            hint="inspect them; delete them, or import them into a stack",
        )


def unlock(
    stack: Stack,
    take_over: TakeOver = None,
    yes: Yes = False,
    json: Json = False,
    estate_dir: EstateDir = None,
) -> None:
    """Remove the lock of a run that has ended; refused while the run may still be active."""
    from stackyard.estate.estate import Estate
    from stackyard_cli.backend.location import location_of_estate
    from stackyard_cli.recovery import unlock as unlocking

    estate = Estate.find(Path.cwd(), estate_dir)
    chosen, location = estate.one(stack), location_of_estate(estate)
    locks = unlocking.dead_locks(location, chosen, take_over)
    for one in locks:
        render.narrate(f"{chosen} is locked by {one}")
    if locks:
        name = str(chosen)
        render.confirm("Remove the lock?", yes=yes, refusal="nothing removed", expected=name)
    unlocking.remove(location, locks)
    after = f"stackyard recover {chosen}" if locks else None
    unlocked = [str(one.lock) for one in locks]
    text = f"{chosen}: unlocked; run `{after}` next" if locks else f"{chosen} is not locked"
    render.answer({"stack": str(chosen), "unlocked": unlocked, "next": after}, json=json, text=text)


def outputs(
    stack: Stack,
    form: Format = "table",
    json: Json = False,
    show_secrets: ShowSecrets = False,
    estate_dir: EstateDir = None,
) -> None:
    """Print the outputs of an applied stack."""
    from stackyard_cli.deploy.outputs import dvc_config, outputs_of

    if form == "dvc":
        render.answer(dvc_config(estate_dir, stack), json=json)
        return
    values = outputs_of(estate_dir, stack, show_secrets=show_secrets)
    if json:
        render.answer(values, json=True, with_secrets=show_secrets)
        return
    rows = [
        {"output": k, "value": v if isinstance(v, str) else encoder.dumps(v, ensure_ascii=False)}
        for k, v in sorted(values.items())
    ]
    render.table(["output", "value"], rows, json=False, with_secrets=show_secrets)


def status(stacks: Selection = None, json: Json = False, estate_dir: EstateDir = None) -> None:
    """Show what is applied, since when, and who holds a lock; for one project, its concerns too."""
    from stackyard.estate.estate import Estate
    from stackyard_cli.backend.location import location_of_estate
    from stackyard_cli.estate_ops.selection import select
    from stackyard_cli.health import status as state

    estate = Estate.find(Path.cwd(), estate_dir)
    location, chosen = location_of_estate(estate), select(estate, stacks)
    rows = [state.row(location, stack) for stack in chosen]
    # Only for a stack with its full path: a pattern may match just one stack by chance.
    named = bool(stacks) and [str(stack) for stack in chosen] == stacks
    checks = state.concerns(location, estate, chosen[0]) if named and len(chosen) == 1 else []
    concerns = [{"concern": c.name, "state": c.state, "evidence": c.detail} for c in checks]
    if json:
        answer = [{**row, "concerns": concerns} if concerns else row for row in rows]
        render.answer(answer, json=True)
        return
    render.table(state.COLUMNS, rows, json=False)
    if concerns:
        render.answer("", json=False)
        render.table(["concern", "state", "evidence"], concerns, json=False)
