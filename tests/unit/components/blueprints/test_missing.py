"""A resource that somebody deleted is made again, and nothing else is replaced for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stackyard.blueprints import catalogue
from stackyard.estate.estate import Estate

ROOT = Path(__file__).parents[4]
CHAIN = ("platform/foundation/dev", "platform/services/dev", "vision/defects/dev")
GUARDS = frozenset(
    {
        "aws:eks/accessEntry:AccessEntry",
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "aws:iam/rolePolicy:RolePolicy",
        "kubernetes:batch/v1:Job",
        "kubernetes:core/v1:LimitRange",
        "kubernetes:core/v1:ResourceQuota",
        "kubernetes:core/v1:Service",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    }
)
"""What others only wait for; none of their properties depends on it."""


def known(value: Any) -> bool:
    """Whether a preview knows the value; what it does not know is an object of the SDK."""
    if isinstance(value, dict):
        return all(map(known, value.values()))
    if isinstance(value, list):
        return all(map(known, value))
    return value is None or isinstance(value, str | int | float | bool)


@pytest.fixture(scope="module")
def stacks(run: Callable[..., Any]) -> list[tuple[Callable[[], None], dict[str, Any]]]:
    """Return the programs of a chain of stacks, with the contracts of those before."""
    estate, contracts, programs = Estate(ROOT), dict[str, Any](), []
    for name in CHAIN:
        stack = estate.one(name)
        loaded = estate.load(stack)
        upstreams = estate.upstreams(stack)
        program = catalogue.program(loaded.blueprint, stack, loaded.effective, upstreams)
        programs.append((program, dict(contracts)))
        contracts[stack.reference] = run(program, contracts).contract
    return programs


def unknown(made: Any) -> Iterator[str]:
    """Yield the inputs that are not known; the mocks compute few outputs, so some never are."""
    for (token, name), inputs in made.inputs.items():
        yield from (f"{token} {name}: {key}" for key, one in inputs.items() if not known(one))


def test_nothing_depends_on_the_id_of_what_it_only_waits_for(
    run: Callable[..., Any], stacks: Any
) -> None:
    for program, contracts in stacks:
        there = run(program, contracts, missing={"nothing"})
        missing = run(program, contracts, missing=GUARDS)
        assert set(unknown(missing)) - set(unknown(there)) == set()


def test_an_unknown_value_is_seen(run: Callable[..., Any], stacks: Any) -> None:
    program, contracts = stacks[0]
    made = run(program, contracts, missing={"aws:ec2/vpc:Vpc"})
    assert any(one.endswith(": vpcId") for one in unknown(made))
