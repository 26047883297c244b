"""Abilities of each audience in the project's namespace, from RBAC rules and the admission policy.

Two sources decide: the rules of the audience's Kubernetes role, and for audiences that start pods
the admission policy of `stackyard.namespace.accounts`. RBAC refuses everything that no rule allows:
https://kubernetes.io/docs/reference/access-authn-authz/rbac/.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from stackyard.namespace import accounts
from stackyard.namespace.rbac import Rule


@dataclass(frozen=True)
class Ability:
    """A verb on a resource, which may have a subresource after `/`."""

    verb: str
    resource: str
    group: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{f'.{self.group}' if self.group else ''}"


ROLES = "rbac.authorization.k8s.io"
ABILITIES: Mapping[str, Ability] = {
    "see pods": Ability("list", "pods"),
    "read logs": Ability("get", "pods/log"),
    "read ConfigMaps": Ability("get", "configmaps"),
    "read Secrets": Ability("get", "secrets"),
    "see what waits in the queue": Ability("list", "workloads", "kueue.x-k8s.io"),
    "see roles": Ability("list", "roles", ROLES),
    "start Jobs": Ability("create", "jobs", "batch"),
    "stop Jobs": Ability("delete", "jobs", "batch"),
    "schedule CronJobs": Ability("create", "cronjobs", "batch"),
    "start bare pods": Ability("create", "pods"),
    "create Deployments": Ability("create", "deployments", "apps"),
    "change Deployments": Ability("patch", "deployments", "apps"),
    "delete Deployments": Ability("delete", "deployments", "apps"),
    "change ConfigMaps": Ability("patch", "configmaps"),
    "mount secrets of the vault": Ability(
        "create", "secretproviderclasses", "secrets-store.csi.x-k8s.io"
    ),
    "enter pods": Ability("create", "pods/exec"),
    "forward ports": Ability("create", "pods/portforward"),
    "take tokens of accounts": Ability("create", "serviceaccounts/token"),
    "give rights": Ability("create", "rolebindings", ROLES),
    "open the network": Ability("create", "networkpolicies", "networking.k8s.io"),
    "raise the quota": Ability("patch", "resourcequotas"),
}
"""The abilities of the report, by their description."""

STARTERS: tuple[str, ...] = ("start Jobs", "create Deployments", "change Deployments")
"""Abilities to set the service account of new pods."""

ACCOUNTS: tuple[str, ...] = ("default", "trainer", "server", "pipeline", "another account")
"""Service accounts of pods; the last one represents all accounts that are not listed."""


@dataclass(frozen=True)
class Answer:
    """Whether an audience has an ability in the namespace, and the rule that allows it."""

    who: str
    ability: str
    allowed: bool
    why: str

    rule: Rule | None
    """The rule of the role that allows it; None if no rule does."""


def answers(rules: Mapping[str, Sequence[Rule]], everybody: Iterable[str]) -> Iterator[Answer]:
    """Yield each answer about audiences and workloads; `rules` has those with a Kubernetes role."""
    for who in everybody:
        for name, ability in ABILITIES.items():
            yield _answer(who, name, ability, rules.get(who))
        for account in ACCOUNTS:
            yield _running_as(who, account, rules.get(who))


def _answer(who: str, name: str, ability: Ability, rules: Sequence[Rule] | None) -> Answer:
    if rules is None:
        return Answer(who, name, allowed=False, why="no role in the namespace", rule=None)
    for number, rule in enumerate(rules, start=1):
        if _covers(rule, ability):
            why = f"{ability}: allowed by rule {number} of role {who}"
            return Answer(who, name, allowed=True, why=why, rule=rule)
    why = f"{ability}: no rule of role {who}"
    return Answer(who, name, allowed=False, why=why, rule=None)


def _running_as(who: str, account: str, rules: Sequence[Rule] | None) -> Answer:
    """Return whether an audience can start pods as an account: RBAC first, then admission."""
    name = f"run pods as {account}"
    answers = [_answer(who, one, ABILITIES[one], rules) for one in STARTERS]
    starts = next((one for one in answers if one.allowed), None)
    if starts is None:
        why = "no role in the namespace" if rules is None else f"no rule of role {who} starts pods"
        return Answer(who, name, allowed=False, why=why, rule=None)
    allowed = account in accounts.allowed(who)
    verdict = "allowed" if allowed else "denied"
    why = f"{verdict} by admission: {who} may start pods as {', '.join(accounts.allowed(who))}"
    return Answer(who, name, allowed=allowed, why=why, rule=starts.rule)


def _covers(rule: Rule, ability: Ability) -> bool:
    """Return whether a rule allows an ability; raises ValueError for a rule with unknown fields."""
    if unknown := set(rule) - {"apiGroups", "resources", "verbs"}:
        raise ValueError(f"rules with {', '.join(sorted(unknown))} are not evaluated")
    required = {
        "apiGroups": {ability.group, "*"},
        "resources": {ability.resource, "*"},
        "verbs": {ability.verb, "*"},
    }
    return all(required[key] & set(rule[key]) for key in required)
