"""`ci`: renders pipelines, and serves their jobs: stacks, jobs, reviewed receipts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from stackyard_cli import render as printer
from stackyard_cli.options import EstateDir, GitHostOption, Json

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, help="Render pipelines for GitHub or GitLab."
)

Write = Annotated[
    bool, typer.Option("--write", help="Write the files into the repository instead of printing.")
]
Branch = Annotated[str, typer.Option("--branch", help="Branch whose stacks are applied.")]
Runner = Annotated[
    str | None,
    typer.Option(
        "--runner",
        metavar="LABEL",
        help="Label of runners that reach the clusters' APIs, for jobs that use the engine.",
        show_default=False,
    ),
]
Affected = Annotated[Path, typer.Argument(metavar="FILE", help="Output of `affected --json`.")]
Selected = Annotated[
    list[str] | None,
    typer.Argument(metavar="[STACK]...", help="Stacks by path.", show_default=False),
]
Operation = Annotated[
    Literal["preview", "apply"], typer.Option("--operation", help="Operation of the jobs.")
]
Limit = Annotated[
    int,
    typer.Option("--limit", min=1, help="Maximum number of stacks in the matrix of one job."),
]
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs", min=1, help="Jobs of the workflow that share the stacks; more is an error."
    ),
]
Layers = Annotated[
    bool, typer.Option("--layers", help="Print one matrix per layer of the dependency order.")
]
Depth = Annotated[
    int,
    typer.Option("--depth", min=1, help="Layers of the workflow; more is an error."),
]
Folder = Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Folder for the receipts.")]
AffectedOption = Annotated[
    Path | None,
    typer.Option(
        "--affected",
        metavar="FILE",
        help="Output of `affected --json`: selects every stack in it that is to be applied.",
        show_default=False,
    ),
]


@app.command()
def render(
    git_host: GitHostOption = "github",
    write: Write = False,
    branch: Branch = "main",
    runner: Runner = None,
    json: Json = False,
    estate_dir: EstateDir = None,
) -> None:
    """Print or write the pipelines: preview, apply, drift."""
    from stackyard.estate.estate import Estate
    from stackyard_cli.ci import pipelines
    from stackyard_cli.files import write_whole

    estate = Estate.find(Path.cwd(), estate_dir)
    top, texts = pipelines.in_repository(git_host, estate, branch=branch, runner=runner)
    if not write:
        rows = [{"file": file, "text": text} for file, text in texts.items()]
        shown = "\n".join(f"# {row['file']}\n{row['text']}" for row in rows)
        printer.answer(rows, json=json, text=shown.rstrip())
        return
    for file, text in texts.items():
        write_whole(top / file, text)
    printer.table(("file",), [{"file": str(top / file)} for file in texts], json=json)


@app.command()
def jobs(
    affected: Affected,
    operation: Operation = "preview",
    runner: Runner = None,
    json: Json = False,
    estate_dir: EstateDir = None,
) -> None:
    """Print GitLab's child pipeline: one job per affected stack."""
    from stackyard.estate.estate import Estate
    from stackyard_cli.ci import pipelines
    from stackyard_cli.estate_ops.git import below_top

    parsed = pipelines.read_affected(affected.read_text(encoding="utf-8"))
    _, below = below_top(Estate.find(Path.cwd(), estate_dir).root)
    text = pipelines.child(parsed, operation, below=below, runner=runner)
    printer.answer({"pipeline": text} if json else text.rstrip(), json=json)


@app.command()
def matrix(
    affected: Affected,
    limit: Limit = 256,
    jobs: Jobs = 1,
    layers: Layers = False,
    depth: Depth = 3,
) -> None:
    """Print the output variables of a GitHub job: the matrix of affected stacks."""
    from stackyard_cli.ci import matrices, pipelines

    parsed = pipelines.read_affected(affected.read_text(encoding="utf-8"))
    rows = parsed["stacks"]
    for line in matrices.outputs(rows, limit=limit, jobs=jobs, layers=layers, depth=depth):
        printer.answer(line, json=False)


@app.command()
def receipts(
    to: Folder,
    git_host: GitHostOption = "github",
    stacks: Selected = None,
    affected: AffectedOption = None,
    json: Json = False,
) -> None:
    """Download the receipts that were reviewed for the commit of this job."""
    from stackyard_cli.ci import pipelines
    from stackyard_cli.ci.hosts.select import git_host as selected
    from stackyard_cli.files import write_whole
    from stackyard_cli.review.receipt_file import receipt_file

    text = affected.read_text(encoding="utf-8") if affected else None
    rows = pipelines.read_affected(text)["stacks"] if text is not None else []
    selected_stacks = [
        *(stacks or []),
        *(row["stack"] for row in rows if row["operation"] == "preview"),
    ]
    # Without an affected stack the commit needs no review, and may therefore have none.
    texts = selected(git_host).receipts(selected_stacks) if selected_stacks or rows else {}
    for stack, content in texts.items():
        write_whole(to / receipt_file(stack), content)
    written = [{"stack": stack, "file": str(to / receipt_file(stack))} for stack in texts]
    printer.table(("stack", "file"), written, json=json)
