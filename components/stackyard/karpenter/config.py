"""Config of Karpenter's node pools: capacity types, limits and expiry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from stackyard.config import Config
from stackyard.instances import is_accelerated, is_graviton, vcpus_and_memory
from stackyard.limits import instance_types
from stackyard.limits.nodes import mib
from stackyard.namespace.config import Memory
from stackyard.problem import Problem

Capacity = Literal["reserved", "on-demand", "spot"]
"""The capacity types: instances in a reservation of yours, by the second, or as spare capacity that
AWS takes back with two minutes' notice."""

InstanceType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$")]
"""An EC2 instance type, for example `m7i.large`."""

Disruption = Literal["when-empty", "consolidate"]
"""The conditions under which Karpenter may remove a node early."""


SelectorTag = Annotated[str, Field(min_length=1, max_length=256)]
"""Key or value of a tag that selects; Karpenter refuses an empty one:
https://karpenter.sh/docs/concepts/nodeclasses/#speccapacityreservationselectorterms."""


class NodeImagesConfig(Config):
    """Releases of the node images; a newer one replaces the nodes, as the budget of a pool says."""

    al2023: Annotated[str, Field(pattern=r"^v[0-9]{8}$")] = "v20260512"
    """Release of the EKS optimised images of Amazon Linux 2023."""

    bottlerocket: Annotated[str, Field(pattern=r"^v[0-9]+\.[0-9]+\.[0-9]+$")] = "v1.53.0"
    """Release of Bottlerocket, which the nodes of pools with MIG run."""

    def alias(self, family: Literal["al2023", "bottlerocket"]) -> str:
        """Return the alias by which Karpenter finds the images of a family."""
        return f"{family}@{getattr(self, family)}"


class ReservationsConfig(Config):
    """The capacity reservations and Capacity Blocks that a pool uses, by id or by tag."""

    ids: list[Annotated[str, Field(pattern=r"^cr-[0-9a-z]+$")]] = []
    """Ids of reservations."""

    tags: Annotated[dict[SelectorTag, SelectorTag], Field(max_length=20)] = {}
    """Tags that a reservation has; a reservation with all of them is used."""

    def problems(self) -> Iterator[Problem]:
        """Yield that nothing selects a reservation."""
        if not self.ids and not self.tags:
            yield Problem((), "selects no reservation", "give `ids` or `tags`")

    @property
    def terms(self) -> list[dict[str, Any]]:
        """The selector terms of an EC2NodeClass."""
        by_id: list[dict[str, Any]] = [{"id": one} for one in self.ids]
        return [*by_id, {"tags": dict(self.tags)}] if self.tags else by_id


class StaticNodesConfig(Config):
    """Nodes that run even when no pod needs them."""

    nodes: Annotated[int, Field(ge=1, le=100)]
    """Number of nodes, of the pool's first instance type."""

    reason: Annotated[str, Field(min_length=10)]
    """Why they must run even when unused; reviews show it next to the price."""


class LimitsConfig(Config):
    """Limits on the sum of all nodes of a pool."""

    cpu: Annotated[int, Field(ge=2, le=100_000)]
    """vCPUs."""

    memory: Memory
    """Memory."""


class PoolConfig(Config):
    """The config that pools with and without GPUs have in common."""

    capacity: Annotated[list[Capacity], Field(min_length=1, max_length=3)] = ["on-demand"]
    """The capacity types of nodes, in order of preference. The next one is used where those before
    have no capacity or are at their limits."""

    reservations: ReservationsConfig | None = None
    """The reservations of `reserved`."""

    static: StaticNodesConfig | None = None
    """Nodes that always run; by default none."""

    expire_after_days: Annotated[int, Field(ge=1, le=90)] = 30
    """Age at which a node is drained and replaced; a running job is waited for."""

    idle_minutes: Annotated[int, Field(ge=0, le=1440)] = 10
    """Minutes without a change before a node may go."""

    disruption: Disruption = "when-empty"
    """`when-empty` removes only nodes without pods; `consolidate` also moves pods to fuller or
    cheaper nodes, within their disruption budgets."""

    disrupted_at_once: Annotated[str, Field(pattern=r"^([1-9][0-9]{0,2}|[1-9][0-9]?%|100%)$")] = "1"
    """How many nodes may be replaced at the same time, as a number or in percent."""

    placement_group: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=255)] | None = (
        None
    )
    """Name of an EC2 placement group that the nodes start in."""

    def problems(self) -> Iterator[Problem]:
        """Yield capacity types that contradict each other or the reservations."""
        reserved = "reserved" in self.capacity
        if reserved and self.reservations is None:
            message = "`reserved` needs `reservations`"
            yield Problem(("capacity",), message, "give `reservations: {ids: [cr-…]}`")
        if self.reservations is not None and not reserved:
            message = "are given, but `capacity` has no `reserved`"
            yield Problem(("reservations",), message, related=(("capacity",),))


def rung_problems(
    capacity: list[Capacity], limits: Mapping[Capacity, int], most: int, unit: str
) -> Iterator[Problem]:
    """Yield problems of the limits of single capacity types, which count in `unit`."""
    if len(capacity) == 1 and not limits:
        return
    for kind in capacity:
        if kind not in limits:
            message = f"each of {len(capacity)} capacity types needs a limit; `{kind}` has none"
            yield Problem(("capacity_limits",), message, related=(("capacity",),))
    for kind in limits:
        if kind not in capacity:
            message = f"`capacity` has no `{kind}`"
            yield Problem(("capacity_limits", kind), message, related=(("capacity",),))
    if (together := sum(limits.values())) > most:
        message = f"the sum is {together} {unit}, and `limits` allow {most}"
        yield Problem(("capacity_limits",), message, related=(("limits",),))


class NodePoolConfig(PoolConfig):
    """A pool of nodes without GPUs: its instance types and what it may grow to."""

    instance_types: Annotated[list[InstanceType], Field(min_length=1)] = ["m7i.large", "m7i.xlarge"]
    """EC2 types that may run, of one processor architecture."""

    limits: LimitsConfig = LimitsConfig(cpu=16, memory="64Gi")
    """Limits on the sum of its nodes; they cap the cost of the pool."""

    capacity_limits: dict[Capacity, LimitsConfig] = {}
    """The part of `limits` of each way of buying, where `capacity` has several."""

    volume_gib: Annotated[int, Field(ge=20, le=16_384)] = 50
    """Size of each node's root volume in GiB; it holds images and pods' scratch space."""

    disruption: Disruption = "consolidate"
    """`when-empty` removes only nodes without pods; `consolidate` also moves pods to fuller or
    cheaper nodes, within their disruption budgets."""

    def problems(self) -> Iterator[Problem]:
        """Yield types that do not fit a pool of ordinary nodes, and limits that do not add up."""
        yield from super().problems()
        for index, kind in enumerate(self.instance_types):
            if (unknown := instance_types.problem(kind, instance_types.EC2, "EC2")) is not None:
                yield Problem(("instance_types", index), *unknown)
            elif is_accelerated(kind):
                message = f"{kind} has accelerators"
                yield Problem(("instance_types", index), message, "declare it under `gpu_pools`")
        if len({is_graviton(kind) for kind in self.instance_types}) > 1:
            listed = ", ".join(self.instance_types)
            message = f"a pool needs one processor architecture (got {listed})"
            yield Problem(("instance_types",), message)
        yield from self._too_small()
        each = {kind: limits.cpu for kind, limits in self.capacity_limits.items()}
        yield from rung_problems(self.capacity, each, self.limits.cpu, "vCPUs")

    def _too_small(self) -> Iterator[Problem]:
        """Yield limits below one node: no node would start, and only an event would report it."""
        sizes = [vcpus_and_memory(kind) for kind in self.instance_types]
        known = [size for size in sizes if size is not None]
        if not known or len(known) < len(sizes):
            return
        cpu, gib = min(known)
        if self.limits.cpu < cpu or mib(self.limits.memory) < gib * 1024:
            message = f"allow no node: the smallest type has {cpu} vCPUs and {gib}Gi"
            yield Problem(("limits",), message, related=(("instance_types",),))
