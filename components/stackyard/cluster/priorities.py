"""The priority classes of a stage: the order in which pods are scheduled in a full cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.config import Config
from stackyard.naming import StackId


@dataclass(frozen=True)
class Priority:
    """One priority class."""

    value: int
    preempts: bool
    """Whether pending pods of this class preempt pods of lower classes."""
    use: str


PRIORITIES: dict[str, Priority] = {
    "stackyard-serving": Priority(100_000, True, "answers people: models in production"),
    "stackyard-interactive": Priority(10_000, True, "someone waits: notebooks, dashboards"),
    "stackyard-training": Priority(1_000, True, "training that somebody planned"),
    "stackyard-batch": Priority(100, False, "whatever can wait: tuning trials, backfills"),
}
"""The classes, highest first; a pod without a class has priority 0, below all of them."""


class PriorityClasses(Component):
    """The priority classes that workloads may name."""

    TYPE: ClassVar[str] = "stackyard:index:PriorityClasses"

    names: list[pulumi.Output[str]]
    """The classes, highest first."""

    def __init__(
        self, name: str, *, stack: StackId, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Wiring: the stack, for labels."""
        super().__init__(name, Config(), opts=opts)
        self.names = []
        for key, priority in PRIORITIES.items():
            made = k8s.scheduling.v1.PriorityClass(
                self.named(key.removeprefix("stackyard-")),
                metadata=k8s.meta.v1.ObjectMetaArgs(
                    name=key, labels=kubernetes.labels(stack, "priorities")
                ),
                value=priority.value,
                global_default=False,
                preemption_policy="PreemptLowerPriority" if priority.preempts else "Never",
                description=priority.use,
                opts=self.child(),
            )
            self.names.append(made.metadata.apply(lambda metadata: str(metadata.name)))
        self.publish()
