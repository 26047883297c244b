"""Config of a pool of GPU nodes; it refuses combinations that cannot work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from stackyard.config import Config
from stackyard.gpu.quotas import quota_code
from stackyard.instances import EFA_INTERFACES, INSTANCES, is_arm, mig_model
from stackyard.karpenter.config import Capacity, PoolConfig, rung_problems
from stackyard.namespace.config import Memory
from stackyard.problem import Problem


class TimeSlicingConfig(Config):
    """Time-slicing: pods share one GPU without memory isolation; for notebooks and tests."""

    mode: Literal["time-slicing"]
    """Sharing by time slices."""

    replicas: Annotated[int, Field(ge=2, le=16)]
    """Number of pods that share one GPU, 2 to 16."""


class MigConfig(Config):
    """Each GPU is partitioned into equal MIG slices with their own memory."""

    mode: Literal["mig"]
    """Sharing by hardware partitions (MIG, Multi-Instance GPU)."""

    profile: Annotated[str, Field(pattern=r"^[0-9]+g\.[0-9]+gb$")]
    """MIG profile of each slice, for example `1g.5gb`."""


SharingConfig = Annotated[TimeSlicingConfig | MigConfig, Field(discriminator="mode")]
"""The ways in which several pods can share one GPU."""


class GpuRequirementConfig(Config):
    """The GPUs that a node needs, in place of a list of instance types."""

    model: str
    """Model of the GPU, for example `A10G`."""

    count: (
        Annotated[str, Field(pattern=r"^[1-9][0-9]?(\.\.[1-9][0-9]?)?$")]
        | Annotated[int, Field(ge=1, le=16)]
    ) = 1
    """GPUs of one node: a number, or a range such as `1..4`."""

    memory: Annotated[str, Field(pattern=r"^>=[1-9][0-9]{0,3}Gi$")] | None = None
    """Minimum memory of one GPU, for example `>=40Gi`."""

    def problems(self) -> Iterator[Problem]:
        """Yield a problem if no instance type has such GPUs, or if the range is empty."""
        least, most = self.range
        if least > most:
            yield Problem(("count",), f"the range {self.count} is empty")
        elif not self.types():
            models = sorted({one.model for one in INSTANCES.values()})
            hint = f"models are {', '.join(models)}"
            yield Problem((), "no instance type has such GPUs", hint)

    @property
    def range(self) -> tuple[int, int]:
        """The minimum and the maximum number of GPUs of a node."""
        least, _, most = str(self.count).partition("..")
        return int(least), int(most or least)

    def types(self) -> list[str]:
        """Return the instance types that have such GPUs, the smallest first."""
        least, most = self.range
        memory = 1024 * int(self.memory.removeprefix(">=").removesuffix("Gi")) if self.memory else 0
        matching = [
            kind
            for kind, one in INSTANCES.items()
            if one.model.lower() == self.model.lower()
            and least <= one.gpus <= most
            and one.gpu_memory_mib >= memory
        ]
        return sorted(matching, key=lambda kind: (INSTANCES[kind].gpus, INSTANCES[kind].vcpus))


class GpuLimitsConfig(Config):
    """Limits on the sum of all nodes of a GPU pool."""

    gpus: Annotated[int, Field(ge=1, le=10_000)]
    """Maximum number of GPUs; it caps the cost of the pool."""

    cpu: Annotated[int, Field(ge=2, le=100_000)] | None = None
    """Maximum vCPUs; by default those of the largest allowed machines with so many GPUs."""

    memory: Memory | None = None
    """Maximum memory; by default that of the largest allowed machines with so many GPUs."""


class GpuPoolConfig(PoolConfig):
    """A pool of GPU nodes: tainted, limited in size, and empty when unused."""

    instance_types: list[str] = []
    """Allowed EC2 instance types, all with the same GPU model; `gpus` is the alternative."""

    gpus: GpuRequirementConfig | None = None
    """The GPUs that a node needs, instead of a list of `instance_types`."""

    limits: GpuLimitsConfig
    """Limits on the sum of its nodes; they cap the cost of the pool."""

    capacity_limits: dict[Capacity, GpuLimitsConfig] = {}
    """The share of `limits` for each capacity type, if `capacity` has several."""

    volume_gib: Annotated[int, Field(ge=50, le=16_384)] = 200
    """Size of each node's root volume in GiB; CUDA images are large."""

    sharing: SharingConfig | None = None
    """How pods share a GPU; without it, a pod gets whole GPUs."""

    efa: bool = False
    """Offer Elastic Fabric Adapter interfaces to jobs that ask for them with `efa`, to train on
    several nodes. Each instance type of the pool must have it; a `placement_group` of the strategy
    `cluster` puts the nodes near each other."""

    @property
    def types(self) -> list[str]:
        """The allowed instance types, from `instance_types` or from `gpus`."""
        return self.gpus.types() if self.gpus else self.instance_types

    def problems(self) -> Iterator[Problem]:
        """Yield combinations of instance types, limits and sharing that cannot work."""
        yield from super().problems()
        each = {kind: limits.gpus for kind, limits in self.capacity_limits.items()}
        yield from rung_problems(self.capacity, each, self.limits.gpus, "GPUs")
        if bool(self.instance_types) == (self.gpus is not None):
            message = "needs either `instance_types` or `gpus`"
            yield Problem(("instance_types",) if self.instance_types else (), message)
            return
        unknown = list(self._unknown_types())
        yield from unknown or [
            *self._mixed_types(),
            *self._quota(),
            *self._sharing(),
            *self._efa(),
            *self._too_small(),
        ]

    def _too_small(self) -> Iterator[Problem]:
        """Yield limits below one node: no node would start, and only an event would report it."""
        least = min((INSTANCES[kind].gpus for kind in self.types), default=0)
        for kind in self.capacity:
            limits = self.capacity_limits.get(kind, self.limits)
            if limits.gpus < least:
                path = ("capacity_limits", kind) if kind in self.capacity_limits else ("limits",)
                message = f"{limits.gpus} GPUs are fewer than one node has ({least})"
                yield Problem((*path, "gpus"), message)

    def _unknown_types(self) -> Iterator[Problem]:
        for index, kind in enumerate(self.instance_types):
            if kind not in INSTANCES:
                message = f"{kind} is not a known GPU instance type"
                yield Problem(("instance_types", index), message, "try g5.xlarge")

    def _mixed_types(self) -> Iterator[Problem]:
        facts = {kind: INSTANCES[kind] for kind in self.types}
        mixed = self.gpus is not None and not isinstance(self.sharing, MigConfig)
        if len({(one.model, mixed or one.gpu_memory_mib) for one in facts.values()}) > 1:
            listed = ", ".join(f"{kind} has {fact.model}" for kind, fact in facts.items())
            message = f"all instance types of a pool need the same GPU model ({listed})"
            yield Problem((self._field,), message)
        if len({is_arm(kind) for kind in facts}) > 1:
            message = "all instance types of a pool need one processor architecture"
            yield Problem((self._field,), message)

    @property
    def _field(self) -> str:
        return "gpus" if self.gpus else "instance_types"

    def _quota(self) -> Iterator[Problem]:
        for kind in self.types:
            for capacity in self.capacity:
                try:
                    quota_code(kind, capacity)
                except ValueError as error:
                    yield Problem((self._field,), str(error), related=(("capacity",),))

    def _efa(self) -> Iterator[Problem]:
        """A node without EFA would be made for no job that asks for it."""
        lacking = [kind for kind in self.types if kind not in EFA_INTERFACES] if self.efa else []
        if lacking:
            hint = "leave `efa` out, or allow only types with it, such as g5.8xlarge or larger"
            message = f"{', '.join(lacking)} has no Elastic Fabric Adapter"
            yield Problem(("efa",), message, hint, related=((self._field,),))

    def _sharing(self) -> Iterator[Problem]:
        for kind in self.types:
            if isinstance(self.sharing, TimeSlicingConfig):
                yield from _time_slicing_problems(kind)
            elif isinstance(self.sharing, MigConfig):
                yield from _mig_problems(kind, self.sharing.profile)


def _time_slicing_problems(kind: str) -> Iterator[Problem]:
    """Yield a problem if a node has several GPUs: a pod gets one time slice, so of one GPU only.

    Karpenter would start such nodes for pods that the device plugin then refuses.
    """
    if (gpus := INSTANCES[kind].gpus) > 1:
        yield Problem(
            ("sharing", "mode"),
            f"time-slicing gives a pod one GPU, but {kind} has {gpus}",
            "use a type with one GPU, or `mode: mig`",
            related=(("instance_types",),),
        )


def _mig_problems(kind: str, profile: str) -> Iterator[Problem]:
    model, gpu = mig_model(kind), INSTANCES[kind].model
    if model is None:
        message = f"the {gpu} of {kind} does not support MIG"
        yield Problem(("sharing", "mode"), message, related=(("instance_types",),))
    elif profile not in model.slices:
        listed = ", ".join(model.slices)
        yield Problem(
            ("sharing", "profile"),
            f"the {gpu} of {kind} has no MIG profile {profile}",
            f"choose one of {listed}",
            related=(("instance_types",),),
        )
