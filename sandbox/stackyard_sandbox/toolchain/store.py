"""Finds built tools on disk: `<cache>/toolchain/<module>-<digest>/bin/NAME`.

Looking a tool up needs no Go: a machine that was handed the cache (a CI job) can use it as it is.
"""

from collections.abc import Iterable
from pathlib import Path

from stackyard_sandbox.paths import toolchain_cache
from stackyard_sandbox.toolchain.errors import ToolMissing
from stackyard_sandbox.toolchain.modules import ALL, Module, module_of

KWOK_STAGES = ("node/fast", "node/heartbeat-with-lease", "pod/fast")
"""Kwok's own rules of how a fake node or pod comes to life (folders in its Go module)."""


def root() -> Path:
    """The folder of all built modules."""
    return toolchain_cache() / "toolchain"


def home(module: Module) -> Path:
    """The folder of one module at its present digest."""
    return root() / module.digest


def stages_folder() -> Path:
    """Where a build puts kwok's stage files, beside the kwok that they belong to."""
    return home(module_of("kwok")) / "kwok-stages"


def tool(name: str) -> Path:
    """The path of a built tool."""
    path = home(module_of(name)) / "bin" / name
    if not path.is_file():
        raise ToolMissing(name)
    return path


def missing(names: Iterable[str] = ALL) -> list[str]:
    """Those of the named tools that have to be built first, in build order."""
    wanted = set(names)
    for name in wanted:
        module_of(name)
    return [
        name
        for name in ALL
        if name in wanted and not (home(module_of(name)) / "bin" / name).is_file()
    ]


def kwok_stages() -> list[Path]:
    """Kwok's stage files; kwok refuses to run without any."""
    files = sorted(stages_folder().rglob("*.yaml"))
    if not files:
        raise ToolMissing("kwok")
    return files
