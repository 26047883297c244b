"""Applies the estates, asks every judge, and prints one table: `make judges`.

Exit code 0 when nothing is open, 1 otherwise. `--stage` applies some of the stages of the reference
estate only; what is accepted and not found there is then left alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audits.estate import ROOT, Estate, applied
from audits.findings import UnreadableError, Verdict, judged, of_tools, read, unsettled
from audits.pipeline_roles import STAGES
from audits.tools import ToolError, say
from stackyard.estate.estate import Estate as StackFiles
from stackyard_sandbox.provider.aws import ledger

from . import calls, kubernetes, policies, replacements, rights, schemas
from .declared import Declared, Held, declared

ACCEPTED = Path(__file__).parent / "accepted.yaml"
QUICKSTART = ROOT / "examples/quickstart"

Judge = Callable[[Sequence[Declared]], Held]
JUDGES: Mapping[str, Judge] = {
    schemas.JUDGE: schemas.held,
    replacements.JUDGE: replacements.held,
    rights.JUDGE: rights.held,
    policies.JUDGE: policies.held,
}
"""By name; each is asked once, about all that was declared."""


@dataclass(frozen=True)
class Answer:
    """What one judge said, and how long it took."""

    judge: str
    held: Held
    seconds: float


@dataclass
class Applied:
    """What each applied estate declares, and what was seen while it was there."""

    resources: list[list[Declared]]
    calls: list[ledger.Held]
    kubernetes: Answer
    """What the official Kubernetes provider says of the quickstart, which ours has applied."""


def main() -> int:
    """Ask the judges and print their table; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m audits.judges")
    parser.add_argument("--stage", nargs="+", choices=STAGES, default=STAGES)
    asked = parser.parse_args()
    try:
        accepted = read(ACCEPTED)
        with tempfile.TemporaryDirectory(prefix="stackyard-judges-") as folder:
            estates = _applied(Path(folder), asked.stage)
    except (UnreadableError, ToolError) as error:
        say(f"error: {error}")
        return 1
    answers = [_asked(name, judge, estates.resources) for name, judge in JUDGES.items()]
    # These were held while the estates were applied, so it takes no time of its own.
    answers.append(Answer(calls.JUDGE, calls.held(estates.calls), 0.0))
    answers.append(estates.kubernetes)
    lines = of_tools(accepted, (*JUDGES, calls.JUDGE, kubernetes.JUDGE))
    findings = [finding for answer in answers for finding in answer.held.findings]
    verdict = judged(findings, lines, datetime.date.today())
    if set(asked.stage) != set(STAGES):
        verdict = dataclasses.replace(verdict, stale=[])
    sys.stdout.writelines(f"{line}\n" for line in told(answers, verdict))
    return 0 if verdict.passed else 1


def _applied(folder: Path, stages: Sequence[str]) -> Applied:
    """Apply the reference estate and the quickstart, each in a sandbox of its own."""
    found = Applied([], [], Answer(kubernetes.JUDGE, Held(0, []), 0.0))
    estates = {ROOT: [f"*/*/{stage}" for stage in stages], QUICKSTART: ["*/*/dev"]}
    for source, selections in estates.items():
        own = folder / source.name
        own.mkdir()
        with applied(own, source, selections) as estate:
            found.resources.append(_of(estate, selections))
            if source is QUICKSTART:
                found.kubernetes = _looked_at(estate, selections, found.resources[-1])
            found.calls.append(ledger.read(own / "sandbox"))
    return found


def _looked_at(estate: Estate, selections: Sequence[str], made: Sequence[Declared]) -> Answer:
    started = time.monotonic()
    held = kubernetes.held(made, kubernetes.differences(estate, selections))
    return Answer(kubernetes.JUDGE, held, time.monotonic() - started)


def _of(estate: Estate, selections: Sequence[str]) -> list[Declared]:
    return declared(estate.folder, StackFiles.find(estate.folder).select(selections))


def _asked(name: str, judge: Judge, estates: Sequence[Sequence[Declared]]) -> Answer:
    """Ask a judge about each estate: each is an account of its own, with the same names."""
    started = time.monotonic()
    answers = [judge(resources) for resources in estates]
    findings = sorted({finding for held in answers for finding in held.findings})
    held = Held(sum(held.items for held in answers), findings)
    return Answer(name, held, time.monotonic() - started)


def told(answers: Sequence[Answer], verdict: Verdict) -> Iterator[str]:
    """Give the lines of the table, and of what keeps the judges from passing."""
    yield f"{'judge':<12} {'held':>7} {'found':>6} {'accepted':>9} {'open':>5} {'seconds':>8}"
    for answer in answers:
        found = set(answer.held.findings)
        left = found & set(verdict.open)
        counts = f"{answer.held.items:>7} {len(found):>6} {len(found - left):>9} {len(left):>5}"
        yield f"{answer.judge:<12} {counts} {answer.seconds:>8.1f}"
    for answer in answers:
        yield from (f"{answer.judge}: {note}" for note in answer.held.notes)
    yield from unsettled(verdict)
    if not verdict.passed:
        yield f"hint: fix what is found, or say in audits/judges/{ACCEPTED.name} why it stays"


if __name__ == "__main__":
    sys.exit(main())
