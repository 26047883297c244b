"""Config of a pool of GPU nodes; combinations that cannot work are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from stackyard.config import Config
from stackyard.gpu.quotas import Capacity, quota_code
from stackyard.instances import INSTANCES, mig_model
from stackyard.limits.eks import MOST_INSTANCE_TYPES
from stackyard.problem import Problem, above


class TimeSlicingConfig(Config):
    """Several pods share one GPU in time slices, without memory isolation: for notebooks, tests."""

    mode: Literal["time-slicing"]
    """Sharing in time."""

    replicas: Annotated[int, Field(ge=2, le=16)]
    """Number of pods that share one GPU, 2 to 16."""


class MigConfig(Config):
    """Each GPU is partitioned into equal MIG slices with their own memory."""

    mode: Literal["mig"]
    """Sharing by hardware partitions."""

    profile: Annotated[str, Field(pattern=r"^\d+g\.\d+gb$")]
    """MIG profile of each slice, for example `1g.5gb`."""


SharingConfig = Annotated[TimeSlicingConfig | MigConfig, Field(discriminator="mode")]
"""How one GPU serves several pods."""


class GpuPoolConfig(Config):
    """A pool of GPU nodes: tainted, limited in size, and scaled to zero when unused."""

    instance_types: Annotated[list[str], Field(min_length=1, max_length=MOST_INSTANCE_TYPES)]
    """EC2 types, in order of preference; all have the same GPUs, vCPUs and memory, so that a job
    that fits on one fits on each."""

    max: Annotated[int, Field(ge=1, le=1000)]
    """Maximum number of nodes; it limits what the pool can cost."""

    min: Annotated[int, Field(ge=0, le=1000)] = 0
    """Minimum number of nodes; above 0 it needs `always_on_reason`."""

    always_on_reason: Annotated[str, Field(min_length=10)] | None = None
    """Why nodes must run even when unused; reviews show it next to the price."""

    capacity: Capacity = "on-demand"
    """`spot` is cheaper, but AWS can reclaim it: for training that writes checkpoints."""

    volume_gib: Annotated[int, Field(ge=50, le=16_384)] = 200
    """Size of each node's root volume in GiB; CUDA images are large."""

    sharing: SharingConfig | None = None
    """How pods share a GPU; without it each pod has whole GPUs."""

    def problems(self) -> Iterator[Problem]:
        """Yield combinations of instance types, sizes and sharing that cannot work."""
        yield from above("min", self.min, "max", self.max)
        if self.min > 0 and not self.always_on_reason:
            message = f"`min: {self.min}` pays for idle GPUs"
            yield Problem(("min",), message, "set it to 0, or give `always_on_reason`")
        if self.min == 0 and self.always_on_reason:
            message = "`always_on_reason` is given, but `min: 0` lets the pool scale to 0"
            yield Problem(("always_on_reason",), message, related=(("min",),))
        unknown = list(self._unknown_types())
        yield from unknown or [*self._mixed_types(), *self._quota(), *self._sharing()]

    def _unknown_types(self) -> Iterator[Problem]:
        for index, kind in enumerate(self.instance_types):
            if kind not in INSTANCES:
                message = f"{kind} is not a known GPU instance type"
                yield Problem(("instance_types", index), message, "try g5.xlarge")

    def _mixed_types(self) -> Iterator[Problem]:
        facts = {kind: INSTANCES[kind] for kind in self.instance_types}
        if len({fact.gpus for fact in facts.values()}) > 1:
            listed = ", ".join(f"{kind} has {fact.gpus}" for kind, fact in facts.items())
            message = f"all types of a pool need the same number of GPUs ({listed})"
            yield Problem(("instance_types",), message)
        if len({(fact.model, fact.gpu_memory_mib) for fact in facts.values()}) > 1:
            listed = ", ".join(f"{kind} has {fact.model}" for kind, fact in facts.items())
            message = f"all types of a pool need the same GPU model ({listed})"
            yield Problem(("instance_types",), message)
        elif len({(fact.vcpus, fact.memory_gib) for fact in facts.values()}) > 1:
            listed = ", ".join(
                f"{kind} has {fact.vcpus} and {fact.memory_gib}Gi" for kind, fact in facts.items()
            )
            message = f"all types of a pool need the same vCPUs and memory ({listed})"
            yield Problem(("instance_types",), message, "make a pool of each size")

    def _quota(self) -> Iterator[Problem]:
        for index, kind in enumerate(self.instance_types):
            try:
                quota_code(kind, self.capacity)
            except ValueError as error:
                yield Problem(("instance_types", index), str(error), related=(("capacity",),))

    def _sharing(self) -> Iterator[Problem]:
        for kind in self.instance_types:
            if isinstance(self.sharing, TimeSlicingConfig):
                yield from _time_slicing_problems(kind)
            elif isinstance(self.sharing, MigConfig):
                yield from _mig_problems(kind, self.sharing.profile)


def _time_slicing_problems(kind: str) -> Iterator[Problem]:
    """A pod can have one time slice only, so a second GPU of a node would never be used.

    The autoscaler would start such nodes for pods that the device plugin then refuses.
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
