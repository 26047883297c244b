"""Holds the rights of the pipelines' roles against the permissions of CloudFormation's handlers.

A handler lists what its caller needs for any property of a type. What the roles do not have is in
`never_called.yaml`, with what would make the provider call it. A condition or a tag in a statement
is not looked at here: the sandbox's enforcement asks for those.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from audits.findings import Finding
from stackyard import iam
from stackyard.blueprints.catalogue import BLUEPRINTS
from stackyard_cli.bootstrap import boundaries, policies
from stackyard_cli.bootstrap.context import AccountContext
from stackyard_cli.bootstrap.permissions import actions_of, types_of
from stackyard_sandbox.cloud.iam import service_reference

from .declared import Declared, Held
from .handlers import permissions
from .types import COUNTERPARTS

JUDGE = "rights"
NEVER_CALLED = Path(__file__).parent / "never_called.yaml"
VERBS = ("create", "update", "delete", "read")
CONTEXT = AccountContext(
    partition="aws",
    account="123456789012",
    region="eu-central-1",
    bucket="state",
    key_arn="arn:aws:kms:eu-central-1:123456789012:key/state",
)


@dataclass(frozen=True)
class Unused:
    """Permissions of a type's handlers that nobody is given."""

    kind: str
    actions: frozenset[str]
    unless: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Roles:
    """The actions that each of the pipelines' roles may take anywhere, in lower case."""

    apply: frozenset[str] = field(repr=False)
    preview: frozenset[str] = field(repr=False)

    def without(self, action: str, verb: str) -> list[str]:
        """Return the roles that lack an action; a preview only reads."""
        lacking = ["apply"] if action not in self.apply else []
        if verb == "read" and action not in self.preview:
            lacking.append("preview")
        return lacking


def held(resources: Sequence[Declared]) -> Held:
    """Compare the handlers of all declared types with the roles of a bootstrap."""
    return compared(resources, roles(), unused())


def compared(resources: Sequence[Declared], granted: Roles, listed: Sequence[Unused]) -> Held:
    """Compare the handlers of all declared types with these roles and this list."""
    kinds = {COUNTERPARTS[one.type].kind for one in resources if one.type in COUNTERPARTS}
    asked = [(kind, *one) for kind in sorted(kinds) for one in needed(kind)]
    missing = {
        (kind, action): lacking
        for kind, action, verb in asked
        if (lacking := granted.without(action, verb))
    }
    excused = {(line.kind, action) for line in listed for action in line.actions}
    findings = [
        Finding(JUDGE, "missing-right", f"{kind} {action}", f"not in: {', '.join(lacking)}")
        for (kind, action), lacking in missing.items()
        if (kind, action) not in excused
    ]
    findings += [
        Finding(JUDGE, "right-is-there", f"{kind} {action}", "listed, but granted or never asked")
        for kind, action in sorted(excused - missing.keys())
        if kind in kinds
    ]
    findings += [one for line in listed for one in _called(line, resources)]
    return Held(len({(kind, action) for kind, action, _ in asked}), findings)


def needed(kind: str) -> Iterator[tuple[str, str]]:
    """Yield the actions of a type's handlers that IAM has, in lower case, each with its verb."""
    for verb in VERBS:
        for action in sorted(permissions(kind, verb)):
            if service_reference.has_action(action):
                yield action.lower(), verb


def _called(line: Unused, resources: Iterable[Declared]) -> Iterator[Finding]:
    """Yield a finding for each resource for which the provider makes such a call after all."""
    for one in resources:
        kind = COUNTERPARTS[one.type].kind if one.type in COUNTERPARTS else None
        name = one.type.rpartition(":")[2]
        set_here = {f"{name}.{key}" for key, value in one.inputs.items() if value}
        reasons = {one.type} | (set_here if kind == line.kind else set())
        for reason in sorted(reasons & set(line.unless)):
            says = f"{reason} is declared: grant {', '.join(sorted(line.actions))}"
            yield Finding(JUDGE, "called-after-all", one.label, says)


def roles() -> Roles:
    """Return what a bootstrap grants for all blueprints; what is granted on the state is left out.

    Each stage gets the same actions, on its own resources.
    """
    actions = actions_of(types_of(BLUEPRINTS))
    bounds = boundaries.of_applies(CONTEXT, actions)
    stated = _allowed(policies.apply(CONTEXT, actions, "dev"))
    return Roles(
        apply=frozenset(one for one in stated if _is_within(one, bounds)),
        preview=frozenset(_allowed(policies.preview(CONTEXT, actions))),
    )


def _allowed(statements: Iterable[iam.Statement]) -> set[str]:
    state = {CONTEXT.bucket_arn, f"{CONTEXT.bucket_arn}/*", CONTEXT.key_arn}
    return {
        action.lower()
        for one in statements
        if one["Effect"] == "Allow" and not state.issuperset(one["Resource"])
        for action in one["Action"]
    }


def _is_within(action: str, bounds: Iterable[iam.Statement]) -> bool:
    """Return whether a boundary leaves an action; a denial on some resources leaves the others."""
    effects = {
        one["Effect"]
        for one in bounds
        if one["Resource"] == ["*"] and "Condition" not in one
        if any(fnmatch.fnmatchcase(action, pattern.lower()) for pattern in one["Action"])
    }
    return effects == {"Allow"}


def unused(path: Path = NEVER_CALLED) -> list[Unused]:
    """Read the permissions that nobody is given."""
    read: Mapping[str, Sequence[Mapping[str, Any]]] = yaml.safe_load(path.read_text())
    return [
        Unused(
            kind,
            frozenset(action.lower() for action in line["actions"]),
            tuple(line.get("unless", ())),
            line.get("reason", ""),
        )
        for kind, lines in read.items()
        for line in lines
    ]
