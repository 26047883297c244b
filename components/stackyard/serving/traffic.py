"""Shares of requests between two versions, by numbers of pods behind one Service.

A Service gives each ready pod the same share of connections, so one canary of ten pods receives a
tenth. This needs no mesh and no ingress controller; its precision is one pod. Each version has an
autoscaler of its own with the same target; because every pod has the same load, both scale equally
and the shares stay the same. Source: https://kubernetes.io/docs/reference/networking/virtual-ips/.
"""

from __future__ import annotations

from dataclasses import dataclass

CLOSE = 5
"""Percentage points by which the share of pods may differ from the weight."""


@dataclass(frozen=True)
class Split:
    """Numbers of pods of both versions."""

    stable: int
    canary: int
    weight: int

    @classmethod
    def of(cls, pods: int, weight: int) -> Split:
        """Divide `pods` so that the canary's share is closest to `weight` percent; both get one."""
        canary = min(max(1, round(pods * weight / 100)), max(1, pods - 1))
        return cls(stable=max(1, pods - canary), canary=canary, weight=weight)

    @property
    def share(self) -> float:
        """Percent of the requests that the canary receives."""
        return 100 * self.canary / (self.stable + self.canary)

    @property
    def is_close(self) -> bool:
        """Whether the share differs from the weight by at most `CLOSE`."""
        return abs(self.share - self.weight) <= CLOSE


def weights(pods: int) -> str:
    """Return the weights that are possible with a number of pods, for an error message."""
    if pods < 2:
        return "none: a canary needs two"
    return ", ".join(f"{100 * canary / pods:.0f}" for canary in range(1, pods))
