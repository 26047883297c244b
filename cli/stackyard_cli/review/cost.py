"""Computes the cost band of a preview, before and after it, and compares it with the budget."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from stackyard.budget.band import Band, Priced, band
from stackyard.budget.config import BudgetConfig
from stackyard.budget.prices import Prices
from stackyard_cli.engine.messages import Step


@dataclass(frozen=True)
class Cost:
    """The monthly cost of a stack before and after a change, in US dollars."""

    before: Band
    after: Band
    prices: Prices
    budget: BudgetConfig | None = None

    @property
    def delta(self) -> tuple[float, float]:
        """The change of floor and ceiling."""
        return (
            round(self.after.floor - self.before.floor, 2),
            round(self.after.ceiling - self.before.ceiling, 2),
        )

    @property
    def stop(self) -> str | None:
        """The reason to stop the change: the amount above the limit; None if there is none."""
        if self.budget is None:
            return None
        amount = getattr(self.after, self.budget.block_on)
        if amount <= self.budget.monthly_limit:
            return None
        return f"the {self._above(self.budget.block_on, amount, self.budget)}"

    @property
    def warning(self) -> str | None:
        """The warning that the ceiling is above the limit, if only the floor stops a change."""
        if self.budget is None or self.stop or self.after.ceiling <= self.budget.monthly_limit:
            return None
        return f"the {self._above('ceiling', self.after.ceiling, self.budget)}"

    def _above(self, which: str, amount: float, budget: BudgetConfig) -> str:
        return (
            f"{which} of {amount:,.2f} USD a month is above `budget.monthly_limit` "
            f"of {budget.monthly_limit:,}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the cost as plain data."""
        floor, ceiling = self.delta
        return {
            **self.after.to_dict(),
            "delta": {"floor": floor, "ceiling": ceiling},
            "currency": "USD",
            "region": self.prices.region,
            "prices_as_of": self.prices.as_of,
            "prices_source": self.prices.source,
            "monthly_limit": self.budget.monthly_limit if self.budget else None,
        }

    def __str__(self) -> str:
        floor, ceiling = self.delta
        moved = f" ({floor:+,.2f} to {ceiling:+,.2f})" if (floor, ceiling) != (0, 0) else ""
        text = f"{self.after.floor:,.2f} to {self.after.ceiling:,.2f} USD a month{moved}"
        if self.after.unknown:
            text += f"; price not known: {', '.join(self.after.unknown)}"
        return text


def cost_of(steps: Iterable[Step], prices: Prices, budget: BudgetConfig | None = None) -> Cost:
    """Return the cost of a previewed stack; `steps` must include those of unchanged resources."""
    real = [step for step in steps if step.custom]
    before = [_priced(step, step.priced_before) for step in real if step.kind != "create"]
    after = [_priced(step, step.priced_after) for step in real if step.kind != "delete"]
    return Cost(band(before, prices), band(after, prices), prices, budget)


def _priced(step: Step, inputs: dict[str, Any] | None) -> Priced:
    return Priced(step.type, step.name, inputs or {})
