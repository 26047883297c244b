"""Finds stacks that need no preview: nothing that they depend on changed since the last success.

The fingerprint of receipts is the definition: effective config, program, contracts read, policies,
versions, and the resources in the state. A preview reads nothing else, and so would show nothing.
The cloud may have changed all the same; `--refresh` and `drift` look there.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from stackyard_cli.engine.messages import Result
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.errors import StackyardError
from stackyard_cli.review.context import ReviewContext
from stackyard_cli.review.fingerprint import fingerprint


def unchanged(context: ReviewContext, task: Task) -> Report | None:
    """Return the report of a stack that needs no preview; None if it needs one. Starts nothing."""
    record = context.location.records(task.stack).read()
    if record is None or record.outcome != "applied" or not record.fingerprint:
        return None
    if record.digest != task.digest or record.checkpoint != _checkpoint(context, task):
        return None
    packs, state = context.packs(task.stack), record.fingerprint["state"]
    try:
        now = fingerprint(context, task, packs, state=state)
    except StackyardError:
        return None  # a contract that cannot be read: the preview says what to do
    if record.fingerprint != now:
        return None
    return Report(task, "preview", Result("succeeded"), unchanged_since=record.at)


def remember(context: ReviewContext, task: Task) -> None:
    """Record the fingerprint of a stack that was just applied, or needed no change."""
    records = context.location.records(task.stack)
    record = records.read()
    if record is None or record.outcome != "applied":
        return
    now = replace(
        record,
        fingerprint=fingerprint(context, task, context.packs(task.stack)),
        checkpoint=_checkpoint(context, task),
    )
    if now != record:
        records.write(now)


def _checkpoint(context: ReviewContext, task: Task) -> str:
    data = context.location.state(task.stack).raw()
    return "none" if data is None else hashlib.sha256(data).hexdigest()
