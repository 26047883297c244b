"""The state machine of a pipeline as plain data.

    Train → Evaluate → Read report → Compare → Approve → Bake → Find image → Deploy → Watch → Done
                                         ↓          ↓                                    ↓
                                       Worse     Rejected, Expired, …                 Undo → Undone

Language: https://states-language.net/spec.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stackyard.aws_location import Partition
from stackyard.pipeline import attestation, states
from stackyard.pipeline.config import ApprovalsConfig, PipelineConfig

State = dict[str, Any]

REPORTS = "evaluations"
"""Prefix of evaluation reports: `evaluations/RUN/evaluation.json`."""

APPROVAL = "Approve"
"""The state that waits for a person; `stackyard approvals` finds it by this name."""


@dataclass(frozen=True)
class Parts:
    """Names, ARNs and manifests that the states use."""

    partition: Partition
    """Partition of the service integrations' ARNs."""

    jobs_function: str
    """ARN of the function that runs Jobs."""

    release_function: str
    """ARN of the function that changes the Deployment."""

    bucket: str
    """Bucket of evaluations and attestations."""

    topic: str
    """ARN of the topic that notifies approvers."""

    bake_project: str
    """Name of the CodeBuild project that bakes the model into an image."""

    models: str
    """S3 prefix of registered models: `s3://BUCKET/registered`."""

    repository: str
    """Name of the repository of the baked images."""

    registry: str
    """Host of the registry."""

    train: Mapping[str, Any]
    """Manifest of the training Job."""

    evaluate: Mapping[str, Any]
    """Manifest of the evaluation Job."""

    deployment: Mapping[str, Any]
    """Manifest of the Deployment, without the image."""

    patience_seconds: int
    """Maximum time for a new version to become ready, in seconds."""


def definition(
    config: PipelineConfig, approvals: ApprovalsConfig, parts: Parts, *, stack: str
) -> dict[str, Any]:
    """Return the definition in the Amazon States Language."""
    return {
        "Comment": f"{stack}: train, evaluate, compare, approve, bake, deploy, watch",
        "StartAt": "Who started it?",
        "States": {
            **states.begin(parts.bucket),
            "Train": _job(parts, parts.train, "train", "Evaluate"),
            "Evaluate": _job(parts, parts.evaluate, "evaluate", "Read report"),
            "Read report": _read_report(parts),
            "Pick metric": _pick_metric(config),
            "Look at champion": _call(
                parts, parts.release_function, {"step": "champion"}, "champion", "Compare"
            ),
            "Compare": _compare(config),
            APPROVAL: _approve(config, approvals, parts, stack),
            "Read answer": _read_answer(parts),
            "Who answered?": _who_answered(),
            "Decide": _decide(approvals),
            "Bake": _bake(parts),
            "Find image": _find_image(parts),
            "Deploy": _deploy(parts),
            "Watch": _watch(config, parts),
            "Undo": _undo(parts),
            **states.ENDS,
        },
    }


def _job(parts: Parts, manifest: Mapping[str, Any], result: str, following: str) -> State:
    address = f"s3://{parts.bucket}/{REPORTS}/{{}}/evaluation.json"
    payload = {
        "step": "job",
        "run.$": "$.run",
        "input.$": "$.input",
        "manifest": manifest,
        "environment": {"STACKYARD_EVALUATION.$": f"States.Format('{address}', $.run)"},
    }
    longest = manifest["spec"]["activeDeadlineSeconds"] + states.QUEUED_SECONDS
    called = _call(parts, parts.jobs_function, payload, result, following)
    return {**called, "Retry": states.retries(longest)}


def _call(parts: Parts, function: str, payload: State, result: str, following: str) -> State:
    return {
        "Type": "Task",
        "Resource": f"arn:{parts.partition}:states:::lambda:invoke",
        "Parameters": {"FunctionName": function, "Payload": payload},
        "ResultSelector": {"found.$": "$.Payload"},
        "ResultPath": f"$.{result}",
        "Retry": states.retries(),
        "Next": following,
    }


def _read_report(parts: Parts) -> State:
    key = f"States.Format('{REPORTS}/{{}}/evaluation.json', $.run)"
    return {**_read(parts, key), "ResultPath": "$.report", "Next": "Pick metric"}


def _read(parts: Parts, key: str) -> State:
    return {
        "Type": "Task",
        "Resource": f"arn:{parts.partition}:states:::aws-sdk:s3:getObject",
        "Parameters": {"Bucket": parts.bucket, "Key.$": key},
        "ResultSelector": {"found.$": "States.StringToJson($.Body)"},
    }


def _pick_metric(config: PipelineConfig) -> State:
    return {
        "Type": "Pass",
        "Parameters": {
            "version.$": "$.report.found.version",
            "value.$": f"$.report.found.metrics.{config.metric}",
        },
        "ResultPath": "$.candidate",
        "Next": "Look at champion",
    }


def _compare(config: PipelineConfig) -> State:
    comparison = (
        "Numeric" + {"maximize": "GreaterThan", "minimize": "LessThan"}[config.direction] + "Path"
    )
    first = {"Variable": "$.champion.found.known", "BooleanEquals": False, "Next": APPROVAL}
    better = {
        "Variable": "$.candidate.value",
        comparison: "$.champion.found.value",
        "Next": APPROVAL,
    }
    return {"Type": "Choice", "Choices": [first, better], "Default": "Worse"}


def _approve(config: PipelineConfig, approvals: ApprovalsConfig, parts: Parts, stack: str) -> State:
    """Notify the approvers, and wait until a person resumes the run with its token."""
    text = (
        f"{stack} has a candidate for `{config.deploy}`: version {{}} with {config.metric} {{}}, "
        f"against version {{}} with {{}}. To look at it: stackyard approvals list {stack}"
    )
    values = "$.candidate.version, $.candidate.value, $.champion.found.version"
    message = f"States.Format('{text}', {values}, $.champion.found.value)"
    token = {"DataType": "String", "StringValue.$": "$$.Task.Token"}
    return {
        "Type": "Task",
        "Resource": f"arn:{parts.partition}:states:::sns:publish.waitForTaskToken",
        "Parameters": {
            "TopicArn": parts.topic,
            "Subject": f"{stack}: approve a model?"[:100],
            "Message.$": message,
            "MessageAttributes": {"token": token},
        },
        "TimeoutSeconds": approvals.expires_hours * 3600,
        "ResultPath": "$.signature",
        "Catch": [{"ErrorEquals": ["States.Timeout"], "ResultPath": "$.error", "Next": "Expired"}],
        "Next": "Read answer",
    }


def _read_answer(parts: Parts) -> State:
    """Read the answer object of the person who resumed the run; the run fails without it.

    `by` is the caller's input and may contain more than the caller's id. Its first part is still
    that id, because nobody can write an object whose key begins with another person's id.
    """
    key = f"States.Format('{attestation.ANSWERS}/{{}}/{{}}', $.signature.by, $.run)"
    unproven = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Unproven"}
    return {
        **_read(parts, key),
        "ResultPath": "$.answer",
        "Catch": [unproven],
        "Next": "Who answered?",
    }


def _who_answered() -> State:
    split = f"States.StringSplit($.signature.by, '{attestation.SEPARATORS}')"
    return {
        "Type": "Pass",
        "Parameters": {
            "person.$": f"States.ArrayGetItem({split}, 1)",
            "decision.$": "$.answer.found.decision",
        },
        "ResultPath": "$.approval",
        "Next": "Decide",
    }


def _decide(approvals: ApprovalsConfig) -> State:
    approved = {"Variable": "$.approval.decision", "StringEquals": "approve"}
    own = {"Variable": "$.approval.person", "StringEqualsPath": "$.started_by.person"}
    choices: list[State] = []
    if approvals.prevent_self_approval:
        choices.append({"And": [approved, own], "Next": "Approved by starter"})
    choices.append({**approved, "Next": "Bake"})
    return {"Type": "Choice", "Choices": choices, "Default": "Rejected"}


def _bake(parts: Parts) -> State:
    model = f"States.Format('{parts.models}/{{}}', $.candidate.version)"
    return {
        "Type": "Task",
        "Resource": f"arn:{parts.partition}:states:::codebuild:startBuild.sync",
        "Parameters": {
            "ProjectName": parts.bake_project,
            "EnvironmentVariablesOverride": [
                {"Name": "TAG", "Value.$": "$.run"},
                {"Name": "MODEL", "Value.$": model},
            ],
        },
        "ResultPath": None,
        "Next": "Find image",
    }


def _find_image(parts: Parts) -> State:
    digest = "States.ArrayGetItem($.ImageDetails[*].ImageDigest, 0)"
    image = f"States.Format('{parts.registry}/{parts.repository}@{{}}', {digest})"
    return {
        "Type": "Task",
        "Resource": f"arn:{parts.partition}:states:::aws-sdk:ecr:describeImages",
        "Parameters": {
            "RepositoryName": parts.repository,
            "ImageIds": [{"ImageTag.$": "$.run"}],
        },
        "ResultSelector": {"name.$": image},
        "ResultPath": "$.image",
        "Next": "Deploy",
    }


def _deploy(parts: Parts) -> State:
    payload = {
        "step": "deploy",
        "manifest": parts.deployment,
        "run.$": "$.run",
        "image.$": "$.image.name",
        "version.$": "$.candidate.version",
        "value.$": "$.candidate.value",
    }
    return _call(parts, parts.release_function, payload, "deployed", "Watch")


def _watch(config: PipelineConfig, parts: Parts) -> State:
    payload = {
        "step": "watch",
        "minutes": config.watch_minutes,
        "patience_seconds": parts.patience_seconds,
    }
    undo = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Undo"}
    longest = parts.patience_seconds + 60 * config.watch_minutes
    called = _call(parts, parts.release_function, payload, "watched", "Done")
    return {**called, "Retry": states.retries(longest), "Catch": [undo]}


def _undo(parts: Parts) -> State:
    payload = {
        "step": "undo",
        "manifest": parts.deployment,
        "previous.$": "$.deployed.found.previous",
    }
    return _call(parts, parts.release_function, payload, "undone", "Undone")
