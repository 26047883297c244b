"""Services refuse a role that they cannot take, or that lacks what they need at once.

Each takes the role when it is named. Errors and rules:
Lambda, https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html and, in a VPC,
https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions;
Step Functions, https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html,
its logs, https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html, and its managed rules,
https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html;
Scheduler, https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html;
CodeBuild, https://docs.aws.amazon.com/codebuild/latest/userguide/troubleshooting.html;
EventBridge, https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend
from moto.codebuild.exceptions import InvalidInputException
from moto.codebuild.models import CodeBuildBackend
from moto.core.exceptions import AWSError, JsonRESTError
from moto.events.models import EventsBackend
from moto.scheduler.exceptions import ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend
from moto.stepfunctions.models import StepFunctionBackend

from stackyard_sandbox.cloud.iam.service_roles import may, trusts
from stackyard_sandbox.cloud.strictness import checked

Call = Mapping[str, Any]

NETWORK = ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface")
"""What Lambda asks of the role of a function in a VPC."""

LOG_DELIVERY = (
    *("CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery"),
    *("ListLogDeliveries", "PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"),
)
"""What Step Functions asks of the role of a machine that logs."""

MANAGED_RULES = {
    ":states:::codebuild:startBuild.sync": "StepFunctionsGetEventForCodeBuildStartBuildRule",
    ":states:::states:startExecution.sync": "StepFunctionsGetEventsForStepFunctionsExecutionRule",
}
"""Rules through which Step Functions waits for a job, by the integration."""


class Taken(NamedTuple):
    """A call that names a role, and the service that takes it."""

    backend: type
    method: str
    service: str
    roles: Callable[[Call], Iterator[str]]
    source: str
    """ARN, without its head, of the resource for which the service acts; with `{NAME}`s of the
    call. Empty if the service names none."""

    error: Callable[[str], Exception]
    at_once: bool = False
    """Whether the service is taken to see a new role at once: its error is retried by nobody."""


def _argument(name: str) -> Callable[[Call], Iterator[str]]:
    return lambda call: iter([call[name]] if call.get(name) else [])


def _in_body(name: str) -> Callable[[Call], Iterator[str]]:
    body = "spec" if name == "create" else "body"
    return lambda call: iter([call[body]["Role"]] if call[body].get("Role") else [])


def _of_schedule(call: Call) -> Iterator[str]:
    yield call["target"]["RoleArn"]


def _of_targets(call: Call) -> Iterator[str]:
    yield from (target["RoleArn"] for target in call["targets"] if target.get("RoleArn"))


def _by_lambda(_role: str) -> Exception:
    return InvalidParameterValueException(
        "The role defined for the function cannot be assumed by Lambda."
    )


def _by_states(_role: str) -> Exception:
    return AWSError(
        "Neither the global service principal states.amazonaws.com, nor the regional one is "
        "authorized to assume the provided role.",
        "AccessDeniedException",
    )


def _by_scheduler(_role: str) -> Exception:
    return ValidationException(
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
    )


def _by_builds(role: str) -> Exception:
    return InvalidInputException(
        f"CodeBuild is not authorized to perform: sts:AssumeRole on service role: {role}"
    )


def _by_rules(role: str) -> Exception:
    return JsonRESTError(
        "ValidationException",
        f"Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'.",
    )


TAKEN = (
    *(
        Taken(LambdaBackend, *row, _by_lambda)
        for row in (
            ("create_function", "lambda.amazonaws.com", _in_body("create"), ""),
            ("update_function_configuration", "lambda.amazonaws.com", _in_body("update"), ""),
        )
    ),
    *(
        Taken(StepFunctionBackend, method, "states.amazonaws.com", _argument(role), at, _by_states)
        for method, role, at in (
            ("create_state_machine", "roleArn", "states:{region}:{account}:stateMachine:{name}"),
            ("update_state_machine", "role_arn", "{arn}"),
        )
    ),
    *(
        Taken(
            *(EventBridgeSchedulerBackend, method, "scheduler.amazonaws.com", _of_schedule),
            "scheduler:{region}:{account}:schedule-group/{group_name}",
            _by_scheduler,
        )
        for method in ("create_schedule", "update_schedule")
    ),
    Taken(
        *(CodeBuildBackend, "create_project", "codebuild.amazonaws.com"),
        _argument("service_role"),
        "codebuild:{region}:{account}:project/{project_name}",
        _by_builds,
    ),
    Taken(
        *(EventsBackend, "put_targets", "events.amazonaws.com", _of_targets),
        "events:{region}:{account}:rule/{name}",
        _by_rules,
        at_once=True,
    ),
)


def install() -> None:
    """Refuse roles that a service cannot take, and those that lack what it needs at once."""
    for taken in TAKEN:
        checked.before(taken.backend, taken.method, partial(_check_trust, taken))
    for method in ("create_function", "update_function_configuration"):
        checked.before(LambdaBackend, method, _check_network)
    for method in ("create_state_machine", "update_state_machine"):
        checked.before(StepFunctionBackend, method, _check_machine)


def _check_trust(taken: Taken, backend: Any, call: Call) -> None:
    facts = {"aws:sourceaccount": backend.account_id}
    if taken.source:
        values = {**call, "region": backend.region_name, "account": backend.account_id}
        values["group_name"] = call.get("group_name") or "default"
        head = "" if taken.source == "{arn}" else "arn:aws:"
        facts["aws:sourcearn"] = head + taken.source.format(**values)
    known = facts if taken.source else {}
    for role in taken.roles(call):
        account, service = backend.account_id, taken.service
        if not trusts(account, role, service, known, at_once=taken.at_once):
            raise taken.error(role)


def _check_network(backend: LambdaBackend, call: Call) -> None:
    wanted = call.get("spec") or call.get("body") or {}
    if not (wanted.get("VpcConfig") or {}).get("SubnetIds"):
        return
    role = wanted.get("Role")
    if role is None:
        role = backend.get_function(call["function_name"], call["qualifier"]).role
    for action in NETWORK:
        if not may(backend.account_id, role, f"ec2:{action}", "*"):
            raise InvalidParameterValueException(
                f"The provided execution role does not have permissions to call {action} on EC2"
            )


def _check_machine(backend: StepFunctionBackend, call: Call) -> None:
    """Check what the role of a machine may do: write its logs, wait for jobs."""
    known = None if "name" in call else backend.describe_state_machine(call["arn"])
    role = call.get("roleArn") or call.get("role_arn") or (known.roleArn if known else "")
    logging = call.get("loggingConfiguration") or call.get("logging_configuration") or {}
    if logging.get("level", "OFF") != "OFF":
        for action in LOG_DELIVERY:
            if not may(backend.account_id, role, f"logs:{action}", "*"):
                text = "The state machine IAM Role is not authorized to access the Log Destination"
                raise AWSError(text, "AccessDeniedException")
    for integration, rule in MANAGED_RULES.items():
        if integration in (call.get("definition") or ""):
            at = f"arn:aws:events:{backend.region_name}:{backend.account_id}:rule/{rule}"
            for action in ("PutTargets", "PutRule", "DescribeRule"):
                if not may(backend.account_id, role, f"events:{action}", at):
                    text = f"'{role}' is not authorized to create managed-rule."
                    raise AWSError(text, "AccessDeniedException")
