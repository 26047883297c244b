"""Finds built tools on disk: `<cache>/toolchain/<module>-<digest>/bin/NAME`.

A look-up needs no Go: a machine with a copy of the cache (a CI job) can use it directly.
"""

from collections.abc import Iterable
from pathlib import Path

from stackyard_sandbox.paths import toolchain_cache
from stackyard_sandbox.toolchain.errors import ToolMissing
from stackyard_sandbox.toolchain.modules import ALL, Module, module_of

KWOK_STAGES = ("node/fast", "node/heartbeat-with-lease", "pod/fast")
"""Kwok's own rules for the life cycle of a fake node or pod (folders in its Go module)."""

COMPANIONS = {
    "kwok": (
        "sigs.k8s.io/kwok",
        {f"kustomize/stage/{stage}": f"kwok-stages/{stage}" for stage in KWOK_STAGES},
    ),
    "karpenter": (
        "github.com/aws/karpenter-provider-aws",
        {
            "pkg/apis/crds": "definitions",
            "charts/karpenter": "chart",
            "pkg/providers/pricing": "prices",
        },
    ),
}
"""Files that come with a program: its Go module, and folders of it with their places here."""


def root() -> Path:
    """Return the folder of all built modules."""
    return toolchain_cache() / "toolchain"


def home(module: Module) -> Path:
    """Return the folder of one module with its current digest."""
    return root() / module.digest


def stages_folder() -> Path:
    """Return the folder of kwok's stage files, beside the kwok to which they belong."""
    return home(module_of("kwok")) / "kwok-stages"


def tool(name: str) -> Path:
    """Return the path of a built tool."""
    path = home(module_of(name)) / "bin" / name
    if not path.is_file():
        raise ToolMissing(name)
    return path


def missing(names: Iterable[str] = ALL) -> list[str]:
    """Return the named tools that are not built, in build order."""
    wanted = set(names)
    for name in wanted:
        module_of(name)
    return [
        name
        for name in ALL
        if name in wanted and not (home(module_of(name)) / "bin" / name).is_file()
    ]


def kwok_stages() -> list[Path]:
    """Return kwok's stage files; kwok does not run without any."""
    files = sorted(stages_folder().rglob("*.yaml"))
    if not files:
        raise ToolMissing("kwok")
    return files


def karpenter_definitions() -> list[Path]:
    """The CustomResourceDefinitions of the Karpenter that is built."""
    return _companions("definitions", "*.yaml")


def karpenter_chart() -> Path:
    """The folder of the chart that comes with the Karpenter that is built."""
    return _companions("chart", "Chart.yaml")[0].parent


def karpenter_prices() -> str:
    """Karpenter's table of on-demand prices, as Go source."""
    return _companions("prices", "zz_generated.pricing_aws.go")[0].read_text()


def _companions(folder: str, pattern: str) -> list[Path]:
    result = sorted((home(module_of("karpenter")) / folder).glob(pattern))
    if not result:
        raise ToolMissing("karpenter")
    return result
