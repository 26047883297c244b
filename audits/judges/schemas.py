"""Holds the declared AWS resources against CloudFormation's schemas and the rules of cfn-lint.

A type that neither has a counterpart nor is named as having none is a finding, and so is an input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from audits.findings import Finding

from .cloudformation.lint import linted
from .cloudformation.table import FILE, table
from .cloudformation.template import Mapped, mapped
from .declared import Declared, Held

JUDGE = "schemas"


def held(resources: Sequence[Declared]) -> Held:
    """Return what the registry's schemas and cfn-lint say of the AWS resources."""
    known = table()
    all_of_them = mapped(resources, known)
    said = [*_unnamed(all_of_them), *linted(JUDGE, all_of_them.resources, known.template_rules)]
    return Held(items=all_of_them.items, findings=said, notes=tuple(_not_held(all_of_them)))


def _not_held(made: Mapped) -> Iterator[str]:
    """Name the types that have no schema, and count the inputs that have no property."""
    for token, reason in sorted(made.without_type.items()):
        yield f"{token} is not held: {reason}"
    if made.reasons:
        yield f"{len(made.reasons)} inputs are not held: {FILE.name} says why"


def _unnamed(made: Mapped) -> Iterator[Finding]:
    for declared in made.unknown:
        yield Finding(JUDGE, "type-unknown", declared.label, "no type of CloudFormation, no reason")
    for declared, path in made.unmapped:
        says = f"`{path}` has no property of CloudFormation, and no reason for that"
        yield Finding(JUDGE, "input-unknown", declared.label, says)
