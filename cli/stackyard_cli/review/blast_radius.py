"""Finds stateful and key resources that a change deletes or replaces, and the waivers for them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from stackyard.blueprints.waiver import Waiver
from stackyard.estate.errors import StackFileError
from stackyard.estate.loaded import Loaded
from stackyard.estate.node import Origin
from stackyard.resource_risk import PROTECTED, DataClass, data_class_of
from stackyard_cli.backend.checkpoint import Resource
from stackyard_cli.engine.messages import Step
from stackyard_cli.engine.protection import refused
from stackyard_cli.engine.report import Report


@dataclass(frozen=True)
class Loss:
    """One resource with data or keys that a change deletes or replaces."""

    urn: str
    type: str
    name: str
    operation: str
    data_class: DataClass
    because: tuple[str, ...] = ()
    kept: bool = False
    """Whether the resource is removed from the stack but retained in the cloud."""

    def __str__(self) -> str:
        why = f" because of {', '.join(self.because)}" if self.because else ""
        kept = ", kept in the cloud" if self.kept else ""
        done = "replaced" if self.operation == "replace" else f"{self.operation}d"
        return f"{self.data_class} {self.type} `{self.name}` would be {done}{why}{kept}"


def losses(steps: Iterable[Step]) -> list[Loss]:
    """Return the stateful and key resources that the steps of a preview delete or replace."""
    return [
        Loss(
            urn=step.urn,
            type=step.type,
            name=step.name,
            operation=step.kind,
            data_class=data_class_of(step.type),
            because=step.replace_keys if step.kind == "replace" else (),
            kept=step.retained and step.kind == "delete",
        )
        for step in steps
        if step.custom
        and step.kind in {"delete", "replace"}
        and data_class_of(step.type) in PROTECTED
    ]


def losses_of(report: Report) -> list[Loss]:
    """Return the losses of a preview, including those that the engine's own protection refused."""
    lost = losses(report.changing)
    known = {loss.urn for loss in lost}
    for urn in refused(report.diagnostics):
        if urn not in known:
            # The engine refuses a replacement before it reports a step.
            kind, _, name = urn.rpartition("::")
            kind = kind.rpartition("::")[2].rpartition("$")[2]
            lost.append(Loss(urn, kind, name, "replace", data_class_of(kind)))
    return lost


def losses_of_destroy(resources: Iterable[Resource]) -> list[Loss]:
    """Return the losses of destroying a stack; resources retained in the cloud are not lost."""
    return [
        Loss(item["urn"], item["type"], item["urn"].rpartition("::")[2], "delete", kind)
        for item in resources
        if item.get("custom")
        and not item.get("retainOnDelete")
        and (kind := data_class_of(item["type"])) in PROTECTED
    ]


def unwaived(losses: Iterable[Loss], waivers: Sequence[Waiver]) -> list[Loss]:
    """Return the losses that no waiver allows."""
    named = {waiver.resource for waiver in waivers}
    return [one for one in losses if not named & {one.name, f"{one.type}::{one.name}", one.urn}]


def expired(loaded: Loaded, today: datetime.date) -> Iterator[StackFileError]:
    """Yield an error for each expired waiver, so that none stays without a renewal."""
    for index, waiver in enumerate(loaded.config.waivers):
        if waiver.expires >= today:
            continue
        origin = loaded.origins.get(("waivers", index, "expires")) or Origin(str(loaded.id), 0, 0)
        yield StackFileError(
            *origin,
            path=f"waivers[{index}].expires",
            problem=f"the waiver for {waiver.resource} by {waiver.owner} has expired",
            value=str(waiver.expires),
            hint="delete the waiver, or have it renewed by its owner",
        )
