"""Reads `properties.yaml`: what inputs of the Pulumi package are called in CloudFormation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from audits.judges.types import COUNTERPARTS

FILE = Path(__file__).parent / "properties.yaml"


@dataclass(frozen=True)
class Names:
    """What the inputs of one type of the provider are called in CloudFormation.

    Paths have a dot between names and no positions of lists. What is not named here has the same
    name in both, up to case and plural.
    """

    kind: str
    """The type in CloudFormation."""

    within: str = ""
    """Property of the type that holds what is not found at the top."""

    into: Mapping[str, str] = field(default_factory=dict)
    """For a resource that is a property of another one: own input -> input of that one (or `id`)
    which must be equal."""

    names: Mapping[str, str] = field(default_factory=dict)
    """Path of an input -> path in CloudFormation, from the innermost item of a list."""

    without: Mapping[str, str] = field(default_factory=dict)
    """Inputs without a counterpart -> why."""

    constants: Mapping[str, Any] = field(default_factory=dict)
    """Properties that are the same for every resource of the type."""

    forms: Mapping[str, str] = field(default_factory=dict)
    """Path of an input -> the text that CloudFormation has for it; `{}` stands for its value."""

    def relocates(self, path: str) -> bool:
        """Whether inputs below a path have places of their own."""
        return any(known.startswith(f"{path}.") for known in self.names)


@dataclass(frozen=True)
class Table:
    """All of `properties.yaml`."""

    types: Mapping[str, Names]
    """By token of the provider."""

    template_rules: Mapping[str, str]
    """Rules of cfn-lint about how a template is written -> why they say nothing of a resource."""


@cache
def table() -> Table:
    """Read the table."""
    content: dict[str, Any] = yaml.safe_load(FILE.read_text())
    types: dict[str, Any] = content["types"]
    if foreign := types.keys() - COUNTERPARTS.keys():
        raise ValueError(f"{FILE}: no type in CloudFormation: {', '.join(sorted(foreign))}")
    return Table(
        types={
            token: Names(
                kind=counterpart.kind,
                **{
                    "within": counterpart.part or "",
                    **_with(content["everywhere"], types.get(token, {})),
                },
            )
            for token, counterpart in COUNTERPARTS.items()
        },
        template_rules=content["template_rules"],
    )


def _with(everywhere: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the table says of a type, and of each."""
    own = {key: {**shared, **entry.get(key, {})} for key, shared in everywhere.items()}
    return {**entry, **own}
