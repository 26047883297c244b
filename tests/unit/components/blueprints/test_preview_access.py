"""A role that previews may read every kind that the reference estate puts into a cluster."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from stackyard.blueprints import catalogue
from stackyard.cluster.preview import READ_ONLY, RESOURCES
from stackyard.estate.estate import Estate
from tests.support.estates import ROOT

READABLE = {**RESOURCES, **READ_ONLY}
RELEASE = ("helm.sh", "Release")
"""No kind of a cluster: a refresh of it reads Helm's records."""

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
    return found - {RELEASE}


def test_every_kind_of_the_reference_estate_is_readable(run: Callable[..., Any]) -> None:
    made = {("" if group == "core" else group, plural(kind)) for group, kind in kinds(run)}
    readable = {(group, one) for group, names in READABLE.items() for one in names}
    assert len(made) > 15
    assert made - readable == set()


def test_records_of_releases_are_readable_because_they_are_no_secrets(
    run: Callable[..., Any],
) -> None:
    """Helm keeps them in Secrets by default, and lists them by label, which RBAC cannot allow."""
    stack = Estate(ROOT).one(CHAIN[1])
    loaded, upstreams = Estate(ROOT).load(stack), Estate(ROOT).upstreams(stack)
    foundation = Estate(ROOT).one(CHAIN[0])
    below = catalogue.program("foundation", foundation, Estate(ROOT).load(foundation).effective, {})
    contracts = {foundation.reference: run(below).contract}
    made = run(catalogue.program("services", stack, loaded.effective, upstreams), contracts)
    (provider,) = made.of_type("pulumi:providers:kubernetes").values()
    assert json.loads(provider["helmReleaseSettings"]) == {"driver": "configmap"}
    assert made.of_type("kubernetes:helm.sh/v3:Release")
    assert "configmaps" in RESOURCES[""]
    assert "secrets" not in {name for names in READABLE.values() for name in names}


def plural(kind: str) -> str:
    """Return the name of a kind in paths of the API, as its English plural."""
    name = kind.lower()
    if name.endswith("y"):
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x")) else f"{name}s"


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
