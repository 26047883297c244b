"""Holds the sandbox's facts, which changes make a new resource, against CloudFormation's schemas.

A schema says it by `createOnlyProperties`. Where the sandbox says something else the official
provider decides, in `cloudformation/replacements.yaml`: a difference that is not decided there, or
against the sandbox, is a finding, and so is a decision about nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from audits.findings import Finding
from stackyard_sandbox.provider.aws.catalogue import handler
from stackyard_sandbox.provider.aws.resource import Resource

from .cloudformation.facts import Fact, facts
from .cloudformation.schema import schema_of
from .cloudformation.table import table
from .cloudformation.template import REGION
from .declared import Declared, Held

JUDGE = "replacements"
FILE = Path(__file__).parent / "cloudformation" / "replacements.yaml"


def held(
    resources: Sequence[Declared], handlers: Callable[[str], Resource | None] = handler
) -> Held:
    """Compare the types of the declared AWS resources."""
    known = table().types
    findings: list[Finding] = []
    items = 0
    for token in sorted({declared.type for declared in resources} & known.keys()):
        schema = schema_of(known[token].kind, REGION)
        served = handlers(token)
        if schema is None or served is None:
            continue
        compared = facts(served, known[token], schema)
        items += len(compared)
        findings += _judged(token, compared, decisions().get(token, {}))
    return Held(items, findings)


@cache
def decisions() -> Mapping[str, Mapping[str, bool]]:
    """Return token -> place in CloudFormation -> whether the official provider replaces."""
    entries: list[dict[str, Any]] = yaml.safe_load(FILE.read_text())
    return {
        entry["type"]: dict.fromkeys(entry["places"], bool(entry["replaces"])) for entry in entries
    }


def _judged(token: str, compared: Sequence[Fact], decided: Mapping[str, bool]) -> Iterator[Finding]:
    different = {fact.place: fact for fact in compared if not fact.agreed}
    for place, fact in different.items():
        ours = "replaces" if fact.sandbox else "changes in place"
        if place not in decided:
            says = f"{place}: the sandbox {ours}, the schema says the contrary, nothing is decided"
            yield Finding(JUDGE, "undecided", token, says)
        elif decided[place] != fact.sandbox:
            says = f"{place}: the sandbox {ours}, the official provider does not"
            yield Finding(JUDGE, "wrong", token, says)
    for place in decided.keys() - different.keys():
        says = f"{place}: {FILE.name} decides it, and sandbox and schema agree"
        yield Finding(JUDGE, "stale", token, says)
