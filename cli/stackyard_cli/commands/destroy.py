"""`destroy`: in reverse contract order, with the names of protected stacks typed, and a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from stackyard.naming import StackId
from stackyard.resource_risk import data_class_of
from stackyard_cli import render
from stackyard_cli.backend import preconditions
from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.deploy.order import in_order
from stackyard_cli.deploy.outcome import end
from stackyard_cli.deploy.progress import Progress
from stackyard_cli.engine.parent.runner import Runner
from stackyard_cli.engine.parent.session import session
from stackyard_cli.engine.parent.stops import Stops
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.inventory.orphan_search import orphans_of
from stackyard_cli.inventory.orphans import Orphans
from stackyard_cli.options import DryRun, EstateDir, Json, Stacks, Yes
from stackyard_cli.recovery.lock import check_free
from stackyard_cli.reports import summary
from stackyard_cli.review.blast_radius import losses_of_destroy, unwaived

Confirm = Annotated[
    list[str] | None,
    typer.Option("--confirm", metavar="STACK", help="The name of a protected stack, typed out."),
]


def destroy(
    stacks: Stacks,
    yes: Yes = False,
    confirm: Confirm = None,
    dry_run: DryRun = False,
    json: Json = False,
    estate: EstateDir = None,
) -> None:
    """Destroy stacks, in reverse contract order; name what is kept."""
    deployment = Deployment.open(estate)
    chosen = deployment.estate.select(stacks)
    if left := deployment.downstreams(chosen):
        names = " ".join(map(str, left))
        raise StackyardError(
            f"{names}: still there and built on what would go",
            hint=f"run `stackyard destroy {names}` first, or name them as well",
        )
    layers = [
        [task for task in layer if deployment.exists(task.stack)]
        for layer in reversed(deployment.layers(chosen))
    ]
    _announce(deployment, layers, json=dry_run and json)
    if dry_run:
        return
    tasks = [task for layer in layers for task in layer]
    check_free(deployment.location, [task.stack for task in tasks])
    _stop_losses(deployment, tasks)
    _agree(deployment, layers, yes=yes, confirmed=confirm or [])
    with Stops(render.narrate) as stops:
        done = _destroy(deployment, layers, stops)
    kept = [kept for report in done.values() for kept in _kept(report)]
    orphans = _orphans(deployment, [stack for stack, report in done.items() if report.ok])
    if json:
        plain = [summary.to_dict(report) for report in done.values()]
        render.answer({"stacks": plain, "kept": kept, **orphans.to_dict()}, json=True)
    for item in kept:
        name = f"{item['type']}  {item['name']}  {item['id'] or ''}"
        render.narrate(f"kept in the cloud ({item['data_class']}): {name}", "yellow")
    for row in orphans.unexpected:
        render.narrate(f"left: {row.stack}  {row.type}  {row.name}  {row.cost}", "yellow")
    for line in orphans.lines():
        render.narrate(line)
    end(done, layers, stops)
    render.narrate(f"{len(done)} destroyed", "green")


def _destroy(
    deployment: Deployment, layers: Sequence[Sequence[Task]], stops: Stops
) -> dict[StackId, Report]:
    progress = Progress()
    runner = Runner(
        deployment.location,
        deployment.engine,
        stops,
        lambda task, event: progress.watch(str(task.stack), event),
    )

    def act(task: Task) -> Report:
        if _protected(deployment, task.stack):
            with session(deployment.location, deployment.engine, task.stack) as opened:
                opened.cli("state", "unprotect", "--all", "--yes", "--stack", task.stack.reference)
        return runner.run(task, "destroy")

    def skip(task: Task, done: dict[StackId, Report]) -> Report | None:
        return None if all(report.ok for report in done.values()) else _not_started(task)

    return in_order(layers, act, stops=stops, beat=progress.beat, skip=skip)


def _orphans(deployment: Deployment, stacks: Sequence[StackId]) -> Orphans:
    """Search for orphaned resources; a refused search does not fail the destroy."""
    try:
        return orphans_of(deployment.location, deployment.estate, stacks)
    except StackyardError as error:
        return Orphans(not_seen=[error.message])


def _not_started(task: Task) -> Report:
    from stackyard_cli.engine.messages import Result

    problem = "not started, as something built on it could not be destroyed"
    return Report(task, "destroy", Result("failed", problem=problem, kind="upstream"))


def _show(deployment: Deployment, stack: StackId) -> None:
    checkpoint = deployment.location.state(stack).read()
    made = preconditions.made(checkpoint) if checkpoint else []
    kept = [item for item in made if item.get("retainOnDelete")]
    text = f"{stack}: {len(made) - len(kept)} to delete"
    render.narrate(text + (f", {len(kept)} kept in the cloud" if kept else ""))
    for item in kept:
        render.narrate(f"    ◦ {item['type']}  {item['urn'].rpartition('::')[2]}  kept")


def _announce(deployment: Deployment, layers: Sequence[Sequence[Task]], *, json: bool) -> None:
    """Show what would go: to people, or as the answer of `--dry-run --json`."""
    tasks = [task for layer in layers for task in layer]
    if json:
        render.answer({"stacks": [_to_dict(deployment, task) for task in tasks]}, json=True)
        return
    for task in tasks:
        _show(deployment, task.stack)


def _to_dict(deployment: Deployment, task: Task) -> dict[str, object]:
    """Return what would go, in the form of a preview's report."""
    checkpoint = deployment.location.state(task.stack).read()
    made = preconditions.made(checkpoint) if checkpoint else []
    steps = [
        {
            "urn": item["urn"],
            "type": item["type"],
            "name": item["urn"].rpartition("::")[2],
            "operation": "delete",
            "retained": bool(item.get("retainOnDelete")),
        }
        for item in made
    ]
    return {
        "stack": str(task.stack),
        "operation": "destroy",
        "outcome": "succeeded",
        "changes": {"delete": sum(1 for step in steps if not step["retained"])},
        "steps": steps,
    }


def _stop_losses(deployment: Deployment, tasks: Sequence[Task]) -> None:
    """Stop where a protected stack would lose data or keys that nobody has waived."""
    lost: list[str] = []
    for task in tasks:
        checkpoint = deployment.location.state(task.stack).read()
        if checkpoint is None or not _protected(deployment, task.stack):
            continue
        found = losses_of_destroy(checkpoint.resources)
        waivers = deployment.loaded[task.stack].config.waivers
        lost += [f"{task.stack}: {loss}" for loss in unwaived(found, waivers)]
    if lost:
        raise StackyardError(
            f"stopped by blast radius: {len(lost)} resources with data or keys would be lost",
            hint="`protection.retain: true` keeps them; or waive each in the stack file",
            code=ExitCode.STOPPED,
            details=lost,
            facts={"losses": lost},
        )


def _agree(
    deployment: Deployment,
    layers: Sequence[Sequence[Task]],
    *,
    yes: bool,
    confirmed: Sequence[str],
) -> None:
    tasks = [task for layer in layers for task in layer]
    if not tasks:
        return
    for task in tasks:
        name = str(task.stack)
        if _protected(deployment, task.stack) and name not in confirmed:
            _typed(name, yes=yes)
    render.confirm("Destroy these stacks?", yes=yes, refusal="nothing destroyed")


def _typed(name: str, *, yes: bool) -> None:
    hint = f"add `--confirm {name}`"
    if yes or not render.interactive():
        message = f"{name} is protected: its name must be typed"
        raise StackyardError(message, hint=hint, code=ExitCode.INVALID)
    if render.ask(f"{name} is protected. Type its name to destroy it:") != name:
        message = f"nothing destroyed: that was not {name}"
        raise StackyardError(message, hint=hint, code=ExitCode.INVALID)


def _protected(deployment: Deployment, stack: StackId) -> bool:
    """Say whether the stage protects the stack, or its state holds something protected."""
    if deployment.loaded[stack].config.protection.protect:
        return True
    checkpoint = deployment.location.state(stack).read()
    return checkpoint is not None and any(item.get("protect") for item in checkpoint.resources)


def _kept(report: Report) -> list[dict[str, str | None]]:
    return [
        {
            "stack": str(report.stack),
            "type": step.type,
            "name": step.name,
            "id": step.id,
            "data_class": data_class_of(step.type),
        }
        for step in report.steps.values()
        if step.operation == "delete" and step.phase == "done" and step.retained
    ]
