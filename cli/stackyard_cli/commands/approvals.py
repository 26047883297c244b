"""`approvals`, `pipeline`: runs of a project's pipeline, and a person's answer to them."""

from __future__ import annotations

import json as encoder
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.options import EstateDir, Json, Stack

if TYPE_CHECKING:
    from stackyard.naming import StackId
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

QUESTION = ("run", "candidate", "value", "champion", "champion_value", "started_by", "expires")


@dataclass(frozen=True)
class Machine:
    """The state machine of an applied project, and whoever asks."""

    stack: StackId
    arn: str
    not_starter: bool
    client: Any
    caller: str
    """ARN of the caller."""

    def executions(self, status: str | None = None) -> list[dict[str, Any]]:
        """Return its runs, newest first."""
        wanted = {"statusFilter": status} if status else {}
        with explained():
            pages = self.client.get_paginator("list_executions")
            found = pages.paginate(stateMachineArn=self.arn, **wanted)
            return [run for page in found for run in page["executions"]]

    def history(self, execution: str) -> list[dict[str, Any]]:
        """Return the events of a run, oldest first."""
        with explained():
            pages = self.client.get_paginator("get_execution_history")
            return [
                event for page in pages.paginate(executionArn=execution) for event in page["events"]
            ]

    def questions(self) -> list[Question]:
        """Return what waits for an answer."""
        from stackyard.pipeline.runs import question

        running = self.executions("RUNNING")
        found = (question(run["name"], self.history(run["executionArn"])) for run in running)
        return [each for each in found if each is not None]


@app.command("list")
def list_approvals(stack: Stack, json: Json = False, estate: EstateDir = None) -> None:
    """List the candidates that wait for a yes, and what they would replace."""
    rows = [_row(question) for question in _machine(stack, estate).questions()]
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
    """Start a run by hand."""
    from stackyard.pipeline.runs import person

    machine = _machine(stack, estate)
    starter = {"person": person(machine.caller), "arn": machine.caller}
    told = encoder.dumps({"started_by": starter, "comment": comment})
    with explained():
        found = machine.client.start_execution(stateMachineArn=machine.arn, input=told)
    name = found["executionArn"].rpartition(":")[2]
    render.answer({"run": name}, json=json, text=name)


@pipeline.command()
def runs(stack: Stack, json: Json = False, estate: EstateDir = None) -> None:
    """List the last runs, and the state that each is or ended in."""
    from stackyard.pipeline.runs import ended_as

    machine = _machine(stack, estate)
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
    from stackyard.pipeline.runs import answer, person

    machine = _machine(stack, estate)
    question = _chosen(machine, run)
    own = person(machine.caller) == question.started_by
    if decision == "approve" and machine.not_starter and own:
        raise StackyardError(
            f"{question.run} was started by {question.started_by}, and in {machine.stack.stage} "
            "nobody approves their own run",
            hint="ask somebody else of the pipeline's `approvers`",
            code=ExitCode.STOPPED,
        )
    with explained():
        machine.client.send_task_success(
            taskToken=question.token, output=answer(decision, machine.caller, comment)
        )
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


def _machine(stack: str, estate_dir: Any) -> Machine:
    import boto3

    from stackyard.blueprints.contracts import ProjectContract
    from stackyard.blueprints.project.config import ProjectConfig
    from stackyard_cli.contracts import contract_of
    from stackyard_cli.deployment import found_estate, place_of_estate

    found = found_estate(estate_dir)
    chosen = found.one(stack)
    config = found.load(chosen).config
    place = place_of_estate(found)
    arn = (
        contract_of(place, ProjectContract, chosen).pipeline
        if isinstance(config, ProjectConfig)
        else None
    )
    if arn is None or not isinstance(config, ProjectConfig):
        hint = f"write `pipeline:` in its stack file and run `stackyard up {chosen}`"
        raise StackyardError(f"{chosen} has no pipeline", hint=hint)
    keys = _caller(place.environment)
    session = boto3.Session(region_name=config.region, **keys)
    endpoint = place.environment.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT_URL")
    with explained():
        caller = session.client("sts", endpoint_url=endpoint).get_caller_identity()["Arn"]
    return Machine(
        stack=chosen,
        arn=arn,
        not_starter=config.approvals.not_starter,
        client=session.client("stepfunctions", endpoint_url=endpoint),
        caller=caller,
    )


def _caller(place: dict[str, str]) -> dict[str, str]:
    """Return whose keys are used: the caller's own; in the sandbox if they are meant for it.

    `eval $(stackyard sandbox env)` says so. Else the sandbox's administrator is the caller.
    """
    own = os.environ.get("AWS_ENDPOINT_URL") == place.get("AWS_ENDPOINT_URL")
    environment = os.environ if own else place
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    return {name: environment[name.upper()] for name in names if name.upper() in environment}


@contextmanager
def explained() -> Iterator[None]:
    """Turn what AWS refuses into an expected end."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        refused = error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        hint = (
            "take a role of the pipeline's `approvers`, or of `pipeline` to start"
            if refused
            else None
        )
        told = error.response["Error"].get("Message") or error.response["Error"]["Code"]
        raise StackyardError(f"{error.operation_name}: {told}", hint=hint) from None
    except BotoCoreError as error:
        raise StackyardError(str(error), hint="sign in to AWS first") from None
