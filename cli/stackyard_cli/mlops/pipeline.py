"""Client of a project's pipeline: its state machine's runs, and signed requests to it.

The client uses the caller's own credentials, so IAM decides what a person may start or approve.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackyard_cli.clients.aws import Aws
from stackyard_cli.errors import StackyardError

if TYPE_CHECKING:
    from stackyard.naming import StackId
    from stackyard.pipeline.runs import Question

START_SECONDS = 60
"""Maximum time in seconds from the request of a start to the start of its run."""

LISTED = 20
"""Number of runs that are listed, and searched for a started run; newest first."""

ROLE_HINT = "use a role of the pipeline's `approvers`, or of `pipeline` to start"


@dataclass(frozen=True)
class PipelineClient:
    """The state machine of one project, called with one caller's credentials."""

    stack: StackId
    arn: str
    prevent_self_approval: bool
    bucket: str
    """Bucket of signed requests: objects that only their author can write."""

    client: Any
    """boto3 client of Step Functions."""

    s3: Any
    caller: str
    """The caller's user id from STS: `AROA…:SESSION` for a session of a role."""

    @property
    def person(self) -> str:
        """The caller's session name; raises StackyardError if the caller is not in a role."""
        from stackyard.pipeline.attestation import person

        name = person(self.caller)
        if name is None:
            raise StackyardError(
                f"{self.stack}: {self.caller} is not an assumed-role session; the pipeline accepts "
                "starts and approvals from one only",
                hint=ROLE_HINT,
            )
        return name

    def put(self, key: str, text: str) -> str:
        """Write a signed request; return its object version."""
        with aws_errors():
            made = self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())
        return str(made["VersionId"])

    def executions(self, status: str | None = None) -> list[dict[str, Any]]:
        """Return its runs, newest first."""
        filters = {"statusFilter": status} if status else {}
        with aws_errors():
            pages = self.client.get_paginator("list_executions")
            listed = pages.paginate(stateMachineArn=self.arn, **filters)
            return [run for page in listed for run in page["executions"]]

    def history(self, execution: str) -> list[dict[str, Any]]:
        """Return the events of a run, oldest first."""
        with aws_errors():
            pages = self.client.get_paginator("get_execution_history")
            return [
                event for page in pages.paginate(executionArn=execution) for event in page["events"]
            ]

    def questions(self) -> list[Question]:
        """Return the open approvals of runs."""
        from stackyard.pipeline.runs import question

        running = self.executions("RUNNING")
        questions = (question(run["name"], self.history(run["executionArn"])) for run in running)
        return [each for each in questions if each is not None]

    def runs(self) -> list[dict[str, Any]]:
        """Return the last runs as rows: name, status, current or last state, start."""
        from stackyard.pipeline.runs import ended_as

        return [
            {
                "run": run["name"],
                "status": run["status"].lower(),
                "state": ended_as(self.history(run["executionArn"])),
                "started": f"{run['startDate']:%Y-%m-%d %H:%M}",
            }
            for run in self.executions()[:LISTED]
        ]

    def start(self, comment: str) -> str:
        """Request a run, wait until it starts, and return its name."""
        from stackyard.pipeline.attestation import start_key

        version = self.put(start_key(self.caller), json.dumps({"comment": comment}))
        seen: set[str] = set()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            for run in self.executions()[:LISTED]:
                if run["name"] not in seen and self._requested_by(run) == version:
                    return str(run["name"])
                seen.add(run["name"])
            time.sleep(0.5)
        raise StackyardError(
            f"{self.stack}: no run has started within {START_SECONDS} seconds",
            hint=f"`stackyard pipeline runs {self.stack}` lists it once it has started",
        )

    def _requested_by(self, run: Mapping[str, Any]) -> str | None:
        """Return the version of the object that started a run."""
        with aws_errors():
            description = self.client.describe_execution(executionArn=run["executionArn"])
        version: str | None = json.loads(description["input"]).get("object", {}).get("version-id")
        return version


def pipeline_of(stack: str, estate_dir: Path | None) -> PipelineClient:
    """Return the pipeline of a stack; raises StackyardError if it has none."""
    from stackyard.blueprints.project.config import ProjectConfig
    from stackyard.contracts import ProjectContract
    from stackyard.estate.estate import Estate
    from stackyard.pipeline.attestation import report_bucket
    from stackyard_cli.backend.contracts import contract_of
    from stackyard_cli.backend.location import location_of_estate

    estate = Estate.find(Path.cwd(), estate_dir)
    chosen = estate.one(stack)
    config = estate.load(chosen).config
    location = location_of_estate(estate)
    project = isinstance(config, ProjectConfig)
    arn = contract_of(location, ProjectContract, chosen).pipeline if project else None
    if arn is None or not isinstance(config, ProjectConfig):
        hint = f"write `pipeline:` in its stack file and run `stackyard up {chosen}`"
        raise StackyardError(f"{chosen} has no pipeline", hint=hint)
    # Without `eval $(stackyard sandbox env)` the sandbox's administrator is the caller.
    aws = Aws(location.environment, config.region, as_person=True)
    with aws_errors():
        caller = aws.client("sts").get_caller_identity()["UserId"]
    return PipelineClient(
        stack=chosen,
        arn=arn,
        prevent_self_approval=config.approvals.prevent_self_approval,
        bucket=report_bucket(chosen, config.account),
        client=aws.client("stepfunctions"),
        s3=aws.client("s3"),
        caller=caller,
    )


@contextmanager
def aws_errors() -> Iterator[None]:
    """Convert errors of boto3 to StackyardError."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        refused = error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        text = error.response["Error"].get("Message") or error.response["Error"]["Code"]
        hint = ROLE_HINT if refused else None
        raise StackyardError(f"{error.operation_name}: {text}", hint=hint) from None
    except BotoCoreError as error:
        raise StackyardError(str(error), hint="sign in to AWS first") from None
