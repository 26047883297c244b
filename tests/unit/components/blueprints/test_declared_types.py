"""Every resource type that the reference estate declares is decided in the risk table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from stackyard.blueprints import catalogue
from stackyard.estate.estate import Estate
from stackyard.resource_risk import RISKS

ESTATE = Path(__file__).parents[4]


def declared(run: Callable[..., Any], estate: Estate, stage: str) -> set[str]:
    """Run the programs of a stage in dependency order; return the types that they declare."""
    contracts: dict[str, Any] = {}
    types: set[str] = set()
    for layer in estate.layers(estate.select([f"*/*/{stage}"])):
        for stack in layer:
            loaded = estate.load(stack)
            program = catalogue.program(
                loaded.blueprint, stack, loaded.effective, estate.upstreams(stack)
            )
            result = run(program, contracts)
            contracts[stack.reference] = result.contract
            types |= {kind for kind, _ in result.inputs}
    return types


def test_every_declared_type_is_decided(run: Callable[..., Any]) -> None:
    types = declared(run, Estate(ESTATE), "prod")
    mine = {kind for kind in types if kind.startswith(("aws:", "kubernetes:"))}
    assert len(mine) > 70, "the three blueprints declare more than that"
    assert sorted(mine - set(RISKS)) == [], "decide each in components/stackyard/resource_risk.py"
