"""The stage that registers a cluster on premises, where several stages of an account use it.

It reads settings that need not be valid, because the order of stacks depends on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stackyard.field_path import FieldPath

FIELD = "registered_by"


def registrars(services: Mapping[str, Any], stage: str) -> dict[str, str]:
    """Return the registering stage of each cluster in the settings of a stage's services."""
    return {
        name: named if isinstance(named := cluster.get(FIELD), str) else stage
        for name, cluster in _map(_map(services.get("onprem")).get("clusters")).items()
        if isinstance(cluster, Mapping)
    }


def other_stages(services: Mapping[str, Any], stage: str) -> list[str]:
    """Return the other stages whose services register a cluster of a stage, sorted."""
    return sorted({*registrars(services, stage).values()} - {stage})


def changed_registrars(
    recorded: Mapping[str, Any], new: Mapping[str, Any], stage: str
) -> Iterator[tuple[FieldPath, str, str]]:
    """Yield the path of each cluster that another stage registers now, and both stages."""
    before, after = registrars(recorded, stage), registrars(new, stage)
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            yield ("onprem", "clusters", name, FIELD), before[name], after[name]


def upstream_name(stage: str) -> str:
    """Return the name, among a stack's upstreams, of the services of another stage."""
    return f"services/{stage}"


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
