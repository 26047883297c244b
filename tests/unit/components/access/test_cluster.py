"""What the compiled roles and the admission make of each question about the namespace."""

from __future__ import annotations

import pytest

from stackyard.access import cluster
from stackyard.namespace.rbac import RULES, Rule


def test_a_rule_covers_by_group_resource_and_verb() -> None:
    rules: list[Rule] = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": ["*"], "resources": ["jobs"], "verbs": ["*"]},
    ]
    found = {one.ability: one for one in cluster.answers({"somebody": rules}, ["somebody"])}
    assert {name for name, one in found.items() if one.allowed} == {
        *("see pods", "start Jobs", "stop Jobs", "run pods as default")
    }
    assert found["start Jobs"].why == "create jobs.batch: allowed by rule 2 of role somebody"
    assert found["start Jobs"].rule == rules[1]
    assert found["read logs"].why == "get pods/log: no rule of role somebody"
    assert found["run pods as trainer"].why.startswith("denied by admission: somebody may start")


def test_who_has_no_role_can_do_nothing() -> None:
    found = list(cluster.answers(RULES, ["labelling-vendor"]))
    assert len(found) == len(cluster.ABILITIES) + len(cluster.ACCOUNTS)
    assert {(one.allowed, one.why) for one in found} == {(False, "no role in the namespace")}


def test_a_rule_about_single_names_is_not_guessed() -> None:
    rule: Rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
    with pytest.raises(ValueError, match="resourceNames"):
        list(cluster.answers({"one": [{**rule, "resourceNames": ["a"]}]}, ["one"]))


def test_nobody_reads_secrets_or_enters_pods_or_opens_the_namespace() -> None:
    closed = {"read Secrets", "enter pods", "give rights", "open the network", "raise the quota"}
    found = list(cluster.answers(RULES, RULES))
    assert not [one for one in found if one.ability in closed and one.allowed]
    assert {one.who for one in found if one.ability == "change Deployments" and one.allowed} == {
        "delivery"
    }
