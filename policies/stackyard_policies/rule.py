"""What a rule is: a named, pure function from resources to sentences about what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import Any, Literal

Level = Literal["advisory", "mandatory", "disabled"]
"""What a violation does: it is shown, it stops the run, or the rule is not asked."""

Finding = tuple[str, str]
"""The URN of a resource and one sentence: the resource, the value, the fix."""


@dataclass(frozen=True)
class Subject:
    """One resource as the engine shows it to a policy: checked inputs, never outputs."""

    urn: str
    type: str
    name: str
    props: Mapping[str, Any]
    protect: bool = False
    links: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """URNs that each property was computed from; known in a preview, where values may not be."""

    def value(self, path: str, default: Any = None) -> Any:
        """Return the value at a dotted path of the properties, or `default` where it ends."""
        found: Any = self.props
        for part in path.split("."):
            if isinstance(found, Sequence) and not isinstance(found, str) and part.isdigit():
                found = found[int(part)] if int(part) < len(found) else None
            elif isinstance(found, Mapping):
                found = found.get(part)
            else:
                return default
        return default if found is None else found


@dataclass(frozen=True)
class Settings:
    """What rules need to know of the stack and the estate; reaches a pack as its configuration."""

    stage: str = ""
    registries: tuple[str, ...] = ()
    """Prefixes of image names whose tags are immutable; images from elsewhere need a digest."""
    regions: tuple[str, ...] = ()
    """Regions in which personal data may lie; empty: every region."""
    required_tags: tuple[str, ...] = (
        "stackyard:team",
        "stackyard:project",
        "stackyard:stage",
        "stackyard:owner",
    )
    protected: bool = False
    """Whether the stage protects stateful and key resources."""
    personal_days: int = 1095
    """Longest time, in days, that personal data may be kept."""


ResourceCheck = Callable[[Subject, Settings], Iterator[str]]
StackCheck = Callable[[list[Subject], Settings], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    """One rule. `why` is the check's docstring, so that `explain` and the code cannot drift."""

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
    """Make a rule that looks at resources of the given types one by one."""

    def wrap(check: ResourceCheck) -> Rule:
        return Rule(name, frozenset(types), cleandoc(check.__doc__ or ""), fix, check)

    return wrap


def stack_rule(name: str, *types: str, fix: str) -> Callable[[StackCheck], Rule]:
    """Make a rule that looks at how the resources of a whole stack belong together."""

    def wrap(check: StackCheck) -> Rule:
        why = cleandoc(check.__doc__ or "")
        return Rule(name, frozenset(types), why, fix, stack_check=check)

    return wrap


def companions(subjects: list[Subject], companion_type: str, prop: str) -> set[str]:
    """Return the URNs that resources of a type name in `prop`: their owners, known or not yet."""
    return {
        urn
        for subject in subjects
        if subject.type == companion_type
        for urn in subject.links.get(prop, ())
    }
