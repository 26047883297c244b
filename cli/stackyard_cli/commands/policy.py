"""`policy`: list the rules, explain one, and hold stacks against them without changing anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.options import EstateDir, Json, Selection

app = typer.Typer(add_completion=False, rich_markup_mode=None, help="Look at policies.")

RuleName = Annotated[str, typer.Argument(metavar="RULE", help="A rule, as `policy list` names it.")]
Stage = Annotated[str, typer.Option("--stage", help="The stage whose levels are shown.")]


@app.command("list")
def list_rules(stage: Stage = "prod", json: Json = False, estate: EstateDir = None) -> None:
    """List every rule with its pack and its level in a stage of this estate."""
    from stackyard.estate.estate import Estate
    from stackyard_cli.review import policies
    from stackyard_cli.review.dates import today
    from stackyard_policies.catalogue import PACKS, RULES

    settings = Estate.find(Path.cwd(), estate).settings
    levels = policies.levels_of(settings, stage, today())
    rows = [
        {"rule": name, "pack": pack, "level": levels[name], "why": _first(RULES[name].why)}
        for pack, names in PACKS.items()
        for name in names
    ]
    render.table(("rule", "pack", "level", "why"), rows, json=json)


@app.command()
def explain(rule: RuleName, json: Json = False) -> None:
    """Say why a rule is there, what it looks at, and how to hold it."""
    from difflib import get_close_matches

    from stackyard_policies.catalogue import RULES, level, pack_of

    if rule not in RULES:
        close = get_close_matches(rule, RULES, n=1)
        hint = f"did you mean `{close[0]}`?" if close else "`stackyard policy list` lists them"
        raise StackyardError(f"no rule {rule!r}", hint=hint, code=ExitCode.INVALID)
    found = RULES[rule]
    levels = {stage: level(rule, stage) for stage in ("dev", "staging", "prod")}
    pack = pack_of(rule)
    facts = {
        "rule": rule,
        "pack": pack,
        "levels": levels,
        "types": sorted(found.types),
        "why": found.why,
        "fix": found.fix,
    }
    told = ", ".join(f"{stage} {each}" for stage, each in levels.items())
    text = f"{rule} ({pack}; {told})\n{found.why}\nFix: {found.fix}."
    render.answer(facts, json=json, text=text)


@app.command("test")
def hold(stacks: Selection = None, json: Json = False, estate: EstateDir = None) -> None:
    """Hold stacks against their packs by a preview; exit code 3 if a mandatory rule is broken."""
    from stackyard_cli.deploy.deployment import Deployment
    from stackyard_cli.deploy.flow import Flow
    from stackyard_cli.deploy.outcome import end
    from stackyard_cli.engine.parent.stops import Stops
    from stackyard_cli.review import policies

    deployment = Deployment.open(estate)
    layers = deployment.layers(deployment.estate.select(stacks))
    with Stops(render.narrate) as stops:
        flow = Flow(deployment, stops)
        found = flow.preview(layers)
    reviews = flow.reviews(found)
    rows = [
        {"stack": str(stack), **policies.to_dict(item)}
        for stack, review in reviews.items()
        for item in review.violations
    ]
    render.table(("stack", "level", "rule", "message"), rows, json=json)
    for report in found.values():
        if report.stack not in reviews:
            render.narrate(f"{report.stack}: not checked: {report.result.problem}", "yellow")
    end(found, layers, stops, answered=json)
    if any(row["level"] == "mandatory" for row in rows):
        raise typer.Exit(ExitCode.STOPPED)


def _first(text: str) -> str:
    return text.partition("\n")[0]
