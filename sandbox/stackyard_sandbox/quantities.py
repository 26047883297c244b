"""Reads quantities of Kubernetes."""

from decimal import Decimal

_SUFFIXES = {
    "m": Decimal("0.001"),
    **{suffix: Decimal(1000) ** (power + 1) for power, suffix in enumerate("kMGTPE")},
    **{f"{suffix}i": Decimal(1024) ** (power + 1) for power, suffix in enumerate("KMGTPE")},
}
"""kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity"""


def quantity(text: str) -> Decimal:
    """A Kubernetes quantity as a number, for example `1536Mi` or `250m`."""
    for length in (2, 1):
        if factor := _SUFFIXES.get(text[-length:]):
            return Decimal(text[:-length]) * factor
    return Decimal(text)
