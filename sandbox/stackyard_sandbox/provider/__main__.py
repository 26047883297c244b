"""Serves both providers in one process: `python -m stackyard_sandbox.provider …`.

It writes the ports file once both listen: `{"aws": PORT, "kubernetes": PORT}`.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from stackyard_sandbox.processes import write_private
from stackyard_sandbox.provider.aws.servicer import AwsServicer
from stackyard_sandbox.provider.kubernetes.servicer import KubernetesServicer
from stackyard_sandbox.provider.server import serve


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m stackyard_sandbox.provider")
    parser.add_argument("--sandbox", type=Path, required=True, help="the sandbox's folder")
    parser.add_argument("--ports-file", type=Path, required=True, help="where to write the ports")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    servicers = (AwsServicer(options.sandbox), KubernetesServicer(options.sandbox))
    served = {servicer.package: serve(servicer) for servicer in servicers}
    write_ports(options.ports_file, {package: port for package, (_, port) in served.items()})
    stop.wait()
    for server, _ in served.values():
        server.stop(grace=2).wait()
    return 0


def write_ports(path: Path, ports: dict[str, int]) -> None:
    """Write the file atomically, so that a reader never sees a part of it."""
    write_private(path, json.dumps(ports))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
