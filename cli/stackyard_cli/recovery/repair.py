"""Repairs a checkpoint as plain data: adopts found resources, clears pending operations."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from stackyard_cli.backend.checkpoint import Checkpoint, Resource
from stackyard_cli.backend.pending import PendingChanges, PendingCreate


def repaired(
    checkpoint: Checkpoint, pending: PendingChanges, ids: Mapping[str, str]
) -> tuple[dict[str, Any], list[str], list[PendingCreate]]:
    """Return the deployment to import, the adopted URNs, and creates that could not be adopted.

    An adopted resource has the inputs of its create; the next refresh reads its outputs, and
    removes it if it does not exist. It cannot be adopted if its provider is not in the state.
    """
    latest = copy.deepcopy(checkpoint.latest)
    resources: list[Resource] = list(latest.get("resources") or [])
    adopted: list[str] = []
    unplaced: list[PendingCreate] = []
    for create in pending.creates:
        identity = ids.get(create.urn)
        if identity is None:
            continue
        provider = _provider(resources, create.resource.get("provider"))
        if provider is None:
            unplaced.append(create)
            continue
        _mark_replaced(resources, create.urn)
        resources.append(_adopted(create, identity, provider, resources))
        adopted.append(create.urn)
    latest["resources"] = resources
    latest.pop("pending_operations", None)
    return {"version": checkpoint.version, "deployment": latest}, adopted, unplaced


def without(checkpoint: Checkpoint, urns: set[str]) -> dict[str, Any]:
    """Return the deployment without some resources, on which no other resource depends."""
    latest = copy.deepcopy(checkpoint.latest)
    resources: list[Resource] = latest.get("resources") or []
    # The old resource of a replacement has the same URN, and must stay in the state until it is
    # deleted.
    latest["resources"] = [r for r in resources if r["urn"] not in urns or r.get("delete")]
    return {"version": checkpoint.version, "deployment": latest}


def _adopted(
    create: PendingCreate, identity: str, provider: str, resources: list[Resource]
) -> Resource:
    known = {resource["urn"] for resource in resources}
    adopted = copy.deepcopy(create.resource)
    inputs = adopted.get("inputs") or {}
    adopted |= {"id": identity, "provider": provider, "inputs": inputs, "outputs": dict(inputs)}
    adopted["dependencies"] = [urn for urn in adopted.get("dependencies") or [] if urn in known]
    if adopted.get("parent") not in known:
        # Its component is not in the state: the stack is its parent until the next `up`.
        adopted["parent"] = _stack_urn(resources)
    return adopted


def _mark_replaced(resources: list[Resource], urn: str) -> None:
    """Mark the old resource of a replacement for deletion, as the engine does after the create.

    Source: `CreateStep.Apply` in the engine's pkg/resource/deploy/step.go.
    """
    for resource in resources:
        if resource["urn"] == urn:
            resource["delete"] = True


def _provider(resources: list[Resource], reference: str | None) -> str | None:
    """Return the reference (`urn::id`) of the same provider in the current state."""
    if not reference:
        return None
    urn = reference.rpartition("::")[0]
    for resource in resources:
        if resource["urn"] == urn and resource.get("id"):
            return f"{urn}::{resource['id']}"
    return None


def _stack_urn(resources: list[Resource]) -> str | None:
    for resource in resources:
        if resource["type"] == "pulumi:pulumi:Stack":
            return str(resource["urn"])
    return None
