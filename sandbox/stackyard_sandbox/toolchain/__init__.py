"""Builds the programs that the sandbox runs, from pinned Go modules.

No binary is downloaded: `modules/` has a go.mod and a go.sum for each build, and the binaries are
stored in the cache, once per lock file.
"""

from stackyard_sandbox.toolchain.build import build
from stackyard_sandbox.toolchain.definitions import kueue_definitions, kueue_webhooks
from stackyard_sandbox.toolchain.errors import BuildFailed, GoMissing, ToolchainError, ToolMissing
from stackyard_sandbox.toolchain.modules import ALL, CORE, EXTRA, IMAGES
from stackyard_sandbox.toolchain.store import (
    karpenter_chart,
    karpenter_definitions,
    karpenter_prices,
    kwok_stages,
    missing,
    tool,
)

__all__ = [
    "ALL",
    "CORE",
    "EXTRA",
    "IMAGES",
    "BuildFailed",
    "GoMissing",
    "ToolMissing",
    "ToolchainError",
    "build",
    "karpenter_chart",
    "karpenter_definitions",
    "karpenter_prices",
    "kueue_definitions",
    "kueue_webhooks",
    "kwok_stages",
    "missing",
    "tool",
]
