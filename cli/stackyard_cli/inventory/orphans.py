"""Orphaned resources: they exist in the account, and are in no state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from stackyard.budget.band import Priced, band
from stackyard.budget.priced import PRICED
from stackyard.budget.prices import Prices
from stackyard.resource_risk import PROTECTED, DataClass, data_class_of
from stackyard_cli.backend.checkpoint import Resource
from stackyard_cli.inventory.census import TaggedResource

SNAPSHOT = ":snapshot:"
"""Part of the ARN of a database's snapshot, which has the tags of its database."""

Verdict = Literal["retained", "unexpected"]


@dataclass(frozen=True)
class Orphan:
    """One existing resource that is not in the state of its stack."""

    stack: str
    verdict: Verdict
    data_class: DataClass | None
    """None for a resource without a resource tag: its content is not known."""

    type: str
    name: str
    id: str
    floor: float | None
    """Monthly cost in US dollars without any use; None if the price is not known."""

    ceiling: float | None
    cost: str
    """The cost as text, with its unknown parts."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as a row."""
        return asdict(self)


@dataclass
class Orphans:
    """The result of a search: orphaned resources, and the types that could not be searched."""

    rows: list[Orphan] = field(default_factory=list)
    not_seen: list[str] = field(default_factory=list)

    @property
    def unexpected(self) -> list[Orphan]:
        """Resources that were not kept on purpose."""
        return [row for row in self.rows if row.verdict == "unexpected"]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"leftovers": [row.to_dict() for row in self.rows], "not_seen": self.not_seen}

    def lines(self) -> list[str]:
        """Return the summary for people; empty if nothing was found and everything was searched."""
        retained = [row for row in self.rows if row.verdict == "retained"]
        counted = [("retained", retained), ("unexpected", self.unexpected)]
        lines = [f"{len(rows)} {verdict}: {total(rows)}" for verdict, rows in counted if rows]
        return [*lines, *(f"not searched: {text}" for text in self.not_seen)]


@dataclass(frozen=True)
class Retained:
    """The resources of a stack that a destroy keeps."""

    by_stage: bool
    """Whether the stage keeps resources with data or keys (`protection.retain`)."""

    before: Sequence[Resource] = ()
    """The resources of the last good state, each with the engine's own `retainOnDelete`."""

    def resource(self, label: str | None) -> Resource | None:
        """Return the resource that a resource tag names."""
        for one in self.before:
            if label == f"{one['type']}::{one['urn'].rpartition('::')[2]}":
                return one
        return None

    def covers(self, kind: str, resource: Resource | None) -> bool:
        """Return whether a resource of this type was kept on purpose."""
        if resource is not None and resource.get("retainOnDelete"):
            return True
        return self.by_stage and data_class_of(kind) in PROTECTED


def classified(stack: str, tagged: TaggedResource, retained: Retained, prices: Prices) -> Orphan:
    """Classify a resource by its resource tag and by its entry in the last good state."""
    if SNAPSHOT in tagged.arn:
        # A snapshot is always created on purpose: by a person, or at the deletion of a database.
        cost = "by use (snapshot storage)"
        name = tagged.arn.rpartition(SNAPSHOT)[2]
        kind = _service(tagged.arn)
        return Orphan(stack, "retained", "stateful", kind, name, tagged.arn, None, None, cost)
    kind, _, name = (tagged.label or "").rpartition("::")
    resource = retained.resource(tagged.label)
    inputs = (resource.get("inputs") or {}) if resource else None
    floor, ceiling, cost = _cost(kind, name, inputs, prices)
    return Orphan(
        stack=stack,
        verdict="retained" if kind and retained.covers(kind, resource) else "unexpected",
        data_class=data_class_of(kind) if kind else None,
        type=kind or _service(tagged.arn),
        name=name or tagged.last,
        id=tagged.arn,
        floor=floor,
        ceiling=ceiling,
        cost=cost,
    )


def total(rows: Iterable[Orphan]) -> str:
    """Return the total cost as text; unknown costs are counted, never treated as zero."""
    rows = list(rows)
    known = [row for row in rows if row.floor is not None and row.ceiling is not None]
    low, high = (
        round(sum(getattr(row, edge) for row in known), 2) for edge in ("floor", "ceiling")
    )
    parts = [_amount(low, high)] if known else []
    if unknown := len(rows) - len(known):
        parts.append(f"{unknown} of unknown cost or by use")
    return " and ".join(parts)


def _cost(
    kind: str, name: str, inputs: dict[str, Any] | None, prices: Prices
) -> tuple[float | None, float | None, str]:
    if not kind:
        return None, None, "not known: it has no resource tag"
    if PRICED.get(kind) and inputs is None:
        return None, None, "not known: its size is in no state"
    cost = band([Priced(kind, name, inputs or {})], prices)
    if cost.unknown:
        return None, None, f"not known: {', '.join(cost.unknown)}"
    if cost.usage:
        return None, None, f"by use ({cost.usage[0].partition(': ')[2]})"
    return cost.floor, cost.ceiling, _amount(cost.floor, cost.ceiling)


def _amount(low: float, high: float) -> str:
    text = f"{low:,.2f}" if low == high else f"{low:,.2f} to {high:,.2f}"
    return f"{text} USD a month"


def _service(arn: str) -> str:
    parts = arn.split(":")
    if len(parts) < 6:
        return "untagged"
    return f"{parts[2]}:{parts[5].partition('/')[0].partition(':')[0]}"
