"""Defines a rule: a named, pure function from resources to messages about violations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import Any, Literal

Level = Literal["advisory", "mandatory", "disabled"]
"""Effect of a violation: it is reported, it stops the run, or the rule is not checked."""

Finding = tuple[str, str]
"""The URN of a resource and one sentence: the resource, the value, the solution."""


@dataclass(frozen=True)
class Subject:
    """One resource as the engine passes it to a policy: checked inputs, never outputs."""

    urn: str
    type: str
    name: str
    props: Mapping[str, Any]
    protect: bool = False
    links: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """URNs from which each property was computed; known in a preview, unlike some values."""

    def value(self, path: str, default: Any = None) -> Any:
        """Return the value at a dotted path of the properties; `default` if it does not exist."""
        value: Any = self.props
        for part in path.split("."):
            if isinstance(value, Sequence) and not isinstance(value, str) and part.isdigit():
                value = value[int(part)] if int(part) < len(value) else None
            elif isinstance(value, Mapping):
                value = value.get(part)
            else:
                return default
        return default if value is None else value


@dataclass(frozen=True)
class Settings:
    """Facts of the stack and the estate for rules; passed to a pack as its configuration."""

    stage: str = ""
    registries: tuple[str, ...] = ()
    """Prefixes of image names whose tags are immutable; images from elsewhere need a digest."""
    regions: tuple[str, ...] = ()
    """Regions that may store personal data; empty allows every region."""
    required_tags: tuple[str, ...] = (
        "stackyard:team",
        "stackyard:project",
        "stackyard:stage",
        "stackyard:owner",
    )
    protected: bool = False
    """Whether the stage protects stateful and key resources."""
    personal_days: int = 1095
    """Maximum retention of personal data in days."""


ResourceCheck = Callable[[Subject, Settings], Iterator[str]]
StackCheck = Callable[[list[Subject], Settings], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    """One rule. `why` is the check's docstring, so that `explain` and the code cannot differ."""

    name: str
    types: frozenset[str]
    why: str
    fix: str
    resource_check: ResourceCheck | None = None
    stack_check: StackCheck | None = None

    def findings(self, subjects: Iterable[Subject], settings: Settings) -> Iterator[Finding]:
        """Apply the rule to resources given as plain data."""
        every = list(subjects)
        if self.stack_check is not None:
            yield from self.stack_check(every, settings)
        if self.resource_check is not None:
            for subject in every:
                if subject.type in self.types:
                    for problem in self.resource_check(subject, settings):
                        yield subject.urn, problem


def resource_rule(name: str, *types: str, fix: str) -> Callable[[ResourceCheck], Rule]:
    """Return a decorator for a rule that checks resources of the given types one by one."""

    def wrap(check: ResourceCheck) -> Rule:
        return Rule(name, frozenset(types), cleandoc(check.__doc__ or ""), fix, check)

    return wrap


def stack_rule(name: str, *types: str, fix: str) -> Callable[[StackCheck], Rule]:
    """Return a decorator for a rule that checks the resources of a whole stack together."""

    def wrap(check: StackCheck) -> Rule:
        why = cleandoc(check.__doc__ or "")
        return Rule(name, frozenset(types), why, fix, stack_check=check)

    return wrap


def companions(subjects: list[Subject], companion_type: str, prop: str) -> set[str]:
    """Return the URNs in the property `prop` of resources of a type, even before these exist."""
    return {
        urn
        for subject in subjects
        if subject.type == companion_type
        for urn in subject.links.get(prop, ())
    }
