"""Command and resources of a container as plain data, for modules that must not import Pulumi."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SCRATCH = "/tmp"
"""The only directory to which a program may write."""


@dataclass(frozen=True)
class Program:
    """The command and environment of a container."""

    command: list[str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Size:
    """Limits of a container; its memory limit is requested as well."""

    cpu: str
    memory: str
    cpu_at_least: str = "100m"
