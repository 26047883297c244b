"""`cost`: the monthly cost of stacks; `--refresh` reads the prices from AWS."""

from __future__ import annotations

from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.options import EstateDir, Json, Selection

Refresh = Annotated[
    bool, typer.Option("--refresh", help="Read instance and database prices from AWS first.")
]
COLUMNS = ("stack", "floor", "ceiling", "limit", "unknown", "usage")


def cost(
    stacks: Selection = None,
    refresh: Refresh = False,
    json: Json = False,
    estate_dir: EstateDir = None,
) -> None:
    """Show the monthly cost of stacks as their files are now, floor to ceiling, in USD."""
    from stackyard_cli.deploy.deployment import Deployment
    from stackyard_cli.deploy.flow import preview_stacks
    from stackyard_cli.deploy.options import FlowOptions
    from stackyard_cli.reports import cost_table
    from stackyard_cli.review.price_refresh import refresh_prices

    deployment = Deployment.open(estate_dir)
    layers = deployment.select(stacks)
    if refresh:
        for line in refresh_prices(deployment.location.home, deployment.regions):
            render.narrate(line)
    previews = preview_stacks(deployment, layers, FlowOptions(enforce_policies=False))
    render.table(COLUMNS, cost_table.rows(previews.reviews), json=json)
    for line in cost_table.sources(previews.reviews.values()):
        render.narrate(line)
    for report in previews.incomplete:
        render.narrate(f"{report.stack}: no cost: {report.result.problem}", "yellow")
    previews.end(json_printed=json)
