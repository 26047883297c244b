"""`approvals`, `pipeline`: runs of a project's pipeline, and decisions on their candidates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.mlops import approvals
from stackyard_cli.mlops.pipeline import pipeline_of
from stackyard_cli.options import EstateDir, Json, Stack

Run = Annotated[
    str | None,
    typer.Argument(
        metavar="[RUN]", help="The run; required if several runs wait.", show_default=False
    ),
]
Comment = Annotated[
    str, typer.Option("--comment", help="The reason; recorded in the history of the run.")
]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="List, approve and reject the candidate models of pipeline runs.",
)
pipeline = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Start a project's pipeline, and list its runs.",
)

COLUMNS = ("run", "candidate", "value", "champion", "champion_value", "started_by", "expires")


@app.command("list")
def list_approvals(stack: Stack, json: Json = False, estate_dir: EstateDir = None) -> None:
    """List the candidates that wait for approval, and the champions they would replace."""
    rows = [approvals.row(question) for question in pipeline_of(stack, estate_dir).questions()]
    render.table(COLUMNS, rows, json=json)


@app.command()
def approve(
    stack: Stack,
    run: Run = None,
    comment: Comment = "",
    json: Json = False,
    estate_dir: EstateDir = None,
) -> None:
    """Approve a candidate: the run builds its image, deploys it and watches it."""
    _decide(stack, run, "approve", comment, json=json, estate_dir=estate_dir)


@app.command()
def reject(
    stack: Stack,
    run: Run = None,
    comment: Comment = "",
    json: Json = False,
    estate_dir: EstateDir = None,
) -> None:
    """Reject a candidate: the run ends, and the deployed model stays."""
    _decide(stack, run, "reject", comment, json=json, estate_dir=estate_dir)


@pipeline.command()
def start(
    stack: Stack, comment: Comment = "", json: Json = False, estate_dir: EstateDir = None
) -> None:
    """Start a run, recorded under your own role session."""
    client = pipeline_of(stack, estate_dir)
    person, name = client.person, client.start(comment)
    render.answer({"run": name}, json=json, text=f"{name}: started by {person}")


@pipeline.command()
def runs(stack: Stack, json: Json = False, estate_dir: EstateDir = None) -> None:
    """List the last runs with their status and their current or last state."""
    rows = pipeline_of(stack, estate_dir).runs()
    render.table(("run", "status", "state", "started"), rows, json=json)


def _decide(
    stack: str,
    run: str | None,
    decision: approvals.Decision,
    comment: str,
    *,
    json: bool,
    estate_dir: Path | None,
) -> None:
    question = approvals.decide(pipeline_of(stack, estate_dir), run, decision, comment)
    done = {"approve": "approved", "reject": "rejected"}[decision]
    text = f"{question.run}: {question.version} {done}"
    render.answer({"run": question.run, "decision": decision}, json=json, text=text)
