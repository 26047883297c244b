"""The emulator refuses roles that a service cannot take, and roles that lack what it needs."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stackyard import iam
from stackyard_sandbox.cloud.strictness import execution_roles
from tests.unit.sandbox.cloud.strictness.conftest import Strict

ACCOUNT, REGION = "123456789012", "eu-central-1"
HERE = f"{REGION}:{ACCOUNT}"
PASS = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
WAITS = json.dumps(
    {
        "StartAt": "Bake",
        "States": {
            "Bake": {
                "Type": "Task",
                "Resource": "arn:aws:states:::codebuild:startBuild.sync",
                "Parameters": {"ProjectName": "bake"},
                "End": True,
            }
        },
    }
)
LOGS = {
    "level": "ERROR",
    "destinations": [
        {"cloudWatchLogsLogGroup": {"logGroupArn": f"arn:aws:logs:{HERE}:log-group:g:*"}}
    ],
}


def role(clients: Any, service: str, name: str = "acts", **conditions: str) -> str:
    trust = iam.assumable_by(
        {"Service": service}, conditions={"ArnLike": conditions} if conditions else None
    )
    made = clients("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    return str(made["Role"]["Arn"])


def allow(clients: Any, *actions: str, at: str = "*") -> None:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": at}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    clients("iam").put_role_policy(RoleName="acts", PolicyName="all", PolicyDocument=document)


def function(clients: Any, arn: str, **more: Any) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("acts.py", "")
    clients("lambda").create_function(
        FunctionName="acts",
        Role=arn,
        Runtime="python3.13",
        Handler="acts.handler",
        Code={"ZipFile": packed.getvalue()},
        **more,
    )


def machine(clients: Any, arn: str, definition: str = PASS, **more: Any) -> None:
    clients("stepfunctions").create_state_machine(
        name="retrain", definition=definition, roleArn=arn, **more
    )


def schedule(clients: Any, arn: str) -> None:
    clients("scheduler").create_schedule(
        Name="nightly",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": f"arn:aws:states:{HERE}:stateMachine:retrain", "RoleArn": arn},
    )


def project(clients: Any, arn: str) -> None:
    clients("codebuild").create_project(
        name="bake",
        source={"type": "S3", "location": "data/context.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=arn,
    )


def target(clients: Any, arn: str) -> None:
    events = clients("events")
    events.put_rule(Name="arrived", EventPattern=json.dumps({"source": ["aws.s3"]}))
    events.put_targets(
        Rule="arrived",
        Targets=[{"Id": "m", "Arn": f"arn:aws:states:{HERE}:stateMachine:m", "RoleArn": arn}],
    )


USES: dict[str, tuple[Callable[[Any, str], None], str]] = {
    "lambda": (function, ""),
    "states": (machine, f"arn:aws:states:{HERE}:stateMachine:*"),
    "scheduler": (schedule, f"arn:aws:scheduler:{HERE}:schedule-group/default"),
    "codebuild": (project, f"arn:aws:codebuild:{HERE}:project/bake"),
    "events": (target, f"arn:aws:events:{HERE}:rule/arrived"),
}


@pytest.mark.parametrize("service", USES)
def test_a_service_takes_a_role_that_trusts_it_for_the_resource(
    strict: Strict, service: str
) -> None:
    clients = strict(execution_roles)
    use, source = USES[service]
    principal = f"{service}.amazonaws.com"
    for wrong in (
        f"arn:aws:iam::{ACCOUNT}:role/missing",
        role(clients, "ec2.amazonaws.com", "for-another"),
        role(clients, principal, "for-nothing", **{"aws:SourceArn": "arn:aws:s3:::data"}),
    ):
        with pytest.raises(ClientError, match=r"[Aa]ssume"):
            use(clients, wrong)
    use(clients, role(clients, principal, **({"aws:SourceArn": source} if source else {})))


def test_a_function_in_a_vpc_may_make_network_interfaces(strict: Strict) -> None:
    clients = strict(execution_roles)
    ec2, arn = clients("ec2"), role(clients, "lambda.amazonaws.com")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    network = {"VpcConfig": {"SubnetIds": [subnet], "SecurityGroupIds": []}}
    with pytest.raises(ClientError, match="permissions to call CreateNetworkInterface on EC2"):
        function(clients, arn, **network)
    allow(clients, *(f"ec2:{action}" for action in execution_roles.NETWORK))
    function(clients, arn, **network)


def test_a_machine_that_logs_may_deliver_logs(strict: Strict) -> None:
    clients = strict(execution_roles)
    arn = role(clients, "states.amazonaws.com")
    with pytest.raises(ClientError, match="not authorized to access the Log Destination"):
        machine(clients, arn, loggingConfiguration=LOGS)
    allow(clients, *(f"logs:{action}" for action in execution_roles.LOG_DELIVERY))
    machine(clients, arn, loggingConfiguration=LOGS)


def test_a_machine_that_waits_for_a_build_may_make_the_rule(strict: Strict) -> None:
    clients = strict(execution_roles)
    arn = role(clients, "states.amazonaws.com")
    with pytest.raises(ClientError, match="not authorized to create managed-rule"):
        machine(clients, arn, WAITS)
    rule = f"arn:aws:events:{HERE}:rule/StepFunctionsGetEventForCodeBuildStartBuildRule"
    allow(clients, "events:PutTargets", "events:PutRule", "events:DescribeRule", at=rule)
    machine(clients, arn, WAITS)
