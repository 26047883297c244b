"""Selects the policy packs and levels of a stack, and renders violations."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from stackyard.blueprints.config import StackConfig
from stackyard.estate.loaded import Loaded
from stackyard.estate.settings import EstateSettings
from stackyard_cli.engine.messages import Violation
from stackyard_cli.engine.packs import Packs
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_policies import configuration
from stackyard_policies.catalogue import RULES, pack_of
from stackyard_policies.rule import Level, Settings

UNCHECKED = "can't run policy"
"""Beginning of the SDK's message for a rule that needs a value unknown before the apply."""


def packs_of(loaded: Loaded) -> list[str]:
    """Return the packs enforced on a stack; its stage's protection and its data decide."""
    packs = ["baseline"]
    if loaded.config.protection.protect:
        packs.append("prod")
    if _has_personal_data(loaded.config):
        packs.append("personal-data")
    return packs


def levels_of(settings: EstateSettings, stage: str, today: datetime.date) -> dict[str, Level]:
    """Return the level of each rule; raises StackyardError for an override that is not allowed."""
    try:
        return configuration.levels(stage, settings.policy.overrides, today)
    except ValueError as error:
        raise StackyardError(
            f"stacks/_estate.yaml: `policy.overrides`: {error}",
            hint="delete the override, or have it renewed by its owner",
            code=ExitCode.INVALID,
        ) from None


def packs(
    loaded: Loaded,
    settings: EstateSettings,
    today: datetime.date,
    before: Loaded | None = None,
) -> Packs:
    """Return the packs of a stack for the engine, including those enforced before the change."""
    rule_settings = Settings(
        stage=loaded.id.stage,
        registries=settings.policy.registries,
        regions=settings.policy.personal_regions,
        protected=any(one.config.protection.protect for one in (loaded, before) if one),
        personal_days=settings.policy.personal_days,
    )
    levels = levels_of(settings, loaded.id.stage, today)
    chosen = {pack for one in (loaded, before) if one for pack in packs_of(one)}
    return {configuration.EXECUTABLE: configuration.configured(rule_settings, levels, chosen)}


def digest(chosen: Packs) -> str:
    """Return SHA-256 over the packs: the source of their rules, and their configuration."""
    hashed = hashlib.sha256(rules_digest())
    for executable in sorted(chosen):
        hashed.update(executable.name.encode() + executable.read_bytes())
        hashed.update(json.dumps(chosen[executable], sort_keys=True).encode())
    return hashed.hexdigest()


@cache
def rules_digest() -> bytes:
    """Return SHA-256 over the source of the rules, read once by each process."""
    hashed = hashlib.sha256()
    folder = configuration.EXECUTABLE.parents[1]
    for path in sorted(folder.rglob("*.py")):
        hashed.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return hashed.digest()


def unchecked(violation: Violation) -> bool:
    """Return whether a rule could not be checked in the preview; the apply checks it."""
    return violation.message.startswith(UNCHECKED)


def text_of(violation: Violation) -> str:
    """Return the text of a violation without its rule's description (see `policy explain`)."""
    rule = RULES.get(violation.policy)
    text = violation.message
    if unchecked(violation):
        return f"{violation.policy}: {text.partition(' during preview: ')[2] or text}"
    if rule is not None:
        text = text.removeprefix(" ".join(f"{rule.why} Fix: {rule.fix}.".split())).strip()
    return f"{violation.policy}: {text or violation.message}"


def to_dict(violation: Violation) -> dict[str, Any]:
    """Return a violation as plain data."""
    return {
        "rule": violation.policy,
        "pack": pack_of(violation.policy) if violation.policy in RULES else violation.pack,
        "level": "not checked" if unchecked(violation) else violation.level,
        "message": text_of(violation).removeprefix(f"{violation.policy}: "),
        "urn": violation.urn,
    }


def _has_personal_data(config: StackConfig) -> bool:
    datasets: Mapping[str, Any] = getattr(config, "datasets", {})
    return any(getattr(item, "kind", None) == "personal" for item in datasets.values())
