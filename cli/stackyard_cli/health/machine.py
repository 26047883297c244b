"""Checks of this machine: interpreter, engine, toolchain, disk, sandbox."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from stackyard_cli.backend import pulumi_binary
from stackyard_cli.health.check import Check

RUN_BYTES = 1_000_000_000
"""Free disk space in bytes below which a run may end while it writes a state."""

BUILD_BYTES = 8_000_000_000
"""Disk space in bytes for the first build of the toolchain."""


def python(name: str) -> Check:
    """Report the interpreter; the installer refuses versions that are too old."""
    return Check(name, "ok", ".".join(map(str, sys.version_info[:3])))


def engine(name: str) -> Check:
    """Check that the Pulumi CLI matches the installed SDK; raises StackyardError if not."""
    binary = pulumi_binary.find()
    sdk = pulumi_binary.sdk_version()
    return Check(name, "ok", f"{binary.version} at {binary.path}; SDK {sdk}")


def toolchain(name: str) -> Check:
    """Check that the sandbox's programs are built."""
    from stackyard_sandbox.toolchain import CORE, missing

    if lacking := missing(CORE):
        hint = "run `stackyard sandbox build`"
        return Check(name, "problem", f"not built: {', '.join(lacking)}", hint)
    return Check(name, "ok", "built")


def _free_bytes(path: Path) -> int:
    return shutil.disk_usage(path).free


def disk(name: str, free_bytes: Callable[[Path], int] = _free_bytes) -> Check:
    """Check the disk space for states, journals and the sandbox: a full disk truncates a state."""
    from stackyard_sandbox.paths import sandbox_home
    from stackyard_sandbox.toolchain import CORE, missing

    needed = BUILD_BYTES if missing(CORE) else RUN_BYTES
    free = free_bytes(sandbox_home())
    detail = f"{free / 1e9:.1f} GB are free at {sandbox_home()}"
    if free < needed:
        return Check(name, "problem", detail, f"free some disk: {needed / 1e9:.0f} GB are needed")
    return Check(name, "ok", detail)


def sandbox(name: str) -> Check:
    """Check that every process of the sandbox runs."""
    from stackyard_sandbox import daemon

    hint = "run `stackyard sandbox start`"
    members = daemon.status()
    if not members:
        return Check(name, "problem", "not running", hint)
    if dead := [member.name for member in members if not member.alive]:
        return Check(name, "problem", f"has died: {', '.join(dead)}", hint)
    return Check(name, "ok", f"{len(members)} processes run")
