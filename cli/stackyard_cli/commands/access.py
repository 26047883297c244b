"""`access`: permissions on a project's data and in its namespace, and the rule behind each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stackyard_cli import files, render
from stackyard_cli.options import EstateDir, Json, Stack

Dataset = Annotated[
    str | None,
    typer.Option("--dataset", metavar="DATASET", help="Only this dataset.", show_default=False),
]
Who = Annotated[
    str | None,
    typer.Option(
        "--who",
        metavar="AUDIENCE",
        help="Only this audience, workload or service.",
        show_default=False,
    ),
]
Html = Annotated[
    Path | None,
    typer.Option(
        "--html", metavar="FILE", help="Write one self-contained HTML file.", show_default=False
    ),
]


def access(
    stack: Stack,
    dataset: Dataset = None,
    who: Who = None,
    html: Html = None,
    json: Json = False,
    estate_dir: EstateDir = None,
) -> None:
    """Show who may do what with a project's data and in its namespace, and which rule decides.

    The answers are computed from the stack file; nothing needs to be applied.
    """
    from stackyard_cli.estate_ops.access import matrix_of
    from stackyard_cli.reports import access_page, access_table

    matrix = matrix_of(stack, estate_dir, dataset=dataset, who=who)
    if html is not None:
        text = access_page.page(matrix.stack, matrix.data, matrix.namespace)
        files.write_whole(html, text)
        render.answer({"written": str(html)}, json=json, text=str(html))
        return
    render.table(*access_table.data_table(matrix.data), json=json, data=matrix.to_dict())
    if matrix.namespace and not json:
        render.answer("", json=False)
        columns, rows = access_table.namespace_table(matrix.namespace, explained=who is not None)
        render.table(columns, rows, json=False)
