"""Renders an upgrade preview: the changes by the installed code to one stack, risk first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from stackyard_cli.engine.messages import Step
from stackyard_cli.engine.report import Report
from stackyard_cli.reports import summary
from stackyard_cli.review.blast_radius import Loss, losses_of
from stackyard_cli.review.config_changes import ConfigChange
from stackyard_cli.review.gate import Review
from stackyard_cli.review.permissions import NewPermissions, new_permissions

SHOWN = 15
"""Maximum number of lines of one kind in a block for people; `--json` has all of them."""


@dataclass(frozen=True)
class Rehearsal:
    """The upgrade preview of one stack."""

    report: Report
    is_new: bool = False
    """The stack is not applied yet: it has nothing to lose, and everything is added."""

    review: Review | None = None
    """None if there is no preview."""

    edits: Sequence[ConfigChange] = ()
    """Edits of the stack's files that are not applied yet; the code did not cause them."""

    losses: Sequence[Loss] = ()
    removed: Sequence[Step] = ()
    """Resources without data that would be replaced or deleted."""

    permissions: NewPermissions = field(default_factory=NewPermissions)

    @classmethod
    def of(
        cls, report: Report, review: Review | None, edits: Sequence[ConfigChange], *, is_new: bool
    ) -> Rehearsal:
        """Return the upgrade preview of a stack."""
        if review is None:
            return cls(report, is_new)
        lost = losses_of(report)
        urns = {loss.urn for loss in lost}
        removed = [
            step
            for step in report.changing
            if step.custom and step.kind in {"delete", "replace"} and step.urn not in urns
        ]
        grants = new_permissions(report.steps.values())
        return cls(report, is_new, review, edits, lost, removed, grants)

    @property
    def rank(self) -> tuple[int, int, int, str]:
        """Sort key: stacks that lose data are first, then those without a preview."""
        added = len(self.permissions.added) + len(self.permissions.unknown)
        first = 0 if self.losses else 1 if not self.report.previewed else 2
        return (first, -len(self.removed), -added, str(self.report.stack))

    def lines(self) -> Iterator[str]:
        """Yield the stack's block."""
        yield f"{self.report.stack}: {self._title()}"
        if self.review is None:
            return
        yield from _bounded([f"! {loss}" for loss in self.losses])
        yield from (f"    ! stopped by {s.kind}: {s.message}" for s in self._other_stops())
        yield from _bounded([_line_of(step) for step in self.removed])
        yield from _bounded(self._allowed())
        if unknown := self.permissions.unknown:
            yield f"    ? permissions not known before an apply: {', '.join(unknown)}"
        if any(self.review.cost.delta) or self.review.cost.after.unknown:
            yield f"    cost: {self.review.cost}"
        if self.edits:
            named = ", ".join(edit.path for edit in self.edits[:SHOWN])
            yield f"    {len(self.edits)} values of its files are not applied yet: {named}"

    def to_dict(self) -> dict[str, Any]:
        """Return the block as plain data."""
        review = self.review
        return {
            "stack": str(self.report.stack),
            "outcome": _outcome(self.report),
            "problem": self.report.result.problem,
            "new": self.is_new,
            "changes": summary.counts(self.report),
            "losses": [asdict(loss) for loss in self.losses],
            "replaces": [_to_dict(s) for s in self.removed if s.kind == "replace"],
            "deletes": [_to_dict(s) for s in self.removed if s.kind == "delete"],
            "permissions": [one.to_dict() for one in self.permissions.added],
            "permissions_unknown": self.permissions.unknown,
            "cost": review.cost.to_dict() if review else None,
            "stops": [stop.to_dict() for stop in review.stops] if review else [],
            "edits": [asdict(edit) for edit in self.edits],
        }

    def _title(self) -> str:
        if not self.report.known:
            return f"not rehearsed: {self.report.result.problem}"
        if self.review is None:
            return f"cannot be rendered: {self.report.result.problem}"
        tally = summary.counts(self.report)
        counted = ", ".join(
            summary.COUNTED[word] if word == "outputs" else f"{number} {summary.COUNTED[word]}"
            for word, number in tally.items()
        )
        counted = counted or ("no change of resources" if self.report.changing else "no change")
        if self.losses:
            return f"RISK, {len(self.losses)} with data or keys would be deleted; {counted}"
        return f"not applied yet, {counted}" if self.is_new else counted

    def _allowed(self) -> list[str]:
        """Return the added permissions; those of a new stack are only counted."""
        added = self.permissions.added
        if self.is_new and added:
            return [f"+ {len(added)} permissions of {len({one.holder for one in added})} holders"]
        return [f"+ {one}" for one in added]

    def _other_stops(self) -> list[Any]:
        """Return the stops other than losses, which have their own lines."""
        stops = self.review.stops if self.review else []
        return [stop for stop in stops if stop.kind != "blast radius"]


def _outcome(report: Report) -> str:
    if not report.known:
        return "not rehearsed"
    return "rehearsed" if report.previewed else "failed"


def _line_of(step: Step) -> str:
    kind = step.kind
    why = f" because of {', '.join(step.replace_keys)}" if step.replace_keys else ""
    kept = ", kept in the cloud" if kind == "delete" and step.retained else ""
    return f"{'±' if kind == 'replace' else '-'} {kind} {step.type} {step.name}{why}{kept}"


def _to_dict(step: Step) -> dict[str, Any]:
    return {
        "urn": step.urn,
        "type": step.type,
        "name": step.name,
        "because": list(step.replace_keys),
        "kept": step.retained and step.kind == "delete",
    }


def _bounded(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"    {line}" for line in lines[:SHOWN])
    if len(lines) > SHOWN:
        yield f"    and {len(lines) - SHOWN} more, which `--json` has"
