"""`receipts`: show, compare and verify receipts, without an engine or an estate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode
from stackyard_cli.options import Json

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, help="Show, compare and verify receipts."
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="A receipt file.", exists=True)]
Other = Annotated[
    Path, typer.Argument(metavar="OTHER", help="The other receipt file.", exists=True)
]
Digest = Annotated[
    str | None,
    typer.Option("--digest", help="Expected digest: the approved one.", show_default=False),
]


@app.command()
def show(file: File, json: Json = False) -> None:
    """Show the changes that a receipt approves."""
    from stackyard_cli.reports import receipt_text
    from stackyard_cli.review import receipt

    content = receipt.read(file)
    render.answer(content, json=json, text="\n".join(receipt_text.lines(content)))


@app.command()
def diff(file: File, other: Other, json: Json = False) -> None:
    """Compare the changes of two receipts; exit code 4 if they differ."""
    from stackyard_cli.review import receipt
    from stackyard_cli.review.fingerprint import mismatches

    old, new = receipt.read(file), receipt.read(other)
    differences = receipt.differences(old, new)
    if old["stack"] != new["stack"]:
        differences.insert(0, f"stack: {old['stack']} before, {new['stack']} now")
    bound = mismatches(old["fingerprint"], new["fingerprint"])
    text = "\n".join([*differences, *(f"fingerprint: {each}" for each in bound)]) or "no difference"
    render.answer({"differences": differences, "fingerprint": bound}, json=json, text=text)
    if differences or bound:
        raise typer.Exit(ExitCode.CHANGES_PENDING)


@app.command()
def verify(file: File, digest: Digest = None, json: Json = False) -> None:
    """Verify that a receipt was not edited, and with --digest that it is the approved one."""
    from stackyard_cli.review import receipt

    content = receipt.read(file, expected_digest=digest)
    facts = {"stack": content["stack"], "digest": content["digest"], "whole": True}
    render.answer(facts, json=json, text=f"{content['stack']}: whole, digest {content['digest']}")
