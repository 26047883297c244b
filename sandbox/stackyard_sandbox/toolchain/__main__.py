"""`python -m stackyard_sandbox.toolchain build [NAMES]`: build without the rest of Stackyard."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stackyard_sandbox.toolchain import (
    ALL,
    CORE,
    IMAGES,
    BuildFailed,
    ToolchainError,
    build,
    kueue_definitions,
    kueue_webhooks,
)
from stackyard_sandbox.toolchain.definitions import secrets_store_definitions


def main(arguments: list[str] | None = None) -> int:
    """Build the named tools; print their paths on stdout, progress on stderr."""
    parser = argparse.ArgumentParser(prog="python -m stackyard_sandbox.toolchain")
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build", help="build the sandbox's tools with Go")
    building.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ALL)}")
    building.add_argument("--core", action="store_true", help=f"only {', '.join(CORE)}")
    building.add_argument("--images", action="store_true", help="only what builds images")
    chosen = parser.parse_args(arguments)
    try:
        paths = _images() if chosen.images else build(_wanted(chosen), progress=_print)
        if not (chosen.names or chosen.images):
            secrets_store_definitions()  # the sandbox needs them when it creates a cluster's add-on
    except ToolchainError as error:
        _print(f"error: {error}")
        return 1
    if not (chosen.names or chosen.core or chosen.images):
        _fetch_definitions()
    for name, path in paths.items():
        sys.stdout.write(f"{name}\t{path}\n")
    return 0


def _wanted(chosen: argparse.Namespace) -> Sequence[str] | None:
    return chosen.names or (CORE if chosen.core else None)


def _images() -> dict[str, Path]:
    """Build the tools that build images; without a C compiler no step runs, which tests report."""
    *usual, last = IMAGES
    paths = build(usual, progress=_print)
    try:
        return {**paths, **build([last], progress=_print)}
    except BuildFailed as error:
        _print(f"warning: {error}")
        return paths


def _fetch_definitions() -> None:
    """Fetch files that only tests need: the sandbox starts without them."""
    try:
        kueue_definitions()
        kueue_webhooks()
    except ToolchainError as error:
        _print(f"warning: {error}")


def _print(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
