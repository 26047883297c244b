"""Names of a pipeline's resources in AWS, within the length limit of each service."""

from __future__ import annotations

from stackyard.aws_location import AwsLocation
from stackyard.naming import StackId, fitted

MACHINE_LIMIT = 80
"""Maximum length of a state machine's name,
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html."""

TRIGGER_LIMIT = 64
"""Maximum length of the name of a rule and of a schedule; PutRule overwrites a rule of equal name.

Sources: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html and
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html."""


def machine_name(stack: StackId) -> str:
    """Return the name of a project's state machine."""
    return fitted(stack.slug, MACHINE_LIMIT)


def machine_arn(stack: StackId, location: AwsLocation) -> str:
    """Return the ARN of a project's state machine, before it exists."""
    return location.arn("states", f"stateMachine:{machine_name(stack)}")


def trigger_name(stack: StackId, trigger: str) -> str:
    """Return the name of the rule or schedule that starts runs."""
    return fitted(f"{stack.slug}-{trigger}", TRIGGER_LIMIT)
