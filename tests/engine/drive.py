"""The tool as a process of its own, so that tests can interrupt and kill it.

`python drive.py HOME ENVIRONMENT OPERATION CONFIG WORKER` (JSON) prints `engine PID` at once.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import cast

from stackyard_cli.backend import pulumi_binary
from stackyard_cli.backend.location import Location
from stackyard_cli.deploy.options import Pace
from stackyard_cli.deploy.order import run_in_dependency_order
from stackyard_cli.deploy.progress import Progress
from stackyard_cli.engine.messages import EngineStarted, Event, Operation
from stackyard_cli.engine.parent.runner import Runner
from stackyard_cli.engine.parent.stop_signals import StopSignals
from stackyard_cli.engine.parent.workers import Workers
from stackyard_cli.engine.report import Task

from .harness import STACK, task


def main() -> None:
    """Run one operation as a command would, with the same handling of signals."""
    home, environment, operation, config, worker = sys.argv[1:]

    wanted = cast(Operation, operation)

    def watch(_task: Task, event: Event) -> None:
        if isinstance(event, EngineStarted):
            print(f"engine {event.pid}", flush=True)

    known = json.loads(environment)
    location = Location(Path(home), known["PULUMI_BACKEND_URL"], "passphrase", known)
    with StopSignals(lambda text: print(text, file=sys.stderr)) as stops:
        runner = Runner(location, pulumi_binary.find(), stops, watch, Workers(json.loads(worker)))
        done = run_in_dependency_order(
            [[task(STACK, **json.loads(config))]],
            lambda one, _earlier: runner.run(one, wanted),
            stops=stops,
            progress=Progress(quiet=True),
            pace=Pace(1),
        )
    print(json.dumps({str(k): v.result.outcome for k, v in done.items()}), flush=True)
    sys.exit(130 if stops.received else 0)


if __name__ == "__main__":
    main()
