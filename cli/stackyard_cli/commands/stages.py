"""`diff` and `promote`: compare two stacks, and copy versions from stage to stage."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.options import DryRun, EstateDir, Json, Project

One = Annotated[str, typer.Argument(metavar="STACK-A", help="One stack: TEAM/PROJECT/STAGE.")]
Other = Annotated[str, typer.Argument(metavar="STACK-B", help="Another stack.")]
From = Annotated[
    str, typer.Argument(metavar="FROM", help="Stage from which the versions are copied.")
]
To = Annotated[
    str, typer.Argument(metavar="TO", help="Stage into whose file the versions are written.")
]


def diff(one: One, other: Other, json: Json = False, estate_dir: EstateDir = None) -> None:
    """List every difference of two stacks and its reason; flag the differences without one."""
    from stackyard.estate.estate import Estate
    from stackyard_cli.estate_ops.comparison import differences

    estate = Estate.find(Path.cwd(), estate_dir)
    a, b = (estate.load(estate.one(text)) for text in (one, other))
    rows = [asdict(each) for each in differences(a, b)]
    rows.sort(key=lambda row: row["verdict"] != "flagged")
    columns = ("verdict", "path", "one", "other", "one_origin", "other_origin", "reason")
    render.table(columns, rows, json=json)
    flagged = sum(row["verdict"] == "flagged" for row in rows)
    render.narrate(f"{len(rows)} differences, {flagged} flagged", "yellow" if flagged else None)


def promote(
    project: Project,
    source: From,
    target: To,
    dry_run: DryRun = False,
    json: Json = False,
    estate_dir: EstateDir = None,
) -> None:
    """Write the versions of one stage into the next stage's file, to be reviewed and applied."""
    from stackyard.estate.estate import Estate
    from stackyard_cli.estate_ops.promotion import promotion
    from stackyard_cli.files import write_whole

    estate = Estate.find(Path.cwd(), estate_dir)
    change = promotion(estate, *(estate.one(f"{project}/{stage}") for stage in (source, target)))
    written = bool(change.values) and not dry_run
    if written:
        write_whole(estate.root / change.file, change.after)
    facts = {**change.to_dict(), "written": written}
    render.answer(facts, json=json, text=change.diff or "nothing to promote")
    render.narrate(f"{len(change.left)} other values differ and stay: `stackyard diff` lists them")
