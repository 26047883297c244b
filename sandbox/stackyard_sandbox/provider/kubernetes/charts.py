"""The Helm charts that the sandbox has, as objects: those of the Go modules that it builds.

There is neither a chart registry nor Helm on this machine. The chart `karpenter-crd` is made of the
files that the toolchain keeps: its templates are copies of `pkg/apis/crds`, with one value,
`additionalAnnotations` (Makefile and `hack/mutation/crd_annotations.sh` of
github.com/aws/karpenter-provider-aws). Its version is that of the release, which
`hack/release/common.sh` writes into Chart.yaml when it publishes the chart.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from stackyard_sandbox.provider.kubernetes.client import Object
from stackyard_sandbox.provider.server import ProviderError
from stackyard_sandbox.toolchain import ToolMissing, karpenter_definitions
from stackyard_sandbox.toolchain.modules import KARPENTER_VERSION

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C, where PyYAML has it: the definitions are long."""

ANNOTATIONS = "additionalAnnotations"
"""The only value of the chart."""


@dataclass(frozen=True)
class Chart:
    """A chart in one version."""

    name: str
    version: str

    def rendered(self, values: Mapping[str, Any]) -> list[Object]:
        """Return the chart's objects; raises ProviderError for a value that it does not have."""
        unknown = sorted(values.keys() - {ANNOTATIONS})
        if unknown:
            names = ", ".join(f"`{key}`" for key in unknown)
            raise ProviderError(f"the chart {self.name} has no value {names}, only `{ANNOTATIONS}`")
        objects = copy.deepcopy(_definitions())
        for each in objects:
            each["metadata"].setdefault("annotations", {}).update(values.get(ANNOTATIONS) or {})
        return objects


CHARTS = (Chart("karpenter-crd", KARPENTER_VERSION),)


def find(reference: str, version: str | None) -> Chart:
    """Return the chart of `oci://REGISTRY/…/NAME` in a version; raises ProviderError if not here.

    The registry may be any: a mirror has the same charts.
    """
    if not reference.startswith("oci://"):
        raise ProviderError(f"the sandbox has charts of OCI registries only (got {reference!r})")
    name = reference.rpartition("/")[2]
    for chart in CHARTS:
        if (chart.name, chart.version) == (name, version):
            return chart
    known = ", ".join(f"{chart.name} {chart.version}" for chart in CHARTS)
    wanted = f"{reference}:{version}" if version else f"{reference} without a version"
    raise ProviderError(f"{wanted}: not found; the sandbox has {known} only")


@cache
def _definitions() -> list[Object]:
    try:
        files = karpenter_definitions()
    except ToolMissing as error:
        raise ProviderError(str(error)) from None
    return [yaml.load(file.read_bytes(), LOADER) for file in files]
