"""`access`: who can do what with a project's data and in its namespace, and what says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stackyard_cli import files, render
from stackyard_cli.estate_ops.access import Answer, answered, in_namespace, place_of
from stackyard_cli.estate_ops.projects import project
from stackyard_cli.options import EstateDir, Json, Stack
from stackyard_cli.reports import access_page

if TYPE_CHECKING:
    from stackyard.access import cluster

Dataset = Annotated[
    str | None,
    typer.Option("--dataset", metavar="DATASET", help="One dataset only.", show_default=False),
]
Who = Annotated[
    str | None,
    typer.Option(
        "--who",
        metavar="AUDIENCE",
        help="One audience, workload or service only.",
        show_default=False,
    ),
]
Html = Annotated[
    Path | None,
    typer.Option(
        "--html", metavar="FILE", help="Write one file that needs no other.", show_default=False
    ),
]


def access(
    stack: Stack,
    dataset: Dataset = None,
    who: Who = None,
    html: Html = None,
    json: Json = False,
    estate: EstateDir = None,
) -> None:
    """Show who can do what with a project's data and in its namespace, and what decides it.

    Computed from what the stack file compiles to; nothing needs to be applied.
    """
    from stackyard.blueprints.services.config import ServicesConfig

    found, chosen, config = project(stack, estate)
    upstreams = found.upstreams(chosen)
    services = found.load(upstreams["services"]).config
    assert isinstance(services, ServicesConfig)
    place = place_of(chosen, config, upstreams["foundation"].slug)
    clusters = services.onprem.clusters
    answers = list(answered(config, place, dataset=dataset, who=who, clusters=clusters))
    queued = services.queueing is not None
    inside = [] if dataset else list(in_namespace(config, queued=queued, who=who))
    if html is not None:
        files.write_whole(html, access_page.page(chosen, answers, inside))
        render.answer({"written": str(html)}, json=json, text=str(html))
    elif json:
        data = [answer.to_dict() for answer in answers]
        render.answer({"data": data, "namespace": [_to_dict(one) for one in inside]}, json=True)
    else:
        render.table(*table(answers), json=False)
        if inside:
            render.answer(None, json=False, text="")
            render.table(*namespace_table(inside, explained=who is not None), json=False)


def table(answers: Sequence[Answer]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return columns and rows; directories with the same answers for the same reasons share one."""
    from stackyard.access.matrix import ACTIONS

    shared: dict[tuple[str, ...], dict[str, Any]] = {}
    for (dataset, directory, who, via), cells in access_page.rows(answers).items():
        why = _why(cells)
        row: dict[str, Any] = {"dataset": dataset, "directories": [], "who": who, "via": via}
        verbs = {verb: cell["allowed"] for verb, cell in cells.items()}
        row = shared.setdefault((dataset, who, via, why), {**row, **verbs, "why": why})
        row["directories"].append(directory)
    columns = ["dataset", "directories", "who", "via", *ACTIONS, "why"]
    return columns, list(shared.values())


def _why(cells: Mapping[str, Mapping[str, Any]]) -> str:
    """Return each reason once, with the verbs that it is for."""
    verbs: dict[str, list[str]] = {}
    for verb, cell in cells.items():
        verbs.setdefault(cell["why"], []).append(verb)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in verbs.items())


def namespace_table(
    inside: Sequence[cluster.Answer], *, explained: bool
) -> tuple[list[str], list[dict[str, Any]]]:
    """Return columns and rows: of one person with what decides, or of all beside each other."""
    heading = "in the namespace"
    if explained:
        rows = [{heading: one.ability, "allowed": one.allowed, "why": one.why} for one in inside]
        return [heading, "allowed", "why"], rows
    beside: dict[str, dict[str, Any]] = {}
    for one in inside:
        beside.setdefault(one.ability, {heading: one.ability})[one.who] = one.allowed
    return list(next(iter(beside.values()))), list(beside.values())


def _to_dict(one: cluster.Answer) -> dict[str, Any]:
    return {"who": one.who, "ability": one.ability, "allowed": one.allowed, "why": one.why}
