"""What a person may write about a pool of GPU nodes, and the combinations that cannot work."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from stackyard.config import Config
from stackyard.gpu.quotas import Capacity, quota_code
from stackyard.instances import INSTANCES, mig_model


class TimeSlicingConfig(Config):
    """Several pods take turns on one GPU, without memory isolation: for notebooks and tests."""

    mode: Literal["time-slicing"]
    """Sharing by turns."""

    replicas: Annotated[int, Field(ge=2, le=16)]
    """Pods that share one GPU, 2 to 16."""


class MigConfig(Config):
    """Each GPU is divided into equal slices with memory of their own."""

    mode: Literal["mig"]
    """Sharing by hardware partitions."""

    profile: Annotated[str, Field(pattern=r"^\d+g\.\d+gb$")]
    """NVIDIA's name of the slice, for example `1g.5gb`."""


SharingConfig = Annotated[TimeSlicingConfig | MigConfig, Field(discriminator="mode")]
"""How one GPU serves several pods."""


class GpuPoolConfig(Config):
    """A pool of GPU nodes: always tainted, capped, and at zero when nobody needs it."""

    instance_types: Annotated[list[str], Field(min_length=1)]
    """EC2 types, in order of preference; all have the same number and model of GPUs."""

    max: Annotated[int, Field(ge=1, le=1000)]
    """Nodes at most: the hard cap on what the pool can cost."""

    min: Annotated[int, Field(ge=0, le=1000)] = 0
    """Nodes at least; more than 0 needs `always_on_reason`."""

    always_on_reason: Annotated[str, Field(min_length=10)] | None = None
    """Why nodes must run when nobody uses them; shown in reviews next to their price."""

    capacity: Capacity = "on-demand"
    """`spot` is cheaper and may be taken back: for training that writes checkpoints."""

    volume_gib: Annotated[int, Field(ge=50, le=16_384)] = 200
    """Root volume of each node in GiB; CUDA images are large."""

    sharing: SharingConfig | None = None
    """How pods share a GPU; without it each pod has whole GPUs."""

    @field_validator("instance_types")
    @classmethod
    def _types_are_alike(cls, value: list[str]) -> list[str]:
        for kind in value:
            if kind not in INSTANCES:
                raise ValueError(f"not a known GPU instance type: {kind} (try g5.xlarge)")
        counts = {kind: INSTANCES[kind].gpus for kind in value}
        if len(set(counts.values())) > 1:
            listed = ", ".join(f"{kind} has {count}" for kind, count in counts.items())
            raise ValueError(f"all types of a pool need the same number of GPUs ({listed})")
        if len({(INSTANCES[kind].model, INSTANCES[kind].gpu_memory_mib) for kind in value}) > 1:
            listed = ", ".join(f"{kind} has {INSTANCES[kind].model}" for kind in value)
            raise ValueError(f"all types of a pool need the same GPU model ({listed})")
        return value

    @model_validator(mode="after")
    def _scales_to_zero(self) -> GpuPoolConfig:
        if self.min > self.max:
            raise ValueError(f"`min` ({self.min}) is above `max` ({self.max})")
        if self.min > 0 and not self.always_on_reason:
            raise ValueError(
                f"`min: {self.min}` pays for idle GPUs: set it to 0, or give `always_on_reason`"
            )
        if self.min == 0 and self.always_on_reason:
            raise ValueError("`always_on_reason` is given, but `min: 0` lets the pool scale to 0")
        return self

    @model_validator(mode="after")
    def _capacity_has_a_quota(self) -> GpuPoolConfig:
        for kind in self.instance_types:
            quota_code(kind, self.capacity)
        return self

    @model_validator(mode="after")
    def _sharing_fits_the_gpus(self) -> GpuPoolConfig:
        if isinstance(self.sharing, TimeSlicingConfig):
            self._check_time_slicing()
        if isinstance(self.sharing, MigConfig):
            self._check_mig(self.sharing.profile)
        return self

    def _check_time_slicing(self) -> None:
        """Time slices are single: a pod can never have two, so more GPUs per node are lost on it.

        The autoscaler would start such nodes for pods that the device plugin then refuses.
        """
        many = [kind for kind in self.instance_types if INSTANCES[kind].gpus > 1]
        if many:
            raise ValueError(
                f"time-slicing serves one GPU to a pod, but {many[0]} has "
                f"{INSTANCES[many[0]].gpus}: use a type with one GPU, or `mode: mig`"
            )

    def _check_mig(self, profile: str) -> None:
        for kind in self.instance_types:
            model = mig_model(kind)
            if model is None:
                raise ValueError(f"the {INSTANCES[kind].model} of {kind} has no MIG")
            if profile not in model.slices:
                raise ValueError(
                    f"the {INSTANCES[kind].model} of {kind} has no slice {profile} "
                    f"(it has {', '.join(model.slices)})"
                )
