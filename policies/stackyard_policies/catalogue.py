"""Lists all rules, their packs, and their levels by stage."""

from __future__ import annotations

from stackyard_policies import identity, lifetime, nodes, ownership, sizes, storage, workloads
from stackyard_policies.rule import Level, Rule

RULES: dict[str, Rule] = {
    rule.name: rule
    for module in (storage, identity, lifetime, ownership, workloads, nodes, sizes)
    for rule in module.RULES
}

PERSONAL = ("personal-data-bounded", "personal-data-region")
PROD = ("node-pool-types-listed", "protection-stateful", "workload-image-fixed")

PACKS: dict[str, tuple[str, ...]] = {
    "baseline": tuple(name for name in RULES if name not in (*PERSONAL, *PROD)),
    "prod": PROD,
    "personal-data": PERSONAL,
}

ADVISORY = frozenset({"budget-present"})
"""Rules that no stage enforces unless the estate raises their level."""

ADVISORY_IN_DEV = frozenset({"workload-image-fixed", "workload-limited"})


def level(rule: str, stage: str) -> Level:
    """Return the effect of a violation in a stage without an override of the estate."""
    advisory = rule in ADVISORY or (stage == "dev" and rule in ADVISORY_IN_DEV)
    return "advisory" if advisory else "mandatory"


def pack_of(rule: str) -> str:
    """Return the pack that contains a rule."""
    return next(pack for pack, names in PACKS.items() if rule in names)
