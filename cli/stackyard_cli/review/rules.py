"""Lists the policy rules, and explains one."""

from __future__ import annotations

from typing import Any

from stackyard.estate.settings import EstateSettings
from stackyard.suggestion import did_you_mean
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.review.dates import today
from stackyard_cli.review.policies import levels_of
from stackyard_policies.catalogue import PACKS, RULES, level, pack_of

STAGES = ("dev", "staging", "prod")
"""The stages for which an explanation shows the levels."""


def rows(settings: EstateSettings, stage: str) -> list[dict[str, str]]:
    """Return every rule with its pack and its level in a stage of the estate."""
    levels = levels_of(settings, stage, today())
    return [
        {
            "rule": name,
            "pack": pack,
            "level": levels[name],
            "why": RULES[name].why.partition("\n")[0],
        }
        for pack, names in PACKS.items()
        for name in names
    ]


def facts(rule: str) -> dict[str, Any]:
    """Return one rule as plain data; raises StackyardError if there is no such rule."""
    if rule not in RULES:
        hint = did_you_mean(rule, RULES, "`stackyard policy list` lists them")
        raise StackyardError(f"no rule {rule!r}", hint=hint, code=ExitCode.INVALID)
    chosen = RULES[rule]
    return {
        "rule": rule,
        "pack": pack_of(rule),
        "levels": {stage: level(rule, stage) for stage in STAGES},
        "types": sorted(chosen.types),
        "why": chosen.why,
        "fix": chosen.fix,
    }


def text(rule: str) -> str:
    """Return the explanation of one rule for people."""
    explained = facts(rule)
    levels = ", ".join(f"{stage} {each}" for stage, each in explained["levels"].items())
    return f"{rule} ({explained['pack']}; {levels})\n{explained['why']}\nFix: {explained['fix']}."
