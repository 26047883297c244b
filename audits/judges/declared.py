"""Reads the declared resources from the states of applied stacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audits.findings import Finding
from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard_cli.backend.checkpoint import without_secrets
from stackyard_cli.backend.location import location_of_estate


@dataclass(frozen=True)
class Declared:
    """One resource of one applied stack; values of secrets are `[secret]`."""

    stack: str
    urn: str
    type: str
    """The provider's type token, such as `aws:s3/bucket:Bucket`."""

    name: str
    """The logical name."""

    inputs: Mapping[str, Any] = field(repr=False)
    outputs: Mapping[str, Any] = field(repr=False)
    id: str = ""
    """The provider's id of the resource."""

    @property
    def label(self) -> str:
        """How a finding names the resource."""
        return f"{self.stack} {self.type} {self.name}"


@dataclass(frozen=True)
class Held:
    """What one judge looked at, and what it says."""

    items: int
    """Number of resources, actions or calls that were held against the judge's source."""

    findings: list[Finding]
    notes: tuple[str, ...] = ()
    """What the judge could not hold, each with its reason."""


def declared(folder: Path, stacks: Sequence[StackId]) -> list[Declared]:
    """Return what the applied stacks of an estate's folder declare at a cloud or a cluster."""
    location = location_of_estate(Estate.find(folder))
    found: list[Declared] = []
    for stack in stacks:
        checkpoint = location.state(stack).read()
        found += of_state(str(stack), checkpoint.resources if checkpoint else [])
    return found


def of_state(stack: str, resources: Iterable[Mapping[str, Any]]) -> list[Declared]:
    """Return the resources of one state that a provider made: no components, no providers."""
    return [
        Declared(
            stack=stack,
            urn=resource["urn"],
            type=resource["type"],
            name=resource["urn"].rpartition("::")[2],
            inputs=without_secrets(resource.get("inputs", {})),
            outputs=without_secrets(resource.get("outputs", {})),
            id=resource.get("id", ""),
        )
        for resource in resources
        if resource.get("custom") and not resource["type"].startswith("pulumi:")
    ]
