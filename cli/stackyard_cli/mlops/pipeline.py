"""The state machine of an applied project, asked by whoever calls, with their own keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackyard_cli.errors import StackyardError

if TYPE_CHECKING:
    from stackyard.naming import StackId
    from stackyard.pipeline.runs import Question


@dataclass(frozen=True)
class Machine:
    """The state machine, and whoever asks."""

    stack: StackId
    arn: str
    prevent_self_approval: bool
    bucket: str
    """Where people put down what they say to the pipeline."""

    client: Any
    s3: Any
    caller: str
    """The caller's user id, as IAM has it."""

    @property
    def person(self) -> str:
        """Who the caller is to the pipeline; raises StackyardError for no session of a role."""
        from stackyard.pipeline.word import person

        found = person(self.caller)
        if found is None:
            raise StackyardError(
                f"{self.stack}: {self.caller} is no session of a role, and people answer in one",
                hint="take a role of the pipeline's `approvers`, or of `pipeline` to start",
            )
        return found

    def put(self, key: str, text: str) -> str:
        """Put down what the caller says; returns the version that it is."""
        with explained():
            made = self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())
        return str(made["VersionId"])

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


def machine_of(stack: str, estate_dir: Any) -> Machine:
    """Return the state machine of a stack; raises StackyardError if it has none."""
    import boto3

    from stackyard.blueprints.project.config import ProjectConfig
    from stackyard.contracts import ProjectContract
    from stackyard.estate.estate import Estate
    from stackyard.pipeline.word import report_bucket
    from stackyard_cli.backend.contracts import contract_of
    from stackyard_cli.backend.location import location_of_estate

    found = Estate.find(Path.cwd(), estate_dir)
    chosen = found.one(stack)
    config = found.load(chosen).config
    location = location_of_estate(found)
    arn = (
        contract_of(location, ProjectContract, chosen).pipeline
        if isinstance(config, ProjectConfig)
        else None
    )
    if arn is None or not isinstance(config, ProjectConfig):
        hint = f"write `pipeline:` in its stack file and run `stackyard up {chosen}`"
        raise StackyardError(f"{chosen} has no pipeline", hint=hint)
    keys = _caller(location.environment)
    session = boto3.Session(region_name=config.region, **keys)
    endpoint = location.environment.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT_URL")
    with explained():
        caller = session.client("sts", endpoint_url=endpoint).get_caller_identity()["UserId"]
    return Machine(
        stack=chosen,
        arn=arn,
        prevent_self_approval=config.approvals.prevent_self_approval,
        bucket=report_bucket(chosen, config.account),
        client=session.client("stepfunctions", endpoint_url=endpoint),
        s3=session.client("s3", endpoint_url=endpoint),
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
