"""Checks an apply against its approved receipts, before the engine starts and after the preview."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stackyard.naming import StackId
from stackyard_cli import render
from stackyard_cli.engine.report import Task
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.review import receipt
from stackyard_cli.review.context import ReviewContext
from stackyard_cli.review.fingerprint import Fingerprint, fingerprint, mismatches, state_digest
from stackyard_cli.review.gate import Review
from stackyard_cli.review.receipt_file import receipt_file


def path_of(target: Path, stack: StackId, *, several: bool) -> Path:
    """Return the path of a stack's receipt: the named file, or a file in the named folder."""
    return target / receipt_file(stack) if several or target.is_dir() else target


def bound(context: ReviewContext, task: Task) -> Fingerprint:
    """Return the current fingerprint of a stack."""
    return fingerprint(context, task, context.packs(task.stack))


@dataclass(frozen=True)
class Approval:
    """The receipts that an apply must match, by stack."""

    context: ReviewContext
    receipts: Mapping[StackId, receipt.Receipt]

    @classmethod
    def opened(
        cls, context: ReviewContext, target: Path, tasks: Sequence[Task], digest: str | None
    ) -> Approval:
        """Read the receipts of these stacks; raises StackyardError (exit 3) before any change."""
        receipts: dict[StackId, receipt.Receipt] = {}
        for task in tasks:
            path = path_of(target, task.stack, several=len(tasks) > 1)
            if not path.is_file():
                raise receipt.refused(f"{task.stack}: no receipt at {path}")
            content = receipt.read(path, expected_digest=digest)
            if content["stack"] != str(task.stack):
                raise receipt.refused(f"{path} is of {content['stack']}, not of {task.stack}")
            receipts[task.stack] = content
        approval = cls(context, receipts)
        approval._check_fingerprints(tasks)
        return approval

    @property
    def refresh(self) -> bool:
        """Whether the approved previews refreshed the state first."""
        return any(content["refresh"] for content in self.receipts.values())

    def check_same(self, reviews: Iterable[Review]) -> None:
        """Refuse a change that differs from the approved one; the error lists the differences."""
        problems: list[str] = []
        for review in reviews:
            stack = review.report.stack
            approved = self.receipts[stack]
            now = {"steps": review.steps, **review.to_dict()}
            problems += [f"{stack}: {text}" for text in receipt.differences(approved, now)]
        if problems:
            raise _refusal("the change is not the one that was approved", problems)

    def check_state(self, tasks: Iterable[Task]) -> None:
        """Refuse stacks whose state changed after the approval; called just before the apply."""
        moved = [
            f"{task.stack}: state: approved {approved[:12]}…, now {now[:12]}…"
            for task in tasks
            if (now := state_digest(self.context, task))
            != (approved := self.receipts[task.stack]["fingerprint"]["state"])
        ]
        if moved:
            raise _refusal("the state has changed since the approval", moved)

    def _check_fingerprints(self, tasks: Iterable[Task]) -> None:
        problems = [
            f"{task.stack}: {text}"
            for task in tasks
            for text in mismatches(
                self.receipts[task.stack]["fingerprint"], bound(self.context, task)
            )
        ]
        if problems:
            raise _refusal("the receipt is stale", problems)


def keep(
    context: ReviewContext, target: Path, reviews: Sequence[Review], *, refresh: bool
) -> list[Path]:
    """Write the receipt of each reviewed stack."""
    several = len(reviews) > 1 or target.suffix != ".json"
    written: list[Path] = []
    for review in reviews:
        path = path_of(target, review.report.stack, several=several)
        content = receipt.receipt(review, bound(context, review.report.task), refresh=refresh)
        receipt.write(path, content)
        render.narrate(f"{path}: receipt of {review.report.stack}, digest {content['digest']}")
        written.append(path)
    return written


def _refusal(message: str, problems: Sequence[str]) -> StackyardError:
    return StackyardError(
        f"{message}: {problems[0]}" if len(problems) == 1 else message,
        hint="preview again with `--receipt FILE`, and have the new one approved",
        code=ExitCode.STOPPED,
        details=problems if len(problems) > 1 else (),
        facts={"differences": list(problems)},
    )
