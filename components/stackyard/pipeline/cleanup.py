"""Deletes the Jobs that a run of the pipeline leaves in the cluster when it is stopped."""

from __future__ import annotations

from typing import Any, ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.aws_location import partition_of
from stackyard.config import Config
from stackyard.naming import fitted
from stackyard.pipeline import documents, states
from stackyard.pipeline.names import MACHINE_LIMIT, trigger_name
from stackyard.pipeline.roles import ServiceRoles
from stackyard.references import StackContext

CALL_SECONDS = 60
"""Maximum time of a call of the jobs function, which may have begun before the run was stopped."""

UNREACHABLE = {
    "ErrorEquals": ["States.ALL"],
    "IntervalSeconds": 15,
    "BackoffRate": 2,
    "MaxAttempts": 8,
}
"""Retry of about an hour, for an API server that does not answer."""


class RunCleanup(Component):
    """A rule on runs that end without success, and a state machine that deletes their Jobs.

    A stop ends an execution at once, so no state of its own can do it:
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html. A state
    machine, not the function alone, because it tries again and keeps a record of what it did.
    """

    TYPE: ClassVar[str] = "stackyard:index:RunCleanup"

    machine: pulumi.Output[str]
    """The ARN of the state machine that deletes Jobs."""

    def __init__(
        self,
        name: str,
        *,
        context: StackContext,
        machine: pulumi.Input[str],
        jobs_function: pulumi.Input[str],
        logging: aws.sfn.StateMachineLoggingConfigurationArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the stack, the pipeline's state machine, the function that deletes Jobs.

        `logging` is where executions are logged.
        """
        super().__init__(name, Config(), opts=opts)
        self._stack, roles = context.stack, ServiceRoles(self, context.stack, context.account)
        call = pulumi.Output.from_input(jobs_function)
        partition = partition_of(context.region)
        made = aws.sfn.StateMachine(
            self.named("machine"),
            name=fitted(f"{context.stack.slug}-cleanup", MACHINE_LIMIT),
            role_arn=roles.make("cleanup", "states", call.apply(documents.call_policy)),
            definition=call.apply(lambda arn: iam.text(definition(arn, partition))),
            logging_configuration=logging,
            opts=self.child(),
        )
        self._react(made, pulumi.Output.from_input(machine), roles)
        self.machine = made.arn
        self.publish()

    def _react(
        self, made: aws.sfn.StateMachine, machine: pulumi.Output[str], roles: ServiceRoles
    ) -> None:
        rule = aws.cloudwatch.EventRule(
            self.named("rule"),
            name=trigger_name(self._stack, "ended"),
            description="runs that end without success",
            event_pattern=machine.apply(lambda arn: iam.text(documents.run_ended(arn))),
            opts=self.child(),
        )
        aws.cloudwatch.EventTarget(
            self.named("target"),
            rule=rule.name,
            target_id="cleanup",
            arn=made.arn,
            role_arn=roles.make("ended", "events", made.arn.apply(documents.start_policy)),
            input_path="$.detail",
            opts=self.child(),
        )


def definition(jobs_function: str, partition: str) -> dict[str, Any]:
    """Return the definition: delete the run's Jobs, and again once no call can make another."""
    delete = {
        "Type": "Task",
        "Resource": f"arn:{partition}:states:::lambda:invoke",
        "Parameters": {
            "FunctionName": jobs_function,
            "Payload": {"step": "stop", "run.$": "$.name"},
        },
        "ResultPath": None,
        "Retry": [states.TRY_AGAIN, UNREACHABLE],
    }
    return {
        "StartAt": "Delete jobs",
        "States": {
            "Delete jobs": {**delete, "Next": "Wait"},
            "Wait": {"Type": "Wait", "Seconds": CALL_SECONDS, "Next": "Delete late jobs"},
            "Delete late jobs": {**delete, "End": True},
        },
    }
