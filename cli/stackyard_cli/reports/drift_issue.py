"""Renders the nightly drift check as one issue, riskiest first; it is closed without drift."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stackyard_cli.reports.comment import LIMIT, code

MARKER = "<!-- stackyard: drift -->"
TITLE = "Stackyard: the cloud differs from what was applied"

REPORTED = ("unknown", "risky", "benign")
"""Kinds that need action by a person, worst first; expected and ignored drift does not."""


def needed(contents: Sequence[Any], outcome: str) -> bool:
    """Return whether the issue is needed: there is drift, or a check failed."""
    return bool(_rows(contents)) or bool(_failures(contents)) or outcome != "success"


def rendered(contents: Sequence[Any], outcome: str) -> str:
    """Return the issue's text, always below the limit of a comment."""
    rows, failures = _rows(contents), _failures(contents)
    lines = [MARKER]
    if outcome != "success":
        lines.append("Some stacks could not be checked: see the jobs of the pipeline.")
    lines += [f"- not checked: {code(text, 300)}" for text in failures[:50]]
    if not rows:
        lines.append("No drift in the stacks that could be checked.")
        return "\n".join(lines) + "\n"
    lines += ["", "| kind | stack | resource | what | why |", "|---|---|---|---|---|"]
    room = LIMIT - len("\n".join(lines).encode()) - 200
    for index, row in enumerate(rows):
        cells = (code(row.get(key, ""), 160) for key in ("stack", "name", "path", "reason"))
        line = f"| {row['kind']} | {' | '.join(cells)} |"
        room -= len(line.encode()) + 1
        if room < 0:
            lines += ["", f"{len(rows) - index} more are left out; `stackyard drift` lists all."]
            break
        lines.append(line)
    return "\n".join(lines) + "\n"


def _rows(contents: Sequence[Any]) -> list[dict[str, Any]]:
    rows = [row for one in contents if isinstance(one, list) for row in one]
    reported = [row for row in rows if row.get("kind") in REPORTED]
    return sorted(reported, key=lambda row: (REPORTED.index(row["kind"]), row.get("stack", "")))


def _failures(contents: Sequence[Any]) -> list[str]:
    return [str(one["error"]) for one in contents if isinstance(one, dict) and "error" in one]
