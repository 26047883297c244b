"""`recover`, `unlock`, `outputs`, `status`: the state of one stack, read from the backend."""

from __future__ import annotations

import json as decoder
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard_cli import render
from stackyard_cli.backend import preconditions
from stackyard_cli.backend.checkpoint import Resource
from stackyard_cli.backend.contracts import contract_of
from stackyard_cli.backend.location import Location, location_of_estate
from stackyard_cli.clients.onprem import onprem_clusters
from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.engine.parent.session import session
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.inventory.census import AwsCensus
from stackyard_cli.options import EstateDir, Json, Selection, Stack, Yes
from stackyard_cli.recovery.lock import check_dead, held
from stackyard_cli.recovery.recover import Recovery
from stackyard_cli.recovery.recover import recover as put_in_order

TakeOver = Annotated[
    str | None,
    typer.Option("--take-over", metavar="USER@HOST", help="Holder of a lock that is surely dead."),
]
Format = Annotated[
    Literal["table", "dvc"],
    typer.Option("--format", help="`dvc` prints the datasets as the text of .dvc/config."),
]
ShowSecrets = Annotated[bool, typer.Option("--show-secrets", help="Print secret outputs in plain.")]


def recover(
    stack: Stack, take_over: TakeOver = None, json: Json = False, estate: EstateDir = None
) -> None:
    """Put a stack in order after a crash; then `up` goes on where it was."""
    deployment = Deployment.open(estate)
    chosen = deployment.estate.one(stack)
    config = deployment.estate.load(chosen).config
    location = deployment.location
    census = AwsCensus(chosen, config.region, location.environment)
    outcome = put_in_order(
        location, deployment.engine, chosen, census, take_over=take_over, told=render.narrate
    )
    if json:
        render.answer(outcome.to_dict(), json=True)
    else:
        for line in _lines(outcome):
            render.answer(line, json=False)
    if outcome.leftovers:
        raise StackyardError(
            f"{chosen}: {len(outcome.leftovers)} things carry its tag and are not in its state",
            hint="look at them; delete them, or import them into a stack",
        )


def unlock(
    stack: Stack,
    take_over: TakeOver = None,
    yes: Yes = False,
    json: Json = False,
    estate: EstateDir = None,
) -> None:
    """Remove the lock that a dead run left; refused while its holder lives or may live."""
    found = Estate.find(Path.cwd(), estate)
    chosen = found.one(stack)
    location = location_of_estate(found)
    if not location.store.sees_locks:
        hint = f"look who holds it; `pulumi cancel {chosen.reference}` removes its lock"
        raise StackyardError(f"only the engine sees locks in {location.backend_url}", hint=hint)
    locks = held(location, [chosen])
    for one in locks:
        render.narrate(f"{chosen} is locked by {one}")
        check_dead(one.lock, chosen, take_over)
    if locks and not yes and render.ask(f"Type {chosen} to remove the lock:") != str(chosen):
        message = f"nothing removed: that was not {chosen}"
        raise StackyardError(message, hint="add `--yes` to go ahead", code=ExitCode.INVALID)
    for one in locks:
        # Only what was shown goes: who took the stack meanwhile keeps it.
        location.store.delete(one.lock.key)
    after = f"stackyard recover {chosen}" if locks else None
    unlocked = [str(one.lock) for one in locks]
    text = f"{chosen}: unlocked; run `{after}` next" if locks else f"{chosen} is not locked"
    render.answer({"stack": str(chosen), "unlocked": unlocked, "next": after}, json=json, text=text)


def outputs(
    stack: Stack,
    form: Format = "table",
    json: Json = False,
    show_secrets: ShowSecrets = False,
    estate: EstateDir = None,
) -> None:
    """Print the outputs of an applied stack."""
    found = Estate.find(Path.cwd(), estate)
    chosen = found.one(stack)
    location = location_of_estate(found)
    checkpoint = preconditions.checked_state(location, chosen, applies=False)
    if checkpoint is None or not checkpoint.resources:
        raise StackyardError(f"{chosen} is not applied", hint=f"run `stackyard up {chosen}`")
    if form == "dvc":
        render.answer(_dvc(found.load(chosen).config, checkpoint.outputs), json=json)
        return
    values = checkpoint.outputs
    if show_secrets and checkpoint.secret_outputs:
        with session(location, Deployment.open(estate).engine, chosen) as opened:
            words = ("--json", "--show-secrets", "--stack", chosen.reference)
            values = decoder.loads(opened.cli("stack", "output", *words))
    if json:
        render.answer(values, json=True, with_secrets=show_secrets)
        return
    rows = [{"output": key, "value": _flat(value)} for key, value in sorted(values.items())]
    render.table(["output", "value"], rows, json=False, with_secrets=show_secrets)


def _dvc(config: Any, values: dict[str, Any]) -> str:
    from stackyard.datasets.dvc import remote_config

    buckets = values.get("contract", {}).get("datasets", {})
    declared = getattr(config, "datasets", {})
    remotes = {name: buckets[name] for name in declared if declared[name].dvc and name in buckets}
    if not remotes:
        hint = "`dvc: true` is for datasets of projects; `stackyard list` shows those"
        raise StackyardError("no dataset of this stack is a DVC remote", hint=hint)
    return remote_config(remotes, config.region).rstrip()


def status(stacks: Selection = None, json: Json = False, estate: EstateDir = None) -> None:
    """Show what is applied, when, and who holds it; of one project, also each concern's check."""
    found = Estate.find(Path.cwd(), estate)
    location = location_of_estate(found)
    chosen = found.select(stacks)
    rows = [_status(location, found, stack) for stack in chosen]
    concerns = _concerns(location, found, chosen[0]) if _is_one(stacks, chosen) else []
    if json:
        render.answer(
            [{**row, "concerns": concerns} if concerns else row for row in rows], json=True
        )
        return
    render.table(["stack", "state", "resources", "since", "lock"], rows, json=False)
    if concerns:
        render.answer("", json=False)
        render.table(["concern", "state", "evidence"], concerns, json=False)


def _is_one(words: list[str] | None, chosen: list[StackId]) -> bool:
    """Whether somebody named exactly one stack; a pattern that happens to match one does not."""
    return bool(words) and [str(stack) for stack in chosen] == words


def _concerns(location: Location, estate: Estate, stack: StackId) -> list[dict[str, Any]]:
    """Return the concerns of an applied project, nothing of any other stack."""
    from stackyard.blueprints.project.config import ProjectConfig

    config = estate.load(stack).config
    if not isinstance(config, ProjectConfig) or not preconditions.applied(location, stack):
        return []
    from stackyard import contracts
    from stackyard_cli.health.concerns.checks import checked
    from stackyard_cli.health.concerns.subject import Clients, Subject

    below = estate.upstreams(stack)
    foundation = contract_of(location, contracts.FoundationContract, below["foundation"])
    services = contract_of(location, contracts.ServicesContract, below["services"])
    subject = Subject(
        stack=stack,
        config=config,
        project=contract_of(location, contracts.ProjectContract, stack),
        foundation=foundation,
        services=services,
        clients=Clients(location.environment, foundation),
        onprem=onprem_clusters(estate.settings.target, services.onprem),
    )
    return checked(subject)


def _status(location: Location, estate: Estate, stack: Any) -> dict[str, Any]:
    record = location.records(stack).read()
    state: str = record.outcome if record else "not applied"
    made: list[Resource] = []
    try:
        checkpoint = preconditions.checked_state(location, stack, applies=False)
        made = preconditions.made(checkpoint) if checkpoint else []
        if checkpoint and checkpoint.pending:
            state = "to recover"
    except StackyardError as error:
        state = error.message.partition(": ")[2] or error.message
    locks = held(location, [stack])
    return {
        "stack": str(stack),
        "state": state,
        "resources": len(made),
        "since": record.at if record else None,
        "lock": str(locks[0]) if locks else None if location.store.sees_locks else "not checked",
    }


def _lines(outcome: Recovery) -> list[str]:
    lines = [f"unlocked: {holder}" for holder in outcome.unlocked]
    if outcome.restored:
        lines.append(f"state restored from {outcome.restored}")
    lines += [f"adopted: {urn}" for urn in outcome.adopted]
    lines += [f"was not made: {urn}" for urn in outcome.not_made]
    lines += [f"its name is taken by another stack: {urn}" for urn in outcome.foreign]
    lines += [f"checked: {urn}" for urn in outcome.checked]
    lines += [f"not in the state: {item}" for item in outcome.leftovers]
    return lines or [f"{outcome.stack}: nothing to recover"]


def _flat(value: Any) -> str:
    return value if isinstance(value, str) else decoder.dumps(value, ensure_ascii=False)
