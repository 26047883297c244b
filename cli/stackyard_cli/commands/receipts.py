"""`receipts`: show, compare and verify receipts; needs neither an engine nor an estate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode
from stackyard_cli.options import Json

app = typer.Typer(add_completion=False, rich_markup_mode=None, help="Look at receipts.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="A receipt.", exists=True)]
Other = Annotated[Path, typer.Argument(metavar="OTHER", help="Another receipt.", exists=True)]
Digest = Annotated[str | None, typer.Option("--digest", help="The digest that was approved.")]


@app.command()
def show(file: File, json: Json = False) -> None:
    """Show what a receipt approves."""
    from stackyard_cli.review import receipt

    content = receipt.read(file)
    if json:
        render.answer(content, json=True)
        return
    for line in _lines(content):
        render.answer(line, json=False)


@app.command()
def diff(file: File, other: Other, json: Json = False) -> None:
    """Say what differs in meaning between two receipts; exit code 4 if anything does."""
    from stackyard_cli.review import receipt
    from stackyard_cli.review.fingerprint import mismatches

    old, new = receipt.read(file), receipt.read(other)
    found = receipt.differences(old, new)
    if old["stack"] != new["stack"]:
        found.insert(0, f"stack: {old['stack']} before, {new['stack']} now")
    bound = mismatches(old["fingerprint"], new["fingerprint"])
    told = "\n".join([*found, *(f"fingerprint: {text}" for text in bound)]) or "no difference"
    render.answer({"differences": found, "fingerprint": bound}, json=json, text=told)
    if found or bound:
        raise typer.Exit(ExitCode.CHANGES_PENDING)


@app.command()
def verify(file: File, digest: Digest = None, json: Json = False) -> None:
    """Check that a receipt is whole, and with --digest that it is the approved one."""
    from stackyard_cli.review import receipt

    content = receipt.read(file, expected_digest=digest)
    facts = {"stack": content["stack"], "digest": content["digest"], "whole": True}
    render.answer(facts, json=json, text=f"{content['stack']}: whole, digest {content['digest']}")


def _lines(content: dict[str, Any]) -> list[str]:
    cost = content["cost"]
    moved = f"{cost['delta']['floor']:+,.2f} to {cost['delta']['ceiling']:+,.2f}"
    lines = [
        f"{content['stack']}  {content['created_at']}  digest {content['digest']}",
        f"  cost: {cost['floor']:,.2f} to {cost['ceiling']:,.2f} USD a month ({moved})",
    ]
    if cost["unknown"]:
        lines.append(f"  price not known: {', '.join(cost['unknown'])}")
    lines += [f"  stopped by {stop['kind']}: {stop['message']}" for stop in content["stops"]]
    lines += [f"  warning: {text}" for text in content["warnings"]]
    for step in content["steps"]:
        paths = f"  [{', '.join(step['paths'])}]" if step["paths"] else ""
        because = f"  because of {', '.join(step['replace_reasons'])}"
        reason = because if step["replace_reasons"] else ""
        origin = f"  ({', '.join(step['origins'])})" if step["origins"] else ""
        lines.append(f"  {step['operation']} {step['type']}  {step['name']}{paths}{reason}{origin}")
    return lines
