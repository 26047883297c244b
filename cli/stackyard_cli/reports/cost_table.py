"""Renders the cost of stacks: one row per stack, and the sources of the prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stackyard.naming import StackId
from stackyard_cli.review.gate import Review


def rows(reviews: Mapping[StackId, Review]) -> list[dict[str, Any]]:
    """Return the cost of each stack."""
    result = []
    for stack, review in reviews.items():
        facts = review.cost.to_dict()
        result.append({**facts, "stack": str(stack), "limit": facts["monthly_limit"]})
    return result


def sources(reviews: Iterable[Review]) -> list[str]:
    """Return a line for each price list that was used."""
    used = {(facts["prices_as_of"], facts["prices_source"]) for facts in _facts(reviews)}
    return [
        f"prices of {date}, {source}; storage, transfer and the resources under USAGE cost by use"
        for date, source in sorted(used)
    ]


def _facts(reviews: Iterable[Review]) -> Iterable[dict[str, Any]]:
    return (review.cost.to_dict() for review in reviews)
