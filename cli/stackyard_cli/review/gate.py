"""Reviews a preview: policy, blast radius and budget; each of them can stop the change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import typer

from stackyard.budget.prices import Prices
from stackyard_cli.engine.messages import Violation
from stackyard_cli.engine.report import Report
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.review import blast_radius, policies, price_list, steps
from stackyard_cli.review.context import ReviewContext
from stackyard_cli.review.cost import Cost, cost_of
from stackyard_cli.review.replaced_nodes import ReplacedNodes, replaced_nodes

Kind = Literal["policy", "blast radius", "budget"]


@dataclass(frozen=True)
class Stop:
    """One reason why a change must not be applied, with a hint."""

    kind: Kind
    message: str
    hint: str

    def to_dict(self) -> dict[str, str]:
        """Return it as plain data."""
        return {"kind": self.kind, "message": self.message, "hint": self.hint}


@dataclass(frozen=True)
class Review:
    """The preview of one stack with its policy results, cost, stops and warnings."""

    report: Report
    steps: list[steps.StepDict]
    violations: list[Violation]
    cost: Cost
    stops: list[Stop]
    warnings: list[str]
    nodes: list[ReplacedNodes] = field(default_factory=list)
    """What happens to running nodes; receipts do not compare it, for nodes come and go."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that a review adds to a report, as plain data."""
        return {
            "policy": [policies.to_dict(item) for item in self.violations],
            "cost": self.cost.to_dict(),
            "stops": [stop.to_dict() for stop in self.stops],
            "warnings": self.warnings,
            "nodes": [one.to_dict() for one in self.nodes],
        }

    def lines(self) -> list[str]:
        """Return its lines for people, stops first."""
        lines = [f"    stopped by {stop.kind}: {stop.message}" for stop in self.stops]
        lines += [f"    warning: {text}" for text in self.warnings]
        lines += [f"    nodes: {one}" for one in self.nodes]
        return ["  review", *lines, f"    cost: {self.cost}"]


def reviewed(context: ReviewContext, report: Report) -> Review:
    """Review a preview whose upstreams are applied."""
    loaded = context.loaded[report.stack]
    config = loaded.config
    violations = _each_once(report.violations)
    cost = cost_of(report.steps.values(), _prices(context, config.region), config.budget)
    stops = [_policy(item) for item in violations if item.level == "mandatory"]
    losses = blast_radius.losses_of(report)
    stops += [_loss(one) for one in blast_radius.unwaived(losses, config.waivers)]
    if cost.stop:
        stops.append(Stop("budget", cost.stop, "make the stack smaller, or raise the limit"))
    warnings = [
        f"{'not checked yet, ' if policies.unchecked(item) else ''}{policies.text_of(item)}"
        for item in violations
        if item.level != "mandatory"
    ]
    warnings += [cost.warning] if cost.warning else []
    changes = context.config_changes(report.task)
    return Review(
        report,
        steps.normalised(report, changes),
        violations,
        cost,
        stops,
        warnings,
        replaced_nodes(context, report),
    )


def stop(reviews: Iterable[Review], *, json: bool) -> None:
    """End with exit code 3 if anything stops one of the changes; nothing has been changed."""
    stopped = [review for review in reviews if review.stops]
    if not stopped:
        return
    if json:
        # The JSON answer has the reasons; a second document would make it invalid.
        raise typer.Exit(ExitCode.STOPPED)
    names = ", ".join(str(review.report.stack) for review in stopped)
    kinds = sorted({item.kind for review in stopped for item in review.stops})
    raise StackyardError(
        f"{names}: stopped by {', '.join(kinds)}; nothing was changed",
        hint=stopped[0].stops[0].hint,
        code=ExitCode.STOPPED,
        facts={str(r.report.stack): [s.to_dict() for s in r.stops] for r in stopped},
    )


def _policy(violation: Violation) -> Stop:
    hint = f"`stackyard policy explain {violation.policy}` shows the reason and the fix"
    return Stop("policy", policies.text_of(violation), hint)


def _loss(loss: blast_radius.Loss) -> Stop:
    hint = (
        f"to allow it, add to the stack file `waivers: [{{resource: {loss.name}, reason: …, "
        "owner: …, expires: DATE}]`"
    )
    return Stop("blast radius", str(loss), hint)


def _each_once(violations: Iterable[Violation]) -> list[Violation]:
    """Return violations sorted, without duplicates: the engine reports some of them twice."""
    unique: Mapping[tuple[str, str, str], Violation] = {
        (item.level, item.policy, item.message): item for item in violations
    }
    return sorted(unique.values(), key=lambda item: (item.policy, item.message))


def _prices(context: ReviewContext, region: str) -> Prices:
    return price_list.prices(Path(context.location.home), region)
