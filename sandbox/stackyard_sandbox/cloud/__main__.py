"""The cloud process: `python -m stackyard_sandbox.cloud --sandbox DIR --port PORT`."""

import argparse
import sys
from pathlib import Path

from stackyard_sandbox.cloud.server import serve


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM, then save the account."""
    parser = argparse.ArgumentParser(prog="python -m stackyard_sandbox.cloud")
    parser.add_argument("--sandbox", type=Path, required=True, help="the sandbox's folder")
    parser.add_argument("--port", type=int, required=True, help="where to listen on loopback")
    options = parser.parse_args(arguments)
    return serve(options.sandbox, options.port)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
