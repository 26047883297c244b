"""Approvals of a project's pipeline: the waiting candidates, and a person's decision on one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.mlops.pipeline import PipelineClient, aws_errors

if TYPE_CHECKING:
    from stackyard.pipeline.runs import Question

Decision = Literal["approve", "reject"]


def decide(pipeline: PipelineClient, run: str | None, decision: Decision, comment: str) -> Question:
    """Approve or reject the candidate of a run, and continue the run; return its question.

    Raises StackyardError if no run, or more than one, matches; or if the stage does not allow
    people to approve runs that they started.
    """
    from stackyard.pipeline.attestation import answer, answer_key, signature

    question = _chosen(pipeline, run)
    own = pipeline.person == question.started_by
    if decision == "approve" and pipeline.prevent_self_approval and own:
        raise StackyardError(
            f"{question.run} was started by {question.started_by}, and "
            f"{pipeline.stack.stage} prevents self-approval",
            hint="ask somebody else of the pipeline's `approvers`",
            code=ExitCode.STOPPED,
        )
    pipeline.put(answer_key(pipeline.caller, question.run), answer(decision, comment))
    with aws_errors():
        pipeline.client.send_task_success(
            taskToken=question.token, output=signature(pipeline.caller)
        )
    return question


def row(question: Question) -> dict[str, Any]:
    """Return one waiting candidate as a row."""
    return {
        "run": question.run,
        "candidate": question.version,
        "value": question.value,
        "champion": question.champion,
        "champion_value": question.champion_value,
        "started_by": question.started_by,
        "expires": f"{question.expires:%Y-%m-%d %H:%M}",
    }


def _chosen(pipeline: PipelineClient, run: str | None) -> Question:
    questions = pipeline.questions()
    matching = [each for each in questions if run is None or each.run == run]
    if len(matching) == 1:
        return matching[0]
    waiting = ", ".join(each.run for each in questions) or "none"
    if run is not None:
        what = f"{run} does not wait for an approval"
    elif matching:
        what = "several runs wait for an approval: name one"
    else:
        what = "no run waits for an approval"
    hint = f"runs that wait: {waiting}"
    raise StackyardError(f"{pipeline.stack}: {what}", hint=hint, code=ExitCode.INVALID)
