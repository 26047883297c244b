"""Compares the auditors' findings with the accepted ones.

A finding is accepted by a line in `accepted.yaml`, with a reason, a date, and the day by which
somebody looks at it again. A line that accepts nothing any more is as wrong as an open finding: it
would hide the next one.
"""

from __future__ import annotations

import datetime
import fnmatch
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ACCEPTED = Path(__file__).parent / "accepted.yaml"
LONGEST_DAYS = 366
"""A reason is looked at once a year at least."""


class UnreadableError(Exception):
    """`accepted.yaml` holds what cannot be compared: where, and what is wrong."""


@dataclass(frozen=True, order=True)
class Finding:
    """One high or critical thing that one auditor says about one resource."""

    tool: str
    rule: str
    resource: str
    says: str = ""


@dataclass(frozen=True)
class Accepted:
    """Findings that stay, and why. `resources` are patterns as in a shell."""

    tool: str
    rule: str
    resources: tuple[str, ...]
    reason: str
    since: datetime.date
    review_by: datetime.date

    def covers(self, finding: Finding) -> bool:
        """Whether this line speaks of the finding."""
        return (finding.tool, finding.rule) == (self.tool, self.rule) and any(
            fnmatch.fnmatchcase(finding.resource, pattern) for pattern in self.resources
        )


@dataclass(frozen=True)
class Verdict:
    """What keeps the audit from passing."""

    open: list[Finding]
    """Found and not accepted."""

    stale: list[tuple[Accepted, str]]
    """Lines with a pattern that covers nothing any more."""

    expired: list[Accepted]
    """Lines that nobody has looked at again in time."""

    @property
    def passed(self) -> bool:
        """Whether nothing keeps it."""
        return not (self.open or self.stale or self.expired)


def judged(
    findings: Sequence[Finding], accepted: Sequence[Accepted], today: datetime.date
) -> Verdict:
    """Compare what was found with what is accepted."""
    return Verdict(
        open=sorted(f for f in set(findings) if not any(line.covers(f) for line in accepted)),
        stale=[
            (line, pattern)
            for line in accepted
            for pattern in line.resources
            if not any(_only(line, pattern).covers(finding) for finding in findings)
        ],
        expired=[line for line in accepted if line.review_by < today],
    )


def unsettled(verdict: Verdict) -> Iterator[str]:
    """Give a line for each thing that keeps the audit from passing."""
    for finding in verdict.open:
        yield f"open: {finding.tool} {finding.rule} {finding.resource}\n      {finding.says}"
    for line, pattern in verdict.stale:
        yield f"accepted, but not found any more: {line.tool} {line.rule} {pattern}"
    for line in verdict.expired:
        yield f"accepted until {line.review_by}: {line.tool} {line.rule}; look at it again"


def of_tools(accepted: Iterable[Accepted], tools: Iterable[str]) -> list[Accepted]:
    """Return the lines about the tools that ran."""
    ran = set(tools)
    return [line for line in accepted if line.tool in ran]


def read(path: Path = ACCEPTED) -> list[Accepted]:
    """Read the accepted findings; raises UnreadableError with the place of what is wrong."""
    entries = yaml.safe_load(path.read_text())
    return [_entry(entry, f"{path.name}, entry {n}") for n, entry in enumerate(entries, 1)]


def _entry(entry: dict[str, Any], place: str) -> Accepted:
    wanted = {"tool", "rule", "resources", "reason", "since", "review_by"}
    if not isinstance(entry, dict) or set(entry) != wanted:
        raise UnreadableError(f"{place}: wants exactly {', '.join(sorted(wanted))}")
    dates = entry["since"], entry["review_by"]
    if not all(type(date) is datetime.date for date in dates):
        raise UnreadableError(f"{place}: `since` and `review_by` are dates (got {dates})")
    if not 0 < (entry["review_by"] - entry["since"]).days <= LONGEST_DAYS:
        raise UnreadableError(f"{place}: `review_by` comes within a year after `since`")
    if not entry["resources"] or len(str(entry["reason"]).split()) < 4:
        raise UnreadableError(f"{place}: names no resource, or gives no reason")
    return Accepted(**{**entry, "resources": tuple(entry["resources"])})


def _only(line: Accepted, pattern: str) -> Accepted:
    return Accepted(line.tool, line.rule, (pattern,), line.reason, line.since, line.review_by)
