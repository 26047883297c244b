"""Protection as the engine keeps it: how it refuses, and how it is taken off single resources."""

from __future__ import annotations

import re
from collections.abc import Iterable

from stackyard.naming import StackId
from stackyard_cli.backend.location import Location
from stackyard_cli.backend.pulumi_binary import Engine
from stackyard_cli.engine.messages import Diagnostic
from stackyard_cli.engine.parent.session import session

REFUSAL = re.compile(r"because it is protected|currently marked for protection")
"""What the engine says of a protected resource that would be deleted, or replaced."""

URN = re.compile(r"urn:pulumi:[^\s\"`]+")


def refused(diagnostics: Iterable[Diagnostic]) -> list[str]:
    """Return the URNs that the engine would not touch, each once."""
    found: dict[str, None] = {}
    for item in diagnostics:
        if item.severity == "error" and REFUSAL.search(item.message):
            named = URN.search(item.message)
            found[item.urn or (named.group() if named else "")] = None
    return [urn for urn in found if urn]


def unprotect(location: Location, engine: Engine, stack: StackId, urns: Iterable[str]) -> None:
    """Take the protection off these resources, as somebody has consented to lose them."""
    with session(location, engine, stack) as opened:
        for urn in urns:
            opened.cli("state", "unprotect", urn, "--yes", "--stack", stack.reference)
