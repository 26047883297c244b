"""Renders a destroy: the resources that would be deleted, and the resources that stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from stackyard.naming import StackId
from stackyard.resource_risk import data_class_of
from stackyard_cli.backend.checkpoint import Resource
from stackyard_cli.engine.report import Report


def lines(stack: StackId, resources: Sequence[Resource]) -> Iterator[str]:
    """Yield the number of resources to delete, and each resource that is kept."""
    kept = [item for item in resources if item.get("retainOnDelete")]
    text = f"{stack}: {len(resources) - len(kept)} to delete"
    yield text + (f", {len(kept)} kept in the cloud" if kept else "")
    for item in kept:
        yield f"    ◦ {item['type']}  {_name(item)}  kept"


def to_dict(stack: StackId, resources: Sequence[Resource]) -> dict[str, Any]:
    """Return the resources to delete, in the form of a preview's report."""
    steps = [
        {
            "urn": item["urn"],
            "type": item["type"],
            "name": _name(item),
            "operation": "delete",
            "retained": bool(item.get("retainOnDelete")),
        }
        for item in resources
    ]
    return {
        "stack": str(stack),
        "operation": "destroy",
        "outcome": "succeeded",
        "changes": {"delete": sum(1 for step in steps if not step["retained"])},
        "steps": steps,
    }


def kept(report: Report) -> list[dict[str, str | None]]:
    """Return the resources that a destroy removed from the state and kept in the cloud."""
    return [
        {
            "stack": str(report.stack),
            "type": step.type,
            "name": step.name,
            "id": step.id,
            "data_class": data_class_of(step.type),
        }
        for step in report.steps.values()
        if step.operation == "delete" and step.phase == "done" and step.retained
    ]


def _name(item: Resource) -> str:
    return str(item["urn"]).rpartition("::")[2]
