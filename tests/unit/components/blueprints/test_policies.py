"""No resource of the reference estate is stopped by the packs: found without an engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stackyard.blueprints import catalogue
from stackyard.estate.estate import Estate
from stackyard_policies.catalogue import RULES
from stackyard_policies.rule import Settings, Subject
from tests.support.estates import ROOT

CHAIN = ("platform/foundation/dev", "platform/services/dev", "vision/defects/dev")
GROUPS = ("kubernetes:rbac", "kubernetes:admission", "kubernetes:core/v1:Persistent", "aws:iam")
"""Kinds whose rules read inputs that a run without an engine knows."""


def test_rules_about_rights_and_volumes_hold(run: Callable[..., Any]) -> None:
    estate, contracts = Estate(ROOT), dict[str, Any]()
    subjects: list[Subject] = []
    for name in CHAIN:
        stack = estate.one(name)
        loaded = estate.load(stack)
        upstreams = estate.upstreams(stack)
        program = catalogue.program(loaded.blueprint, stack, loaded.effective, upstreams)
        made = run(program, contracts)
        contracts[stack.reference] = made.contract
        subjects += [
            Subject(f"{name}:{token}:{logical}", token, logical, inputs)
            for (token, logical), inputs in made.inputs.items()
            if token.startswith(GROUPS)
        ]
    assert len(subjects) > 100
    # The provider adds the tags, and no provider runs here.
    settings = Settings(stage="dev", required_tags=())
    found = [
        problem
        for rule in RULES.values()
        if rule.resource_check
        for problem in rule.findings(subjects, settings)
    ]
    assert found == []
