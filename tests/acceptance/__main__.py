"""Runs the acceptance of a stage and writes its report; `docs/aws.md` says how to prepare it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.acceptance.run import Acceptance


def main() -> int:
    """Run the acceptance; return 0 if every step passed, else 1."""
    parser = argparse.ArgumentParser(prog="make acceptance", description=__doc__)
    parser.add_argument("estate", type=Path, help="folder that contains stacks/")
    parser.add_argument(
        "stack", help="a project's stack, TEAM/PROJECT/STAGE; its stage is destroyed"
    )
    parser.add_argument("--report", type=Path, default=Path("acceptance.md"), help="Markdown file")
    words = parser.parse_args()
    acceptance = Acceptance.of(words.estate.resolve(), words.stack)
    passed = acceptance.run()
    words.report.write_text(acceptance.report())
    print(f"{'passed' if passed else 'FAILED'}; the report is {words.report}", file=sys.stderr)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
