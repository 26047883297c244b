"""`policy`: list the rules, explain one, and check stacks against them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode
from stackyard_cli.options import EstateDir, Json, Selection

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, help="List, explain and test policy rules."
)

RuleName = Annotated[
    str, typer.Argument(metavar="RULE", help="The name of a rule, from `policy list`.")
]
Stage = Annotated[str, typer.Option("--stage", help="Show the levels of this stage.")]


@app.command("list")
def list_rules(stage: Stage = "prod", json: Json = False, estate_dir: EstateDir = None) -> None:
    """List every rule with its pack and its level in a stage of this estate."""
    from stackyard.estate.estate import Estate
    from stackyard_cli.review import rules

    settings = Estate.find(Path.cwd(), estate_dir).settings
    render.table(("rule", "pack", "level", "why"), rules.rows(settings, stage), json=json)


@app.command()
def explain(rule: RuleName, json: Json = False) -> None:
    """Explain a rule: its reason, the resource types that it checks, and how to comply."""
    from stackyard_cli.review import rules

    render.answer(rules.facts(rule), json=json, text=rules.text(rule))


@app.command("test")
def check(stacks: Selection = None, json: Json = False, estate_dir: EstateDir = None) -> None:
    """Check stacks against the rules by a preview; exit code 3 for a mandatory violation."""
    from stackyard_cli.deploy.deployment import Deployment
    from stackyard_cli.deploy.flow import preview_stacks
    from stackyard_cli.review import policies

    deployment = Deployment.open(estate_dir)
    previews = preview_stacks(deployment, deployment.select(stacks))
    rows = [
        {"stack": str(stack), **policies.to_dict(item)}
        for stack, review in previews.reviews.items()
        for item in review.violations
    ]
    render.table(("stack", "level", "rule", "message"), rows, json=json)
    for report in previews.incomplete:
        render.narrate(f"{report.stack}: not checked: {report.result.problem}", "yellow")
    previews.end(json_printed=json)
    if any(row["level"] == "mandatory" for row in rows):
        raise typer.Exit(ExitCode.STOPPED)
