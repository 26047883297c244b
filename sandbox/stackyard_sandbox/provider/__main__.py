"""Serves the providers in one process: `python -m stackyard_sandbox.provider …`.

It writes the ports file once all listen: `{"aws": PORT, "kubernetes": PORT}`, and the port of the
official Kubernetes provider where this machine has it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stackyard_sandbox.processes import write_private
from stackyard_sandbox.provider.aws.servicer import AwsServicer
from stackyard_sandbox.provider.kubernetes import plugin
from stackyard_sandbox.provider.kubernetes.official import OfficialServicer
from stackyard_sandbox.provider.kubernetes.servicer import KubernetesServicer
from stackyard_sandbox.provider.server import PackageServicer, serve
from stackyard_sandbox.state import OFFICIAL


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m stackyard_sandbox.provider")
    parser.add_argument("--sandbox", type=Path, required=True, help="the sandbox's folder")
    parser.add_argument("--ports-file", type=Path, required=True, help="where to write the ports")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    servicers = _servicers(options)
    served = {name: serve(each) for name, each in servicers.items()}
    write_ports(options.ports_file, {package: port for package, (_, port) in served.items()})
    stop.wait()
    for server, _ in served.values():
        server.stop(grace=2).wait()
    for servicer in servicers.values():
        servicer.end()
    return 0


def _servicers(options: argparse.Namespace) -> dict[str, PackageServicer[Any]]:
    ours = (AwsServicer(options.sandbox), KubernetesServicer(options.sandbox))
    result: dict[str, PackageServicer[Any]] = {each.package: each for each in ours}
    if official := plugin.program():
        folder = options.ports_file.parent / "official"
        shutil.rmtree(folder, ignore_errors=True)  # what a killed process left behind
        result[OFFICIAL] = OfficialServicer(options.sandbox, official, folder)
    return result


def write_ports(path: Path, ports: dict[str, int]) -> None:
    """Write the file atomically, so that a reader never sees a part of it."""
    write_private(path, json.dumps(ports))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
