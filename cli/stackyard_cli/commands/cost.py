"""`cost`: the cost band of stacks, and the refresh of prices from the price API."""

from __future__ import annotations

from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.errors import StackyardError
from stackyard_cli.options import EstateDir, Json, Selection

Refresh = Annotated[
    bool, typer.Option("--refresh", help="First read instance and database prices from the API.")
]
COLUMNS = ("stack", "floor", "ceiling", "limit", "unknown", "usage")


def cost(
    stacks: Selection = None, refresh: Refresh = False, json: Json = False, estate: EstateDir = None
) -> None:
    """Show what stacks cost in a month as their files say now, from floor to ceiling, in USD."""
    from stackyard_cli.deploy.flow import Flow
    from stackyard_cli.deploy.outcome import end
    from stackyard_cli.engine.parent.stops import Stops

    deployment = Deployment.open(estate)
    layers = deployment.layers(deployment.estate.select(stacks))
    if refresh:
        _refresh(deployment, {task.config["region"] for layer in layers for task in layer})
    with Stops(render.narrate) as stops:
        flow = Flow(deployment, stops, judged=False)
        found = flow.preview(layers)
    reviews = flow.reviews(found)
    rows = [
        {
            **review.cost.to_dict(),
            "stack": str(stack),
            "limit": review.cost.to_dict()["monthly_limit"],
        }
        for stack, review in reviews.items()
    ]
    render.table(COLUMNS, rows, json=json)
    for date, source in sorted({(row["prices_as_of"], row["prices_source"]) for row in rows}):
        render.narrate(f"prices of {date}, {source}; by use: storage, transfer and what is named")
    for report in found.values():
        if report.stack not in reviews:
            render.narrate(f"{report.stack}: not priced: {report.result.problem}", "yellow")
    end(found, layers, stops)


def _refresh(deployment: Deployment, regions: set[str]) -> None:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from stackyard_cli.review import price_list
    from stackyard_cli.review.dates import today

    client = boto3.client("pricing", region_name=price_list.PRICE_API_REGION)
    for region in sorted(regions):
        try:
            found = price_list.refresh(deployment.location.home, region, client, today())
        except (BotoCoreError, ClientError) as error:
            raise StackyardError(
                f"the price API cannot be read: {error}",
                hint="credentials with `pricing:GetProducts` are needed; leave out --refresh",
            ) from error
        render.narrate(f"{region}: {len(found)} prices read")
