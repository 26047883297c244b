"""Writes the table of accepted findings in docs/audit.md: `python -m audits.report`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .findings import Accepted, read

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "audit.md"
BEGIN = "<!-- accepted: written by `python -m audits.report` -->\n"
END = "<!-- end of accepted -->\n"


def table(accepted: Sequence[Accepted]) -> str:
    """Return one row for each entry."""
    rows = ["| tool | rule | what | why it stays | since | look again by |", "|" + "---|" * 6]
    for line in accepted:
        what = "<br>".join(f"`{pattern}`" for pattern in line.resources)
        cells = (line.tool, f"`{line.rule}`", what, " ".join(line.reason.split()))
        rows.append(f"| {' | '.join(cells)} | {line.since} | {line.review_by} |")
    return "\n".join(rows) + "\n"


def written(text: str, rows: str) -> str:
    """Return the document with the rows between its two marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{rows}{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text(), table(read())))
