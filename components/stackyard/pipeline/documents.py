"""Roles of the pipeline as plain data: each service gets what its own step takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stackyard import iam
from stackyard.datasets.layout import bucket_arn
from stackyard.pipeline.definition import REPORTS


def service_trust(service: str, account: str) -> dict[str, Any]:
    """Return the trust policy of a role that an AWS service takes for this account only.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html.
    """
    return iam.assumable_by(
        {"Service": f"{service}.amazonaws.com"},
        conditions={"StringEquals": {"aws:SourceAccount": account}},
    )


def function_trust() -> dict[str, Any]:
    """Return the trust policy of a function's role; Lambda names no source for it."""
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
    """Return what the state machine may do; ARNs, but for the bucket's name.

    A build's end comes by an EventBridge rule that Step Functions keeps in the account:
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html.
    """
    rule = "rule/StepFunctionsGetEventForCodeBuildStartBuildRule"
    return iam.document(
        iam.statement("CallFunctions", ("lambda:InvokeFunction",), sorted(functions)),
        iam.statement("ReadReports", ("s3:GetObject",), (f"{bucket_arn(bucket)}/{REPORTS}/*",)),
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
            (f"arn:aws:events:{region}:{account}:{rule}",),
        ),
        iam.statement("FindImages", ("ecr:DescribeImages",), (repository,)),
        # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html: no ARN to name.
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
    """Return what a trigger may do."""
    return iam.document(iam.statement("Start", ("states:StartExecution",), (machine,)))


def approver_policy(machine: str) -> dict[str, Any]:
    """Return what an approver may do: see runs, and answer the one question of this machine."""
    runs = f"{machine.replace(':stateMachine:', ':execution:')}:*"
    return iam.document(
        iam.statement(
            "SeeRuns", ("states:ListExecutions", "states:DescribeStateMachine"), (machine,)
        ),
        iam.statement(
            "SeeRun", ("states:DescribeExecution", "states:GetExecutionHistory"), (runs,)
        ),
        iam.statement("Answer", ("states:SendTaskFailure", "states:SendTaskSuccess"), (machine,)),
    )


def starter_policy(machine: str) -> dict[str, Any]:
    """Return what the audience `pipeline` may do: start runs and see them."""
    runs = f"{machine.replace(':stateMachine:', ':execution:')}:*"
    return iam.document(
        iam.statement("StartRuns", ("states:ListExecutions", "states:StartExecution"), (machine,)),
        iam.statement(
            "SeeRun",
            ("states:DescribeExecution", "states:GetExecutionHistory", "states:StopExecution"),
            (runs,),
        ),
    )


def report_policy(bucket: str, key_arn: str, region: str) -> dict[str, Any]:
    """Return what lets training pods leave their evaluation."""
    through = {
        "kms:ViaService": f"s3.{region}.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": bucket_arn(bucket),
    }
    return iam.document(
        iam.statement("LeaveReport", ("s3:PutObject",), (f"{bucket_arn(bucket)}/{REPORTS}/*",)),
        iam.statement(
            "UseReportKey",
            ("kms:Decrypt", "kms:GenerateDataKey"),
            (key_arn,),
            conditions={"StringEquals": through},
        ),
    )


def only_trainer_writes(bucket: str, trainer: str) -> iam.Statement:
    """Return what keeps reports from everybody's hands but those of training pods."""
    return iam.statement(
        "OnlyTrainerWrites",
        ("s3:PutObject",),
        (f"{bucket_arn(bucket)}/*",),
        effect="Deny",
        principals="*",
        conditions={"ArnNotEquals": {"aws:PrincipalArn": trainer}},
    )
