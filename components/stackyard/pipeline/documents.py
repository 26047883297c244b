"""IAM policies of the pipeline as plain data: each service gets the permissions of its own step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stackyard import iam
from stackyard.aws_location import AwsLocation, endpoint
from stackyard.bucket.layout import bucket_arn
from stackyard.pipeline import attestation
from stackyard.pipeline.definition import REPORTS


def service_trust(service: str, account: str) -> dict[str, Any]:
    """Return the trust policy of a role that an AWS service may assume for this account only.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html.
    """
    return iam.assumable_by(
        {"Service": f"{service}.amazonaws.com"},
        conditions={"StringEquals": {"aws:SourceAccount": account}},
    )


def function_trust() -> dict[str, Any]:
    """Return the trust policy of a function's role; Lambda sends no source to check."""
    return iam.assumable_by({"Service": "lambda.amazonaws.com"})


def machine_policy(
    *,
    functions: Sequence[str],
    bucket: str,
    topic: str,
    keys: Sequence[str],
    build: str,
    repository: str,
    account: str,
    region: str,
) -> dict[str, Any]:
    """Return the policy of the state machine; all arguments are ARNs except the bucket's name.

    Step Functions learns the end of a build by an EventBridge rule that it manages in the account:
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html.
    """
    rule = "rule/StepFunctionsGetEventForCodeBuildStartBuildRule"
    return iam.document(
        iam.statement("CallFunctions", ("lambda:InvokeFunction",), sorted(functions)),
        iam.statement(
            "ReadReports",
            ("s3:GetObject",),
            [f"{bucket_arn(bucket, region)}/{root}/*" for root in (attestation.ANSWERS, REPORTS)],
        ),
        iam.statement("TellApprovers", ("sns:Publish",), (topic,)),
        iam.statement("UseKeys", ("kms:Decrypt", "kms:GenerateDataKey"), sorted(set(keys))),
        iam.statement(
            "Bake",
            ("codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"),
            (build,),
        ),
        iam.statement(
            "HearOfBuilds",
            ("events:DescribeRule", "events:PutRule", "events:PutTargets"),
            (AwsLocation(account, region).arn("events", rule),),
        ),
        iam.statement("FindImages", ("ecr:DescribeImages",), (repository,)),
        # `*`: these actions have no resource type,
        # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html.
        iam.statement("DeliverLogs", LOG_DELIVERY, ("*",)),
    )


LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)


def start_policy(machine: str) -> dict[str, Any]:
    """Return the policy of a trigger: start the machine."""
    return iam.document(iam.statement("Start", ("states:StartExecution",), (machine,)))


def call_policy(function: str) -> dict[str, Any]:
    """Return the policy of a state machine that calls one function and logs its executions."""
    return iam.document(
        iam.statement("CallFunction", ("lambda:InvokeFunction",), (function,)),
        iam.statement("DeliverLogs", LOG_DELIVERY, ("*",)),
    )


def run_ended(machine: str) -> dict[str, Any]:
    """Return the event pattern for runs of a state machine that end without success.

    Source: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html.
    """
    detail = {"stateMachineArn": [machine], "status": ["ABORTED", "FAILED", "TIMED_OUT"]}
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": detail,
    }


def object_created(bucket: str, prefix: str) -> dict[str, Any]:
    """Return the event pattern for new objects of a bucket below a prefix.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html.
    """
    detail = {"bucket": {"name": [bucket]}, "object": {"key": [{"prefix": prefix}]}}
    return {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail}


def approver_policy(machine: str, bucket: str, key_arn: str, region: str) -> dict[str, Any]:
    """Return the policy of an approver: read runs, write an answer object, and resume the run.

    A resumed run without the answer object fails. `SendTaskSuccess` has no resource type in IAM:
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html.
    """
    own_answers = attestation.answer_key(attestation.CALLER, "*")
    return iam.document(
        *_see(machine),
        *_put(f"{bucket_arn(bucket, region)}/{own_answers}", key_arn, region),
        iam.statement("SayAnswered", ("states:SendTaskSuccess",), ("*",)),
    )


def starter_policy(machine: str, bucket: str, key_arn: str, region: str) -> dict[str, Any]:
    """Return the policy of the audience `pipeline`: start runs as oneself, read and stop them."""
    own_starts = attestation.start_key(attestation.CALLER)
    return iam.document(
        *_see(machine),
        *_put(f"{bucket_arn(bucket, region)}/{own_starts}", key_arn, region),
        iam.statement("StopRuns", ("states:StopExecution",), (_runs(machine),)),
    )


def report_policy(bucket: str, key_arn: str, region: str) -> dict[str, Any]:
    """Return the policy that allows training pods to write their evaluation."""
    return iam.document(*_put(f"{bucket_arn(bucket, region)}/{REPORTS}/*", key_arn, region))


def _see(machine: str) -> list[iam.Statement]:
    look = ("states:DescribeExecution", "states:GetExecutionHistory")
    return [
        iam.statement("ListRuns", ("states:ListExecutions",), (machine,)),
        iam.statement("SeeRuns", look, (_runs(machine),)),
    ]


def _runs(machine: str) -> str:
    return f"{machine.replace(':stateMachine:', ':execution:')}:*"


def _put(objects: str, key_arn: str, region: str) -> list[iam.Statement]:
    """Return the statements that allow a role to write objects (an ARN) with the bucket's key."""
    through = {
        "kms:ViaService": endpoint("s3", region),
        "kms:EncryptionContext:aws:s3:arn": objects.partition("/")[0],
    }
    return [
        iam.statement("PutObjects", ("s3:PutObject",), (objects,)),
        iam.statement(
            "UseKey",
            ("kms:Decrypt", "kms:GenerateDataKey"),
            (key_arn,),
            conditions={"StringEquals": through},
        ),
    ]


def bucket_statements(
    arn: str, *, trainer: str, starters: Sequence[str], approvers: Sequence[str]
) -> list[iam.Statement]:
    """Return the statements that deny writes to all but these roles (ARNs).

    None of them is an IAM user, so every writer is a role session and has a session name.
    """
    writers = {REPORTS: [trainer], attestation.STARTS: starters, attestation.ANSWERS: approvers}
    return [
        iam.statement(
            f"Only{who}Writes",
            ("s3:PutObject",),
            (f"{arn}/{root}/*",),
            effect="Deny",
            principals="*",
            conditions={"ArnNotEquals": {"aws:PrincipalArn": sorted(writers[root])}},
        )
        for who, root in (
            ("Trainer", REPORTS),
            ("Starter", attestation.STARTS),
            ("Approver", attestation.ANSWERS),
        )
    ]
