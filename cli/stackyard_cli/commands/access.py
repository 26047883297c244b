"""`access`: who can do what with a project's data, and which statement of which policy says so."""

from __future__ import annotations

import json as encoder
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stackyard_cli import render, stamp
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.options import EstateDir, Json, Stack

if TYPE_CHECKING:
    from stackyard.access.grants import Compiled, Place
    from stackyard.access.matrix import Cell
    from stackyard.blueprints.project.config import ProjectConfig
    from stackyard.datasets.config import DatasetConfig
    from stackyard.naming import StackId

Dataset = Annotated[
    str | None,
    typer.Option("--dataset", metavar="DATASET", help="One dataset only.", show_default=False),
]
Who = Annotated[
    str | None,
    typer.Option(
        "--who", metavar="AUDIENCE", help="One audience or workload only.", show_default=False
    ),
]
Html = Annotated[
    Path | None,
    typer.Option(
        "--html", metavar="FILE", help="Write one file that needs no other.", show_default=False
    ),
]

BUCKET, POINT = "bucket", "access point"

Row = tuple[str, str, str, str]
"""Dataset, directory, who, and the door that is asked at."""


@dataclass(frozen=True)
class Answer:
    """A cell of the matrix, the door that was asked at, and the statement that decides."""

    cell: Cell
    via: str
    statement: dict[str, Any] | None

    @property
    def text(self) -> str:
        """The statement as JSON, empty if none decides."""
        return encoder.dumps(self.statement, indent=2, sort_keys=True) if self.statement else ""

    @property
    def plain(self) -> dict[str, Any]:
        """The answer as plain values."""
        cell, decision = self.cell, self.cell.decision
        place = {"who": cell.who, "dataset": cell.dataset, "directory": cell.directory}
        told = {"policy": decision.policy, "sid": decision.sid, "why": str(decision)}
        return {**place, "via": self.via, "verb": cell.verb, "allowed": decision.allowed, **told}


def access(
    stack: Stack,
    dataset: Dataset = None,
    who: Who = None,
    html: Html = None,
    json: Json = False,
    estate: EstateDir = None,
) -> None:
    """Show who can do what with the data of a project, and the statement that decides it.

    Computed from the policies that the stack file compiles to; nothing needs to be applied.
    """
    from stackyard_cli.projects import project

    found, chosen, config = project(stack, estate)
    cluster = found.upstreams(chosen)["foundation"].slug
    answers = list(answered(config, place_of(chosen, config, cluster), dataset=dataset, who=who))
    if html is not None:
        stamp.write_whole(html, page(chosen, answers))
        render.answer({"written": str(html)}, json=json, text=str(html))
    elif json:
        render.answer([answer.plain for answer in answers], json=True)
    else:
        columns, rows = table(answers)
        render.table(columns, rows, json=False)


def place_of(stack: StackId, config: ProjectConfig, cluster: str) -> Place:
    """Return where a project stands, as far as its file can say.

    AWS makes up the ids of KMS keys, so a key's purpose stands for its id here. No answer depends
    on it: a key's ARN is only in statements about KMS, and in the denial of any other key.
    """
    from stackyard.access.grants import Place
    from stackyard.datasets.component import dataset_buckets, log_bucket_name

    keys = f"arn:aws:kms:{config.region}:{config.account}:key/"
    return Place(
        stack=stack,
        account=config.account,
        region=config.region,
        cluster=cluster,
        buckets=dataset_buckets(config.store, stack, config.account),
        log_bucket=log_bucket_name(stack, config.account),
        key_arns={purpose: keys + purpose for purpose in ("data", "personal")},
    )


def answered(
    config: ProjectConfig, place: Place, *, dataset: str | None, who: str | None
) -> Iterator[Answer]:
    """Yield every answer about the datasets and roles that are asked for.

    Raises StackyardError for a dataset or an audience that the project does not have.
    """
    from stackyard.access.grants import compiled
    from stackyard.access.matrix import matrix

    documents = compiled(config.access, config.datasets, place)
    _check("dataset", dataset, config.datasets, place.stack)
    _check("audience or workload", who, documents.roles, place.stack)
    datasets = {name: one for name, one in config.datasets.items() if dataset in (None, name)}
    policies = {name: _bucket_policy(name, config, documents, place) for name in datasets}
    asked = (
        *((BUCKET, cell) for cell in matrix(documents, datasets, place)),
        *((POINT, cell) for cell in _through_points(datasets, documents, place)),
    )
    for via, cell in asked:
        if who in (None, cell.who):
            yield Answer(cell, via, _statement(cell, documents, policies[cell.dataset]))


def _through_points(
    datasets: Mapping[str, DatasetConfig], documents: Compiled, place: Place
) -> Iterator[Cell]:
    from stackyard.access.matrix import ACTIONS, Cell, paths, through_access_point

    for point in documents.access_points.values():
        if point.dataset not in datasets:
            continue
        dataset = datasets[point.dataset]
        for directory in paths(dataset):
            for verb in ACTIONS:
                key = _key(dataset, place)
                decision = through_access_point(documents, point, verb, directory, key)
                yield Cell(point.who, point.dataset, directory, verb, decision)


def _statement(cell: Cell, documents: Compiled, bucket: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the statement that decides a cell; None if no statement does."""
    decision = cell.decision
    policies: list[Mapping[str, Any]] = []
    if decision.policy == "identity":
        policies = [documents.roles[cell.who].policy]
    elif decision.policy == "resource":
        # An access point's statements have other ids than a bucket's.
        point = documents.access_points.get(f"{cell.who}-{cell.dataset}")
        policies = [bucket, *([point.policy] if point else [])]
    statements = (statement for policy in policies for statement in policy["Statement"])
    return next((one for one in statements if one["Sid"] == decision.sid), None)


def _bucket_policy(
    name: str, config: ProjectConfig, documents: Compiled, place: Place
) -> dict[str, Any]:
    from stackyard.datasets.bucket_policies import bucket_policy

    key = _key(config.datasets[name], place)
    return bucket_policy(place.buckets[name], key, documents.bucket_statements[name])


def _key(dataset: DatasetConfig, place: Place) -> str:
    return place.key_arns["personal" if dataset.kind == "personal" else "data"]


def _check(what: str, name: str | None, known: Collection[str], stack: StackId) -> None:
    if name is None or name in known:
        return
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"it has: {', '.join(known) or 'none'}"
    raise StackyardError(f"{stack} has no {what} {name!r}", hint=hint, code=ExitCode.INVALID)


def table(answers: Sequence[Answer]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return columns and rows; directories with the same answers for the same reasons share one."""
    from stackyard.access.matrix import ACTIONS

    shared: dict[tuple[str, ...], dict[str, Any]] = {}
    for (dataset, directory, who, via), cells in _rows(answers).items():
        why = _why(cells)
        row: dict[str, Any] = {"dataset": dataset, "directories": [], "who": who, "via": via}
        verbs = {verb: cell["allowed"] for verb, cell in cells.items()}
        row = shared.setdefault((dataset, who, via, why), {**row, **verbs, "why": why})
        row["directories"].append(directory)
    columns = ["dataset", "directories", "who", "via", *ACTIONS, "why"]
    return columns, list(shared.values())


def _rows(answers: Sequence[Answer]) -> dict[Row, dict[str, dict[str, Any]]]:
    """Return the plain answers by row and verb."""
    rows: dict[Row, dict[str, dict[str, Any]]] = {}
    for answer in answers:
        cell = answer.cell
        key = (cell.dataset, cell.directory, cell.who, answer.via)
        rows.setdefault(key, {})[cell.verb] = answer.plain
    return rows


def _why(cells: Mapping[str, Mapping[str, Any]]) -> str:
    """Return each reason once, with the verbs that it is for."""
    verbs: dict[str, list[str]] = {}
    for verb, cell in cells.items():
        verbs.setdefault(cell["why"], []).append(verb)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in verbs.items())


def page(stack: StackId, answers: Sequence[Answer]) -> str:
    """Return the matrix as one HTML file: no script, nothing loaded from elsewhere."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from stackyard.access.matrix import ACTIONS

    anchors: dict[str, str] = {}
    for answer in answers:
        if answer.text:
            anchors.setdefault(answer.text, f"statement-{len(anchors) + 1}")
    rows = _rows(answers)
    for answer in answers:
        cell = answer.cell
        row = rows[(cell.dataset, cell.directory, cell.who, answer.via)]
        row[cell.verb]["anchor"] = anchors.get(answer.text, "")
    environment = Environment(
        loader=FileSystemLoader(stamp.TEMPLATES),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("access.html.j2").render(
        stack=stack, verbs=list(ACTIONS), rows=rows, anchors=anchors
    )
