"""`approvals`, `pipeline`: runs of a project's pipeline, and a person's answer to them."""

from __future__ import annotations

import json as encoder
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.mlops.pipeline import Machine, explained, machine_of
from stackyard_cli.options import EstateDir, Json, Stack

if TYPE_CHECKING:
    from stackyard.pipeline.runs import Question

Run = Annotated[
    str | None,
    typer.Argument(metavar="[RUN]", help="The run, if more than one waits.", show_default=False),
]
Comment = Annotated[str, typer.Option("--comment", help="Why; kept in the run's history.")]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Candidates that wait for a person's yes.",
)
pipeline = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Runs of a project's pipeline.",
)

START_SECONDS = 60
"""Longest time that an event may take to start a run."""

QUESTION = ("run", "candidate", "value", "champion", "champion_value", "started_by", "expires")


@app.command("list")
def list_approvals(stack: Stack, json: Json = False, estate: EstateDir = None) -> None:
    """List the candidates that wait for a yes, and what they would replace."""
    rows = [_row(question) for question in machine_of(stack, estate).questions()]
    render.table(QUESTION, rows, json=json)


@app.command()
def approve(
    stack: Stack,
    run: Run = None,
    comment: Comment = "",
    json: Json = False,
    estate: EstateDir = None,
) -> None:
    """Say yes: the candidate is baked, deployed and watched."""
    _answer(stack, run, "approve", comment, json=json, estate=estate)


@app.command()
def reject(
    stack: Stack,
    run: Run = None,
    comment: Comment = "",
    json: Json = False,
    estate: EstateDir = None,
) -> None:
    """Say no: the run ends, and what serves stays."""
    _answer(stack, run, "reject", comment, json=json, estate=estate)


@pipeline.command()
def start(
    stack: Stack, comment: Comment = "", json: Json = False, estate: EstateDir = None
) -> None:
    """Start a run by hand, in your own name."""
    from stackyard.pipeline.word import start_key

    machine = machine_of(stack, estate)
    starter = machine.person
    version = machine.put(start_key(machine.caller), encoder.dumps({"comment": comment}))
    name = _started(machine, version)
    render.answer({"run": name}, json=json, text=f"{name}: started by {starter}")


def _started(machine: Machine, version: str) -> str:
    """Wait for the run that a word started, and return its name."""
    looked: set[str] = set()
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        for run in machine.executions()[:20]:
            if run["name"] in looked:
                continue
            looked.add(run["name"])
            with explained():
                found = machine.client.describe_execution(executionArn=run["executionArn"])
            if encoder.loads(found["input"]).get("object", {}).get("version-id") == version:
                return str(run["name"])
        time.sleep(0.5)
    raise StackyardError(
        f"{machine.stack}: no run has started within {START_SECONDS} seconds",
        hint=f"`stackyard pipeline runs {machine.stack}` shows it once it has",
    )


@pipeline.command()
def runs(stack: Stack, json: Json = False, estate: EstateDir = None) -> None:
    """List the last runs, and the state that each is or ended in."""
    from stackyard.pipeline.runs import ended_as

    machine = machine_of(stack, estate)
    rows = [
        {
            "run": run["name"],
            "status": run["status"].lower(),
            "state": ended_as(machine.history(run["executionArn"])),
            "started": f"{run['startDate']:%Y-%m-%d %H:%M}",
        }
        for run in machine.executions()[:20]
    ]
    render.table(("run", "status", "state", "started"), rows, json=json)


def _answer(
    stack: str, run: str | None, decision: str, comment: str, *, json: bool, estate: Any
) -> None:
    from stackyard.pipeline.word import answer, answer_key, signature

    machine = machine_of(stack, estate)
    question = _chosen(machine, run)
    own = machine.person == question.started_by
    if decision == "approve" and machine.prevent_self_approval and own:
        raise StackyardError(
            f"{question.run} was started by {question.started_by}, and in {machine.stack.stage} "
            "nobody approves their own run",
            hint="ask somebody else of the pipeline's `approvers`",
            code=ExitCode.STOPPED,
        )
    machine.put(answer_key(machine.caller, question.run), answer(decision, comment))
    with explained():
        machine.client.send_task_success(taskToken=question.token, output=signature(machine.caller))
    done = {"approve": "approved", "reject": "rejected"}[decision]
    text = f"{question.run}: {question.version} {done}"
    render.answer({"run": question.run, "decision": decision}, json=json, text=text)


def _chosen(machine: Machine, run: str | None) -> Question:
    questions = machine.questions()
    found = [each for each in questions if run is None or each.run == run]
    if len(found) == 1:
        return found[0]
    waiting = ", ".join(each.run for each in questions) or "none"
    what = "no run waits for an answer" if not found else "several runs wait for an answer"
    if run is not None:
        what = f"{run} waits for no answer"
    raise StackyardError(
        f"{machine.stack}: {what}", hint=f"runs that wait: {waiting}", code=ExitCode.INVALID
    )


def _row(question: Question) -> dict[str, Any]:
    return {
        "run": question.run,
        "candidate": question.version,
        "value": question.value,
        "champion": question.champion,
        "champion_value": question.champion_value,
        "started_by": question.started_by,
        "expires": f"{question.expires:%Y-%m-%d %H:%M}",
    }
