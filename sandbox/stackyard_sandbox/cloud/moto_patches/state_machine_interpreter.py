"""Corrects the Step Functions interpreter: role permissions, waiting for builds, and stops.

Loaded with the first state machine, because loading takes a second.
"""

import logging
import os
import sys
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from botocore.session import get_session
from moto.stepfunctions import urls
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import (
    StateCredentials,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_factory as factory,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import (
    ResourceCondition,
)
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from stackyard_sandbox.cloud.iam.service_roles import credentials
from stackyard_sandbox.cloud.moto_patches import state_machine_stops
from stackyard_sandbox.processes import LOOPBACK

SERVICE = "states.amazonaws.com"

_Sdk: Any = type(factory.state_task_service_for("aws-sdk"))

_make_client = boto_client.boto_client_for
_task_for = factory.state_task_service_for
_start = StepFunctionsParserBackend.start_execution
_report = Execution.to_history_output


def install() -> None:
    """Correct the interpreter; a second call has no effect."""
    if StepFunctionsParserBackend.start_execution is _named:
        return
    # It logs whole definitions for every failure of a run; the run's history is more useful.
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
    # The emulator searches for them beside the interpreter.
    StepFunctionsParserBackend._url_module = urls  # type: ignore[assignment]  # a repair
    StepFunctionsParserBackend.start_execution = _named  # type: ignore[method-assign]  # a repair
    Execution.to_history_output = _history  # type: ignore[method-assign]  # a repair
    Execution.__getstate__ = _without_work  # type: ignore[assignment, method-assign]  # a repair
    _replace(_make_client, _client_as_role)
    _replace(_task_for, _task)
    state_machine_stops.install()


def _replace(old: Callable[..., Any], new: Callable[..., Any]) -> None:
    """Replace a function in all of the interpreter's modules."""
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.stepfunctions.parser") and module is not None:
            for key in [key for key, value in vars(module).items() if value is old]:
                setattr(module, key, new)


def _client_as_role(
    region: str, service: str, state_credentials: StateCredentials | None = None
) -> BaseClient:
    """Return a client with the permissions of the state machine's role, or of the state's."""
    if state_credentials is None:
        raise RuntimeError("the interpreter calls a service without saying as whom")
    session = credentials(state_credentials.role_arn, SERVICE, "state-machine")
    client = boto3.client(
        service,
        region_name=region,
        endpoint_url=f"http://{LOOPBACK}:{os.environ['MOTO_PORT']}",
        aws_access_key_id=session.access_key,
        aws_secret_access_key=session.secret_key,
        aws_session_token=session.token,
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )
    if service == "s3":
        client.meta.events.register("after-call.s3.GetObject", _read_body)
    return client


def _read_body(parsed: dict[str, Any], **_: Any) -> None:
    """Read an object's text; the interpreter does not recognize a body with a checksum."""
    if "Body" in parsed:
        parsed["Body"] = parsed["Body"].read().decode()


def _named(
    self: StepFunctionsParserBackend,
    state_machine_arn: str,
    name: str | None = None,
    *arguments: Any,
    **named: Any,
) -> Execution:
    """Start an execution, with a generated name if it has none, which the emulator omits."""
    return _start(self, state_machine_arn, name or str(uuid4()), *arguments, **named)


def _history(self: Execution) -> Any:
    """Return the history of an execution; empty for one from before a restart of the sandbox."""
    return _report(self) if self.exec_worker is not None else {"events": []}


def _without_work(self: Execution) -> dict[str, Any]:
    """Return the saved part of an execution: its result, without its work and its history."""
    state = {**vars(self), "exec_worker": None}
    if self.exec_status == ExecutionStatus.RUNNING:
        state |= {
            "exec_status": ExecutionStatus.ABORTED,
            "error": "Sandbox.Stopped",
            "cause": "the sandbox was stopped while this ran",
        }
    return state


class _Cased(_Sdk):  # type: ignore[misc]  # the module's name is longer than a line may be
    """A call of any service; names start with a capital in the language, but not in the APIs.

    https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html.
    """

    def _normalise_parameters(self, parameters: dict[str, Any], *_: Any) -> None:
        shape = self._operation().input_shape
        renamed = _renamed(parameters, shape, api=True)
        parameters.clear()
        parameters.update(renamed)

    def _normalise_response(self, response: Any, *_: Any) -> None:
        renamed = _renamed(response, self._operation().output_shape, api=False)
        response.clear()
        response.update(renamed)

    def _operation(self) -> Any:
        service = get_session().get_service_model(self._get_boto_service_name())
        action = self.resource.api_action
        return service.operation_model(f"{action[0].upper()}{action[1:]}")


def _renamed(value: Any, shape: Any, *, api: bool) -> Any:
    """Return a value with the names of the API, or with those of the language."""
    if shape is None or not isinstance(value, dict | list):
        return value
    if isinstance(value, list):
        return [_renamed(each, shape.member, api=api) for each in value]
    if shape.type_name == "map":
        return {key: _renamed(each, shape.value, api=api) for key, each in value.items()}
    members = {name[0].upper() + name[1:]: name for name in shape.members}
    result = {}
    for key, each in value.items():
        plain = key[0].upper() + key[1:]
        name = members.get(plain)
        inner = shape.members[name] if name else None
        result[(name or key) if api else plain] = _renamed(each, inner, api=api)
    return result


class _Builds(_Cased):
    """`codebuild:startBuild.sync`.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html.
    """

    def __init__(self) -> None:
        super().__init__()
        # The interpreter supports `Sync` only together with `WaitForTaskToken`.
        self._supported_integration_patterns = {
            ResourceCondition.Sync,
            ResourceCondition.WaitForTaskToken,
        }

    def _get_sfn_resource_type(self) -> str:
        return "codebuild"

    def _build_sync_resolver(
        self,
        env: Any,
        resource_runtime_part: Any,
        normalised_parameters: dict[str, Any],
        state_credentials: StateCredentials,
    ) -> Callable[[], Any]:
        client = _client_as_role(resource_runtime_part.region, "codebuild", state_credentials)
        identity = env.stack.pop()["Build"]["Id"]

        def look() -> Any:
            (build,) = client.batch_get_builds(ids=[identity])["builds"]
            if build["buildStatus"] == "IN_PROGRESS":
                return None
            if build["buildStatus"] != "SUCCEEDED":
                raise RuntimeError(f"the build ended as {build['buildStatus']}")
            return {"Build": {"Id": identity, "BuildStatus": build["buildStatus"]}}

        return look


def _task(service_name: str) -> Any:
    own = {"aws-sdk": _Cased, "codebuild": _Builds}.get(service_name)
    return own() if own else _task_for(service_name)
