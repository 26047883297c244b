"""Reads `types.yaml`: what a resource of the Pulumi package is called in CloudFormation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parent / "types.yaml"


@dataclass(frozen=True)
class Counterpart:
    """The CloudFormation type of one token, and how properties are called there.

    Paths have a dot between names and no positions of lists. What is not named here has the same
    name in both, up to case and plural.
    """

    token: str
    type: str
    within: str = ""
    """Property of the type that holds what is not found at the top: `Budget`, or `Targets[]`."""

    into: Mapping[str, str] = field(default_factory=dict)
    """For a resource that is a property of another one: own input -> input of that one which
    must be equal."""

    names: Mapping[str, str] = field(default_factory=dict)
    """Path of an input -> path in CloudFormation, from the innermost item of a list."""

    without: Mapping[str, str] = field(default_factory=dict)
    """Inputs without a counterpart -> why."""

    constants: Mapping[str, Any] = field(default_factory=dict)
    """Properties that are the same for every resource of the token."""

    def name(self, path: str) -> str | None:
        """Return the place in CloudFormation of an input that has another name there."""
        return self.names.get(path)

    def relocates(self, path: str) -> bool:
        """Whether inputs below a path have places of their own."""
        return any(known.startswith(f"{path}.") for known in self.names)


@dataclass(frozen=True)
class Table:
    """All of `types.yaml`."""

    types: Mapping[str, Counterpart]
    without_type: Mapping[str, str]
    """Tokens that CloudFormation has no type for -> why."""

    template_rules: Mapping[str, str]
    """Rules of cfn-lint about how a template is written -> why they say nothing of a resource."""

    def reason(self, token: str, path: str) -> str | None:
        """Return why an input has no counterpart, if the table says so."""
        return self.types[token].without.get(path)


@cache
def table() -> Table:
    """Read the table."""
    content: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return Table(
        types={
            token: Counterpart(token=token, **_with(content["everywhere"], entry))
            for token, entry in content["types"].items()
        },
        without_type=content["without_type"],
        template_rules=content["template_rules"],
    )


def _with(everywhere: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the table says of a type, and of each."""
    own = {key: {**shared, **entry.get(key, {})} for key, shared in everywhere.items()}
    return {**entry, **own}
