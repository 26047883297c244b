"""Applies the reference estate, runs the auditors, and compares with the accepted findings.

Exit code 0 when nothing is open, 1 otherwise. `--only NAME …` runs some of the auditors, `--stage`
looks at some of the stages; what is accepted and not found there is then left alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from . import account, cluster, iam
from .estate import ROOT, Estate, applied
from .findings import Accepted, Finding, UnreadableError, Verdict, judged, of_tools, read, unsettled
from .pipeline_roles import STAGES
from .tools import NAMES, ToolError, prepared, say

Audit = Callable[[], list[Finding]]


def audits(estate: Estate) -> dict[str, Audit]:
    """Return the auditors by name; each reads what it looks at when it is called."""
    details = iam.authorization(estate)
    documents = iam.documents(estate, details)
    clusters = cluster.clusters(estate)
    count = sum(len(each.objects) for each in clusters)
    say(f"{len(documents)} IAM documents, {count} Kubernetes objects in {len(clusters)} clusters")
    return {
        "parliament": lambda: iam.parliament(estate, documents),
        "cloudsplaining": lambda: iam.cloudsplaining(estate, details),
        "checkov": lambda: [f for each in clusters for f in cluster.checkov(estate, each)],
        "pod-security": lambda: [f for each in clusters for f in cluster.pod_security(each)],
        "prowler": lambda: _prowler(estate),
    }


def _prowler(estate: Estate) -> list[Finding]:
    looked = account.look(estate)
    say(f"prowler: {looked.checks} checks; {len(looked.idle)} found nothing to judge:")
    say(f"  {', '.join(looked.idle)}")
    say(f"calls that the emulator does not answer: {', '.join(looked.unanswered) or 'none'}")
    return looked.findings


def main() -> int:
    """Run the audit and print what is open; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m audits")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="of the auditors, by name")
    parser.add_argument("--stage", nargs="+", choices=STAGES, default=STAGES)
    asked = parser.parse_args()
    try:
        accepted = read()
        for name in NAMES:
            prepared(name)
        with (
            tempfile.TemporaryDirectory(prefix="stackyard-audit-") as folder,
            applied(Path(folder), ROOT, [f"*/*/{stage}" for stage in asked.stage]) as estate,
        ):
            found = _findings(estate, asked.only)
    except (UnreadableError, ToolError) as error:
        say(f"error: {error}")
        return 1
    lines = of_tools(accepted, found)
    findings = [finding for each in found.values() for finding in each]
    verdict = judged(findings, lines, datetime.date.today())
    if set(asked.stage) != set(STAGES):
        verdict = dataclasses.replace(verdict, stale=[])
    sys.stdout.writelines(f"{line}\n" for line in _told(findings, lines, verdict))
    return 0 if verdict.passed else 1


def _findings(estate: Estate, only: list[str] | None) -> dict[str, list[Finding]]:
    found = {}
    for name, audit in audits(estate).items():
        if only and name not in only:
            continue
        started = time.monotonic()
        found[name] = sorted(set(audit()))
        say(f"{name}: {len(found[name])} findings in {time.monotonic() - started:.0f} s")
    return found


def _told(findings: list[Finding], accepted: list[Accepted], verdict: Verdict) -> Iterator[str]:
    """Give the lines of the answer."""
    yield from unsettled(verdict)
    covered, left = len(findings) - len(verdict.open), len(verdict.open)
    yield (f"{len(findings)} findings: {covered} accepted by {len(accepted)} entries, {left} open")
    if not verdict.passed:
        yield "hint: fix what is found, or say in audits/accepted.yaml why it stays"


if __name__ == "__main__":
    sys.exit(main())
