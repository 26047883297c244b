"""Configures the packs of one run: the level and the settings of each rule."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stackyard.estate.settings import PolicyOverride
from stackyard_policies.catalogue import PACKS, RULES, level
from stackyard_policies.rule import Level, Settings

EXECUTABLE = Path(__file__).parent / "packs" / "stackyard"
"""The file that the engine starts."""


def levels(
    stage: str, overrides: Iterable[PolicyOverride], today: datetime.date
) -> dict[str, Level]:
    """Return each rule's level in a stage.

    Raises ValueError for an override of an unknown rule, or an expired one: an exception must be
    renewed to stay in effect.
    """
    result: dict[str, Level] = {name: level(name, stage) for name in RULES}
    for override in overrides:
        if override.rule not in RULES:
            raise ValueError(f"an override names an unknown rule (got {override.rule!r})")
        if override.expires < today:
            raise ValueError(
                f"the override of `{override.rule}` in {override.stage} by {override.owner} "
                f"expired on {override.expires}"
            )
        if override.stage == stage:
            result[override.rule] = override.level
    return result


def configured(
    settings: Settings, rule_levels: Mapping[str, Level], packs: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Return the configuration of each rule; rules of packs that are not selected are disabled.

    All packs run in one process, because the engine starts Python for each process and calls it for
    every resource. Source of the format:
    https://www.pulumi.com/docs/iac/using-pulumi/crossguard/configuration/.
    """
    shared = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in asdict(settings).items()
    }
    return {
        name: {"enforcementLevel": rule_levels[name] if pack in packs else "disabled", **shared}
        for pack, names in PACKS.items()
        for name in names
    }
