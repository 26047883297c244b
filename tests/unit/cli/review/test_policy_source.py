"""A change is judged by the rules of the branch it is merged into, not by those it brings."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard.estate.errors import EstateError
from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard_cli.review.policy_source import PolicySource
from tests.support.git import Repo

PROD, DEV = StackId("ranking", "recommender", "prod"), StackId("ranking", "recommender", "dev")
OVERRIDE = """\
  overrides:
    - {{rule: keys-rotate, stage: dev, level: disabled, reason: a reason long enough,
       owner: a@b.example, expires: {date}}}
"""


def rules(repo: Repo, stack: StackId, base: str | None = "main") -> dict[str, dict[str, Any]]:
    """The configuration of each rule for a stack of the working tree."""
    estate = Estate(repo.root)
    judge = (
        PolicySource.of_revision(repo.root, base, [stack])
        if base
        else PolicySource(estate.settings)
    )
    [config] = judge.packs(estate.load(stack)).values()
    return {name: dict(rule) for name, rule in config.items()}


def weaken(repo: Repo, date: str = "2199-12-31") -> None:
    text = (repo.root / "stacks/_estate.yaml").read_text()
    repo.write("stacks/_estate.yaml", text + OVERRIDE.format(date=date))


def test_a_level_that_the_change_lowers_stays(repo: Repo) -> None:
    weaken(repo)
    assert rules(repo, DEV, None)["keys-rotate"]["enforcementLevel"] == "disabled"
    assert rules(repo, DEV)["keys-rotate"]["enforcementLevel"] == "mandatory"
    repo.commit()
    repo.git("branch", "-f", "main", "change")
    assert rules(repo, DEV)["keys-rotate"]["enforcementLevel"] == "disabled"


def test_settings_of_rules_are_those_of_main(repo: Repo) -> None:
    repo.replace("stacks/_estate.yaml", "personal_days: 730", "personal_days: 9000")
    assert rules(repo, DEV)["personal-data-bounded"]["personal_days"] == 730


def test_a_stack_cannot_leave_its_packs(repo: Repo) -> None:
    repo.replace("stacks/_stages/prod.yaml", "protect: true", "protect: false")
    assert rules(repo, PROD, None)["protection-stateful"]["enforcementLevel"] == "disabled"
    held = rules(repo, PROD)["protection-stateful"]
    assert (held["enforcementLevel"], held["protected"]) == ("mandatory", True)


def test_a_new_stack_is_held_to_what_it_says(repo: Repo) -> None:
    text = (repo.root / "stacks/ranking/recommender/dev.yaml").read_text()
    repo.write("stacks/ranking/other/dev.yaml", text)
    found = rules(repo, StackId("ranking", "other", "dev"))
    assert found["protection-stateful"]["enforcementLevel"] == "disabled"
    assert found["keys-rotate"]["enforcementLevel"] == "mandatory"


def test_the_change_that_deletes_an_expired_override_passes(repo: Repo) -> None:
    weaken(repo, "2020-01-31")
    repo.commit()
    repo.git("branch", "-f", "main", "change")
    repo.git("checkout", "-q", "main~1", "--", "stacks/_estate.yaml")
    assert rules(repo, DEV)["keys-rotate"]["enforcementLevel"] == "mandatory"


def test_a_revision_without_an_estate(repo: Repo) -> None:
    repo.git("switch", "-q", "--orphan", "empty")
    repo.git("commit", "-q", "--allow-empty", "-m", "start")
    repo.git("switch", "-q", "change")
    with pytest.raises(EstateError, match="contains no estate"):
        rules(repo, DEV, "empty")
