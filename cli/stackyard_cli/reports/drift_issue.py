"""Drift of the night as the text of one issue, the risky first; closed when nothing is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stackyard_cli.reports.comment import LIMIT, code

MARKER = "<!-- stackyard: drift -->"
TITLE = "Stackyard: the cloud differs from what was applied"

TOLD = ("unknown", "risky", "benign")
"""Kinds that somebody should look at; what is expected or ignored needs nobody."""


def needed(contents: Sequence[Any], outcome: str) -> bool:
    """Say whether there is something to tell: drift, or that it could not be looked for."""
    return bool(_rows(contents)) or bool(_failures(contents)) or outcome != "success"


def rendered(contents: Sequence[Any], outcome: str) -> str:
    """Return the issue's text, always below the limit of a comment."""
    rows, failures = _rows(contents), _failures(contents)
    lines = [MARKER]
    if outcome != "success":
        lines.append("Some stacks could not be looked at: the jobs of the pipeline say why.")
    lines += [f"- not looked at: {code(text, 300)}" for text in failures[:50]]
    if not rows:
        lines.append("No drift was found in what could be looked at.")
        return "\n".join(lines) + "\n"
    lines += ["", "| kind | stack | resource | what | why |", "|---|---|---|---|---|"]
    room = LIMIT - len("\n".join(lines).encode()) - 200
    for index, row in enumerate(rows):
        cells = (code(row.get(key, ""), 160) for key in ("stack", "name", "path", "reason"))
        line = f"| {row['kind']} | {' | '.join(cells)} |"
        room -= len(line.encode()) + 1
        if room < 0:
            lines += ["", f"{len(rows) - index} more are left out; `stackyard drift` tells all."]
            break
        lines.append(line)
    return "\n".join(lines) + "\n"


def _rows(contents: Sequence[Any]) -> list[dict[str, Any]]:
    rows = [row for one in contents if isinstance(one, list) for row in one]
    told = [row for row in rows if row.get("kind") in TOLD]
    return sorted(told, key=lambda row: (TOLD.index(row["kind"]), row.get("stack", "")))


def _failures(contents: Sequence[Any]) -> list[str]:
    return [str(one["error"]) for one in contents if isinstance(one, dict) and "error" in one]
