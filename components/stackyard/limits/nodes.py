"""Allocatable capacity of a node for pods: its capacity, less the reserve and the node agents.

The capacity is Karpenter's estimate, because Karpenter starts no node for a pod that does not fit
into it: https://karpenter.sh/docs/concepts/scheduling/ and `VM_MEMORY_OVERHEAD_PERCENT` of
https://karpenter.sh/docs/reference/settings/. The kubelet's reserve is EKS's own formula, the same
for AL2023 and Bottlerocket:
https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/config.go and
https://bottlerocket.dev/en/os/latest/api/settings/kubernetes/#kube-reserved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stackyard.instances import vcpus_and_memory

MIB = {"Mi": 1, "Gi": 1024, "Ti": 1024 * 1024}
"""Units of memory in stack files, in MiB."""

HYPERVISOR = 0.075
"""Maximum share of a type's memory that the operating system may not get."""

EVICTION_MIB = 100
"""Free memory in MiB below which the kubelet evicts pods; never allocated to them."""

ADDONS_CPU = 300
ADDONS_MEMORY = 448
"""Requests in thousandths of a core, and in MiB, of EKS's agents on each node: VPC CNI with its
policy agent, kube-proxy, Pod Identity, the CSI drivers of EBS and EFS, the secrets store's driver
and provider, node monitoring."""

AGENTS_CPU, AGENTS_MEMORY = 50, 128
"""Requests of Stackyard's own agent on each node: the log shipper."""

GPU_AGENTS_CPU, GPU_AGENTS_MEMORY = 150, 320
"""Requests of its agents on each GPU node: device plugin and telemetry."""

EFA_AGENT_CPU, EFA_AGENT_MEMORY = 10, 20
"""Requests of the device plugin on the nodes of a pool with EFA."""

KARPENTER_CPUS, KARPENTER_MIB = 0.5, 1024
"""Requests of Karpenter's controller, in cores and in MiB; it runs on the system nodes."""

_NEW = re.compile(r"^[cmr]([89]|\d\d)")


@dataclass(frozen=True)
class Room:
    """Allocatable capacity of an empty node, for one pod."""

    kind: str
    """The instance type."""

    cpus: float
    memory_mib: int

    @property
    def memory(self) -> str:
        """The memory in the format of stack files, rounded down."""
        gib = self.memory_mib // 1024
        return f"{gib}Gi" if gib else f"{self.memory_mib}Mi"


def room(instance_type: str, *, gpu: bool, efa: bool = False) -> Room | None:
    """Return the allocatable capacity of a node of a type; None for an unknown type."""
    facts = vcpus_and_memory(instance_type)
    if facts is None:
        return None
    vcpus, gib = facts
    cpu = vcpus * 1000 - _reserved_cpu(vcpus) - ADDONS_CPU - AGENTS_CPU
    memory = int(gib * 1024 * (1 - HYPERVISOR)) - _reserved_memory(instance_type, vcpus)
    memory -= EVICTION_MIB + ADDONS_MEMORY + AGENTS_MEMORY
    if gpu:
        cpu, memory = cpu - GPU_AGENTS_CPU, memory - GPU_AGENTS_MEMORY
    if efa:
        cpu, memory = cpu - EFA_AGENT_CPU, memory - EFA_AGENT_MEMORY
    return Room(instance_type, max(cpu, 0) / 1000, max(memory, 0))


def mib(amount: str) -> int:
    """Return an amount of memory of a stack file, such as `64Gi`, in MiB."""
    number, unit = re.fullmatch(r"(\d+)(Mi|Gi|Ti)", amount).groups()  # type: ignore[union-attr]  # the config's pattern
    return int(number) * MIB[unit]


def _reserved_cpu(vcpus: int) -> int:
    """Return the CPU that the kubelet reserves: 6 % of the first core, then 1, 0.5, 0.5, 0.25 %."""
    shares = [60, 10, 5, 5]
    return int(sum(shares[:vcpus]) + 2.5 * max(vcpus - 4, 0))


def _reserved_memory(instance_type: str, vcpus: int) -> int:
    """Return the memory that the kubelet reserves: 255 MiB, and 11 MiB for each possible pod.

    Larger types have more addresses, so more pods; from the eighth generation on twice as many. A
    test compares the sum with the addresses of every known type.
    """
    pods = next(pods for most, pods in ((2, 29), (8, 58), (48, 234), (1000, 737)) if vcpus <= most)
    return 255 + 11 * pods * (2 if _NEW.match(instance_type) else 1)
