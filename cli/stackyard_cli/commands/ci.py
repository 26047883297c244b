"""`ci`: pipelines that preview, comment, apply and watch; and what their jobs ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from stackyard_cli import render
from stackyard_cli.options import EstateDir, Json

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, help="Render pipelines for GitHub or GitLab."
)

Write = Annotated[bool, typer.Option("--write", help="Write the files into the repository.")]
Branch = Annotated[str, typer.Option("--branch", help="The branch that is applied.")]
Answer = Annotated[Path, typer.Argument(metavar="FILE", help="What `affected --json` said.")]
Selected = Annotated[
    list[str] | None, typer.Argument(metavar="[STACK]...", help="Stacks.", show_default=False)
]
Jobs = Annotated[
    Path | None,
    typer.Option(
        "--jobs",
        metavar="FILE",
        help="Print the child pipeline for what `affected --json` said.",
        show_default=False,
    ),
]


@app.command()
def github(
    write: Write = False, branch: Branch = "main", json: Json = False, estate: EstateDir = None
) -> None:
    """Render GitHub workflows: preview, apply, drift."""
    _render("github", branch, write=write, json=json, estate=estate)


@app.command()
def gitlab(
    write: Write = False,
    branch: Branch = "main",
    jobs: Jobs = None,
    operation: Annotated[
        Literal["preview", "apply"], typer.Option("--operation", help="With --jobs: which jobs.")
    ] = "preview",
    json: Json = False,
    estate: EstateDir = None,
) -> None:
    """Render GitLab pipelines: preview, apply, drift."""
    if jobs is None:
        _render("gitlab", branch, write=write, json=json, estate=estate)
        return
    from stackyard_cli.ci import pipelines
    from stackyard_cli.estate_ops.git import below_top

    found = pipelines.read_affected(jobs.read_text(encoding="utf-8"))
    root = _root(estate)
    text = pipelines.child(found, operation, below=below_top(root)[1])
    render.answer({"pipeline": text} if json else text.rstrip(), json=json)


@app.command()
def matrix(
    answer: Answer,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most jobs of a matrix.")] = 256,
    layers: Annotated[bool, typer.Option("--layers", help="One matrix per layer.")] = False,
) -> None:
    """Print outputs of a GitHub job: the matrix of affected stacks."""
    from stackyard_cli.ci import pipelines

    found = pipelines.read_affected(answer.read_text(encoding="utf-8"))
    for line in pipelines.outputs(found["stacks"], limit=limit, layers=layers):
        render.answer(line, json=False)


@app.command()
def receipts(
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where to write them.")],
    forge: Annotated[Literal["github", "gitlab"], typer.Option("--forge", help="Where from.")],
    stacks: Selected = None,
    of: Annotated[
        Path | None,
        typer.Option(
            "--affected",
            metavar="FILE",
            help="All stacks that `affected --json` said are to be applied.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Get the receipts that were reviewed for a job's commit."""
    from stackyard_cli.ci import pipelines
    from stackyard_cli.ci.hosts import Forge, GitHub, GitLab, file_of
    from stackyard_cli.files import write_whole

    rows = pipelines.read_affected(of.read_text(encoding="utf-8"))["stacks"] if of else []
    wanted = [*(stacks or []), *(r["stack"] for r in rows if r["operation"] == "preview")]
    found: dict[str, str] = {}
    # Where nothing is affected there is nothing to ask for: a commit may be about something else.
    if wanted or rows:
        service: Forge = GitHub.here() if forge == "github" else GitLab.here()
        found |= service.receipts(wanted)
    for stack, text in found.items():
        write_whole(to / file_of(stack), text)
    told = [{"stack": each, "file": str(to / file_of(each))} for each in found]
    render.table(("stack", "file"), told, json=json)


def _root(estate: Path | None) -> Path:
    from stackyard.estate.estate import Estate

    return Estate.find(Path.cwd(), estate).root


def _render(
    service: Literal["github", "gitlab"],
    branch: str,
    *,
    write: bool,
    json: bool,
    estate: Path | None,
) -> None:
    from stackyard.estate.estate import Estate
    from stackyard_cli.ci import pipelines
    from stackyard_cli.estate_ops.git import below_top
    from stackyard_cli.files import write_whole

    found = Estate.find(Path.cwd(), estate)
    top, below = below_top(found.root)
    texts = pipelines.rendered(service, found, below=below, branch=branch)
    if not write:
        plain = [{"file": file, "text": text} for file, text in texts.items()]
        shown = "\n".join(f"# {row['file']}\n{row['text']}" for row in plain)
        render.answer(plain, json=json, text=shown.rstrip())
        return
    for file, text in texts.items():
        write_whole(top / file, text)
    render.table(("file",), [{"file": str(top / file)} for file in texts], json=json)
