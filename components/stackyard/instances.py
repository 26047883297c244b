"""EC2 instance types with NVIDIA GPUs: their resources, and the possible divisions of a GPU.

Source: EC2 `DescribeInstanceTypes` (read on 2026-11-24) and
https://docs.aws.amazon.com/ec2/latest/instancetypes/ac.html. A test compares the table with the
emulator's copy of the same data. Types with a fraction of a GPU (g6f) are omitted, because
`nvidia.com/gpu: 1` would have another meaning there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

REVIEWED = "2026-11-24"
"""Date on which this table was last compared with its source."""


_GENERAL = re.compile(
    r"^(?P<family>[cmr][5-9]|[cmr]\d\d|t3|t4)(?P<options>[a-z-]*)\.(?P<size>\w+)$"
)
_GIB_PER_VCPU = {"c": 2, "m": 4, "r": 8}
_LARGE = re.compile(r"^(\d*)xlarge$")
_BURSTABLE = {"small": 2, "medium": 4, "large": 8, "xlarge": 16, "2xlarge": 32}
"""Memory in GiB of t3 and t4g types."""

EFA_INTERFACES: dict[str, int] = {
    **dict.fromkeys(
        (
            *("g4dn.8xlarge", "g4dn.12xlarge", "g4dn.16xlarge", "g4dn.metal"),
            *("g5.8xlarge", "g5.12xlarge", "g5.16xlarge", "g5.24xlarge", "g5.48xlarge"),
            *("g6.8xlarge", "g6.12xlarge", "g6.16xlarge", "g6.24xlarge", "g6.48xlarge"),
            *("g6e.8xlarge", "g6e.12xlarge", "g6e.16xlarge", "g7e.8xlarge", "g7e.12xlarge"),
            *("gr6.8xlarge", "p5.4xlarge"),
        ),
        1,
    ),
    "g6e.24xlarge": 2,
    "g6e.48xlarge": 4,
    "g7e.24xlarge": 2,
    "g7e.48xlarge": 4,
    "p4d.24xlarge": 4,
    "p4de.24xlarge": 4,
    "p5.48xlarge": 32,
    "p5e.48xlarge": 32,
    "p5en.48xlarge": 16,
    "p6-b200.48xlarge": 8,
}
"""EFA interfaces of the types that have any: `NetworkInfo.EfaInfo` of `DescribeInstanceTypes`."""

_GRAVITON = re.compile(r"^[a-z]+\d+g[a-z]*\.")


@dataclass(frozen=True)
class GpuInstance:
    """One instance type: its GPUs and its other resources."""

    gpus: int
    model: str
    gpu_memory_mib: int
    """Memory of one GPU in MiB."""
    vcpus: int
    memory_gib: int


INSTANCES: dict[str, GpuInstance] = {
    "g4dn.xlarge": GpuInstance(1, "T4", 16_384, 4, 16),
    "g4dn.2xlarge": GpuInstance(1, "T4", 16_384, 8, 32),
    "g4dn.4xlarge": GpuInstance(1, "T4", 16_384, 16, 64),
    "g4dn.8xlarge": GpuInstance(1, "T4", 16_384, 32, 128),
    "g4dn.12xlarge": GpuInstance(4, "T4", 16_384, 48, 192),
    "g4dn.16xlarge": GpuInstance(1, "T4", 16_384, 64, 256),
    "g4dn.metal": GpuInstance(8, "T4", 16_384, 96, 384),
    "g5.xlarge": GpuInstance(1, "A10G", 22_888, 4, 16),
    "g5.2xlarge": GpuInstance(1, "A10G", 22_888, 8, 32),
    "g5.4xlarge": GpuInstance(1, "A10G", 22_888, 16, 64),
    "g5.8xlarge": GpuInstance(1, "A10G", 22_888, 32, 128),
    "g5.12xlarge": GpuInstance(4, "A10G", 22_888, 48, 192),
    "g5.16xlarge": GpuInstance(1, "A10G", 22_888, 64, 256),
    "g5.24xlarge": GpuInstance(4, "A10G", 22_888, 96, 384),
    "g5.48xlarge": GpuInstance(8, "A10G", 22_888, 192, 768),
    "g5g.xlarge": GpuInstance(1, "T4g", 16_384, 4, 8),
    "g5g.2xlarge": GpuInstance(1, "T4g", 16_384, 8, 16),
    "g5g.4xlarge": GpuInstance(1, "T4g", 16_384, 16, 32),
    "g5g.8xlarge": GpuInstance(1, "T4g", 16_384, 32, 64),
    "g5g.16xlarge": GpuInstance(2, "T4g", 16_384, 64, 128),
    "g5g.metal": GpuInstance(2, "T4g", 16_384, 64, 128),
    "g6.xlarge": GpuInstance(1, "L4", 22_888, 4, 16),
    "g6.2xlarge": GpuInstance(1, "L4", 22_888, 8, 32),
    "g6.4xlarge": GpuInstance(1, "L4", 22_888, 16, 64),
    "g6.8xlarge": GpuInstance(1, "L4", 22_888, 32, 128),
    "g6.12xlarge": GpuInstance(4, "L4", 22_888, 48, 192),
    "g6.16xlarge": GpuInstance(1, "L4", 22_888, 64, 256),
    "g6.24xlarge": GpuInstance(4, "L4", 22_888, 96, 384),
    "g6.48xlarge": GpuInstance(8, "L4", 22_888, 192, 768),
    "g6e.xlarge": GpuInstance(1, "L40S", 45_776, 4, 32),
    "g6e.2xlarge": GpuInstance(1, "L40S", 45_776, 8, 64),
    "g6e.4xlarge": GpuInstance(1, "L40S", 45_776, 16, 128),
    "g6e.8xlarge": GpuInstance(1, "L40S", 45_776, 32, 256),
    "g6e.12xlarge": GpuInstance(4, "L40S", 45_776, 48, 384),
    "g6e.16xlarge": GpuInstance(1, "L40S", 45_776, 64, 512),
    "g6e.24xlarge": GpuInstance(4, "L40S", 45_776, 96, 768),
    "g6e.48xlarge": GpuInstance(8, "L40S", 45_776, 192, 1_536),
    "g7e.2xlarge": GpuInstance(1, "RTX-PRO-6000", 98_304, 8, 64),
    "g7e.4xlarge": GpuInstance(1, "RTX-PRO-6000", 98_304, 16, 128),
    "g7e.8xlarge": GpuInstance(1, "RTX-PRO-6000", 98_304, 32, 256),
    "g7e.12xlarge": GpuInstance(2, "RTX-PRO-6000", 98_304, 48, 512),
    "g7e.24xlarge": GpuInstance(4, "RTX-PRO-6000", 98_304, 96, 1_024),
    "g7e.48xlarge": GpuInstance(8, "RTX-PRO-6000", 98_304, 192, 2_048),
    "gr6.4xlarge": GpuInstance(1, "L4", 22_888, 16, 128),
    "gr6.8xlarge": GpuInstance(1, "L4", 22_888, 32, 256),
    "p4d.24xlarge": GpuInstance(8, "A100", 40_960, 96, 1_152),
    "p4de.24xlarge": GpuInstance(8, "A100", 81_920, 96, 1_152),
    "p5.4xlarge": GpuInstance(1, "H100", 81_920, 16, 256),
    "p5.48xlarge": GpuInstance(8, "H100", 81_920, 192, 2_048),
    "p5e.48xlarge": GpuInstance(8, "H200", 144_384, 192, 2_048),
    "p5en.48xlarge": GpuInstance(8, "H200", 144_384, 192, 2_048),
    "p6-b200.48xlarge": GpuInstance(8, "B200", 183_359, 192, 2_048),
}
"""Instance types by name."""


@dataclass(frozen=True)
class MigModel:
    """A GPU model that MIG can divide into equal slices."""

    bottlerocket: str
    """Name of the GPU model in Bottlerocket's settings."""
    slices: dict[str, int]
    """Number of slices of one GPU, by profile."""


MIG: dict[tuple[str, int], MigModel] = {
    ("A100", 40_960): MigModel("a100.40gb", {"1g.5gb": 7, "2g.10gb": 3, "3g.20gb": 2}),
    ("A100", 81_920): MigModel("a100.80gb", {"1g.10gb": 7, "2g.20gb": 3, "3g.40gb": 2}),
    ("H100", 81_920): MigModel("h100.80gb", {"1g.10gb": 7, "2g.20gb": 3, "3g.40gb": 2}),
    ("H200", 144_384): MigModel("h200.141gb", {"1g.18gb": 7, "2g.35gb": 3, "3g.71gb": 2}),
}
"""GPUs with MIG, by model and memory. Source:
https://docs.nvidia.com/datacenter/tesla/mig-user-guide/supported-mig-profiles.html."""

DISK_FAMILIES = frozenset(
    {
        *("g5", "g6", "g6e", "g7", "g7e", "gr6"),
        *("p5", "p5e", "p5en", "p6-b200", "p6-b300", "p6e-gb200"),
        *("trn1", "trn1n", "trn2"),
    }
)
"""Accelerated families whose types all have disks of their own, without a `d` in the name."""

_WITH_DISKS = re.compile(r"^[a-z]+\d+[a-z]*d[a-z]*\.")
_ACCELERATED = re.compile(r"^(g|gr|p|trn|inf|dl|vt)\d")


def is_accelerated(instance_type: str) -> bool:
    """Return whether an instance type has accelerators; its family decides, not the table."""
    return _ACCELERATED.match(instance_type) is not None


def family(instance_type: str) -> str:
    """Return the family of an instance type: `p5` of `p5.48xlarge`."""
    return instance_type.partition(".")[0]


def has_local_storage(instance_type: str) -> bool:
    """Return whether a type has local disks: a `d` after the generation, or its family has them.

    Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-store-volumes.html.
    """
    return _WITH_DISKS.match(instance_type) is not None or family(instance_type) in DISK_FAMILIES


def is_arm(instance_type: str) -> bool:
    """Return whether the GPU instance has a Graviton processor; only g5g has."""
    return family(instance_type) == "g5g"


def mig_model(instance_type: str) -> MigModel | None:
    """Return the MIG profiles of the type's GPUs; None if MIG cannot divide them."""
    instance = INSTANCES[instance_type]
    return MIG.get((instance.model, instance.gpu_memory_mib))


def is_graviton(instance_type: str) -> bool:
    """Return whether a type has an ARM processor: a `g` after the generation, as in `m7g.large`.

    Source: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html.
    """
    return _GRAVITON.match(instance_type) is not None


def vcpus_and_memory(instance_type: str) -> tuple[int, int] | None:
    """Return the vCPUs and the memory in GiB of a type; None for an unknown type.

    Known are the types with GPUs, and c, m and r from the fifth generation on, whose memory is in
    proportion to their vCPUs: https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html.
    """
    if (gpu := INSTANCES.get(instance_type)) is not None:
        return gpu.vcpus, gpu.memory_gib
    match = _GENERAL.match(instance_type)
    if match is None or (match["family"] == "c5" and "n" in match["options"]):
        return None
    size = match["size"]
    if match["family"].startswith("t"):
        memory = _BURSTABLE.get(size)
        vcpus = {"xlarge": 4, "2xlarge": 8}.get(size, 2)
        return None if memory is None else (vcpus, memory)
    cores = _vcpus(size)
    return None if cores is None else (cores, cores * _GIB_PER_VCPU[instance_type[0]])


def _vcpus(size: str) -> int | None:
    """Return the vCPUs of a size: 4 for each `xlarge`."""
    if size in ("medium", "large"):
        return 1 if size == "medium" else 2
    match = _LARGE.match(size)
    return 4 * int(match[1] or 1) if match else None
