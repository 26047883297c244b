"""Pulumi's `protect` option: recognises the engine's refusals, unprotects resources."""

from __future__ import annotations

import re
from collections.abc import Iterable

from stackyard.naming import StackId
from stackyard_cli.backend.location import Location
from stackyard_cli.backend.pulumi_binary import Engine
from stackyard_cli.engine.messages import Diagnostic
from stackyard_cli.engine.parent.session import session

REFUSAL = re.compile(r"because it is protected|currently marked for protection")
"""The engine's error for a protected resource that would be deleted or replaced."""

URN = re.compile(r"urn:pulumi:[^\s\"`]+")


def refused(diagnostics: Iterable[Diagnostic]) -> list[str]:
    """Return the URNs of the protected resources that the engine refused to delete, each once."""
    urns: dict[str, None] = {}
    for item in diagnostics:
        if item.severity == "error" and REFUSAL.search(item.message):
            named = URN.search(item.message)
            urns[item.urn or (named.group() if named else "")] = None
    return [urn for urn in urns if urn]


def unprotect(location: Location, engine: Engine, stack: StackId, urns: Iterable[str]) -> None:
    """Unprotect single resources that a waiver allows to delete."""
    with session(location, engine, stack) as opened:
        for urn in urns:
            opened.cli("state", "unprotect", urn, "--yes", "--stack", stack.reference)


def unprotect_all(location: Location, engine: Engine, stack: StackId) -> None:
    """Unprotect every resource of a stack that is to be destroyed."""
    with session(location, engine, stack) as opened:
        opened.cli("state", "unprotect", "--all", "--yes", "--stack", stack.reference)
