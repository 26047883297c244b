"""A role that previews may read every kind that the reference estate puts into a cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stackyard.blueprints import catalogue
from stackyard.cluster.preview import CORE, OTHER_GROUPS, READ_ONLY_GROUPS
from stackyard.estate.estate import Estate
from tests.support.estates import ROOT

CHAIN = ("platform/foundation/dev", "platform/services/dev", "vision/defects/dev")


def kinds(run: Callable[..., Any]) -> set[tuple[str, str]]:
    """Return the group and kind of each Kubernetes object of a stage."""
    estate, contracts, found = Estate(ROOT), dict[str, Any](), set[tuple[str, str]]()
    for name in CHAIN:
        stack = estate.one(name)
        loaded = estate.load(stack)
        upstreams = estate.upstreams(stack)
        program = catalogue.program(loaded.blueprint, stack, loaded.effective, upstreams)
        done = run(program, contracts)
        contracts[stack.reference] = done.contract
        for token, _ in done.inputs:
            package, _, kind = token.partition(":")
            if package == "kubernetes":
                group, _, name = kind.partition(":")
                found.add((group.rpartition("/")[0], name))
    return found


def test_every_kind_of_the_reference_estate_is_readable(run: Callable[..., Any]) -> None:
    made = kinds(run)
    core = {kind.lower() + "s" for group, kind in made if group in ("", "core")}
    groups = {group for group, _ in made} - {"", "core"}
    assert len(core) > 3
    assert len(groups) > 5
    assert core <= {*CORE}
    assert groups <= {*OTHER_GROUPS, *READ_ONLY_GROUPS}


def test_previews_enter_the_cluster_in_a_group_without_any_access_policy(
    run: Callable[..., Any],
) -> None:
    stack = Estate(ROOT).one(CHAIN[0])
    loaded = Estate(ROOT).load(stack)
    made = run(catalogue.program("foundation", stack, loaded.effective, {}))
    role = "arn:aws:iam::123456789012:role/stackyard-preview"
    entries = made.of_type("aws:eks/accessEntry:AccessEntry").values()
    own = [entry for entry in entries if entry["principalArn"] == role]
    assert [entry["kubernetesGroups"] for entry in own] == [["stackyard:preview"]]
    policies = made.of_type("aws:eks/accessPolicyAssociation:AccessPolicyAssociation").values()
    assert role not in {policy["principalArn"] for policy in policies}
