"""Locates the sandbox's cache (built tools) and its home (state).

Both follow the XDG base directory specification (specifications.freedesktop.org/basedir-spec) and
can be moved by one environment variable each, as CI and tests do.
"""

import os
from pathlib import Path

CACHE_VARIABLE = "STACKYARD_CACHE_DIR"
HOME_VARIABLE = "STACKYARD_SANDBOX_DIR"


def toolchain_cache() -> Path:
    """Return the folder of built tools: it can be deleted, and rebuilt in minutes."""
    return _private(_chosen(CACHE_VARIABLE, "XDG_CACHE_HOME", ".cache", "stackyard"))


def sandbox_home() -> Path:
    """Return the folder of the sandbox's own state: clusters, tokens, logs."""
    return _private(_chosen(HOME_VARIABLE, "XDG_STATE_HOME", ".local/state", "stackyard/sandbox"))


def _chosen(variable: str, xdg: str, fallback: str, below: str) -> Path:
    if own := os.environ.get(variable):
        return Path(own).expanduser().absolute()
    base = os.environ.get(xdg)
    return (Path(base) if base else Path.home() / fallback) / below


def _private(folder: Path) -> Path:
    """Create the folder for its owner only; it contains tokens and private keys."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
