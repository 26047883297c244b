"""What is left of a stack outside its state: kept on purpose or not, and what it costs a month."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from stackyard.budget.band import Priced, band
from stackyard.budget.priced import PRICED
from stackyard.budget.prices import Prices
from stackyard.data_classes import PROTECTED, DataClass, data_class_of
from stackyard_cli.backend.checkpoint import Resource
from stackyard_cli.inventory.census import Found

SNAPSHOT = ":snapshot:"
"""In the ARN of a database's snapshot, which carries the tags of its database."""

Verdict = Literal["retained", "unexpected"]


@dataclass(frozen=True)
class Leftover:
    """One thing that exists and that the state of its stack does not hold."""

    stack: str
    verdict: Verdict
    data_class: DataClass | None
    """None for what has no resource tag: nobody can say what is in it."""

    type: str
    name: str
    id: str
    floor: float | None
    """US dollars a month that it costs by being there; None where the price is not known."""

    ceiling: float | None
    cost: str
    """The cost in words, with what is not known about it."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as a row."""
        return asdict(self)


@dataclass(frozen=True)
class Stay:
    """Which resources of a stack stay when it is destroyed."""

    retain: bool
    """Whether the stage keeps what holds data or keys."""

    before: Sequence[Resource] = ()
    """The resources of the last good state, each with the engine's own `retainOnDelete`."""

    def resource(self, label: str | None) -> Resource | None:
        """Return the resource that a tag names."""
        for one in self.before:
            if label == f"{one['type']}::{one['urn'].rpartition('::')[2]}":
                return one
        return None

    def keeps(self, kind: str, resource: Resource | None) -> bool:
        """Say whether something of this type was meant to stay."""
        if resource is not None and resource.get("retainOnDelete"):
            return True
        return self.retain and data_class_of(kind) in PROTECTED


def leftover(stack: str, found: Found, stay: Stay, prices: Prices) -> Leftover:
    """Return what a found thing is: by its resource tag, and by what the last state says of it."""
    if SNAPSHOT in found.arn:
        # Nobody makes one but on purpose: a person, or the destroy of a protected database.
        cost = "by use (snapshot storage)"
        name = found.arn.rpartition(SNAPSHOT)[2]
        kind = _service(found.arn)
        return Leftover(stack, "retained", "stateful", kind, name, found.arn, None, None, cost)
    kind, _, name = (found.label or "").rpartition("::")
    resource = stay.resource(found.label)
    inputs = (resource.get("inputs") or {}) if resource else None
    floor, ceiling, cost = _cost(kind, name, inputs, prices)
    return Leftover(
        stack=stack,
        verdict="retained" if kind and stay.keeps(kind, resource) else "unexpected",
        data_class=data_class_of(kind) if kind else None,
        type=kind or _service(found.arn),
        name=name or found.last,
        id=found.arn,
        floor=floor,
        ceiling=ceiling,
        cost=cost,
    )


def total(rows: Iterable[Leftover]) -> str:
    """Return the cost of several in words; what is not known is counted, never taken for zero."""
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
    found = band([Priced(kind, name, inputs or {})], prices)
    if found.unknown:
        return None, None, f"not known: {', '.join(found.unknown)}"
    if found.usage:
        return None, None, f"by use ({found.usage[0].partition(': ')[2]})"
    return found.floor, found.ceiling, _amount(found.floor, found.ceiling)


def _amount(low: float, high: float) -> str:
    text = f"{low:,.2f}" if low == high else f"{low:,.2f} to {high:,.2f}"
    return f"{text} USD a month"


def _service(arn: str) -> str:
    parts = arn.split(":")
    if len(parts) < 6:
        return "untagged"
    return f"{parts[2]}:{parts[5].partition('/')[0].partition(':')[0]}"
