"""`diff` and `promote`: how two stacks differ, and what goes from one stage to the next."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.options import DryRun, EstateDir, Json

One = Annotated[str, typer.Argument(metavar="STACK-A", help="One stack: TEAM/PROJECT/STAGE.")]
Other = Annotated[str, typer.Argument(metavar="STACK-B", help="Another stack.")]
Project = Annotated[str, typer.Argument(metavar="TEAM/PROJECT", help="Whose project, which one.")]
From = Annotated[str, typer.Argument(metavar="FROM", help="The stage where it was tried.")]
To = Annotated[str, typer.Argument(metavar="TO", help="The stage it goes to.")]


def diff(one: One, other: Other, json: Json = False, estate: EstateDir = None) -> None:
    """Name every difference of two stacks and what explains it; flag what nothing explains."""
    from stackyard.estate.estate import Estate
    from stackyard_cli.estate_ops.comparison import differences

    found = Estate.find(Path.cwd(), estate)
    a, b = (found.load(found.one(text)) for text in (one, other))
    rows = [asdict(each) for each in differences(a, b)]
    rows.sort(key=lambda row: row["verdict"] != "flagged")
    if json:
        render.answer(rows, json=True)
    else:
        columns = ("verdict", "path", "one", "other", "one_origin", "other_origin", "reason")
        render.table(columns, rows, json=False)
    flagged = sum(row["verdict"] == "flagged" for row in rows)
    render.narrate(f"{len(rows)} differences, {flagged} flagged", "yellow" if flagged else None)


def promote(
    project: Project,
    source: From,
    target: To,
    dry_run: DryRun = False,
    json: Json = False,
    estate: EstateDir = None,
) -> None:
    """Write the versions of one stage into the next one's file: a change to be reviewed."""
    from stackyard.estate.estate import Estate
    from stackyard_cli.estate_ops.promotion import promotion
    from stackyard_cli.files import write_whole

    found = Estate.find(Path.cwd(), estate)
    if source == target:
        raise StackyardError("FROM and TO are the same stage", code=ExitCode.INVALID)
    change = promotion(found, *(found.one(f"{project}/{stage}") for stage in (source, target)))
    written = bool(change.values) and not dry_run
    if written:
        write_whole(found.root / change.file, change.after)
    facts = {
        "file": change.file,
        "written": written,
        "values": dict(change.values),
        "left": list(change.left),
        "diff": change.diff,
    }
    render.answer(facts, json=json, text=change.diff or "nothing to promote")
    render.narrate(f"{len(change.left)} other values differ and stay: `stackyard diff` shows them")
