"""Job matrices of GitHub: the affected stacks, dealt into as many jobs as the workflow has.

GitHub refuses a matrix of more than 256 jobs, see NVIDIA/aicr#1171:
https://docs.github.com/actions/reference/limits. A workflow of more stacks has a job for each 256.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from stackyard.aws_location import partition_of
from stackyard.blueprints.catalogue import BLUEPRINTS, depth
from stackyard_cli.errors import StackyardError
from stackyard_cli.review.receipt_file import receipt_file

LARGEST = 256
"""Maximum number of jobs in one matrix."""

LAYERS = 1 + max(depth(blueprint) for blueprint in BLUEPRINTS)
"""Layers of an estate in which no stage waits for another stage."""

Row = Mapping[str, Any]


def parts(jobs: int) -> list[str]:
    """Return the suffixes of jobs, and of their outputs, that share the stacks of an estate.

    The first is empty, so that a small estate's jobs have plain names.
    """
    return ["", *(f"-part-{number}" for number in range(2, jobs + 1))]


def entries(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return one entry of a job matrix per stack."""
    return [
        {key: row[key] for key in ("stack", "operation", "stage", "account", "region")}
        | {"partition": partition_of(row["region"]), "file": receipt_file(row["stack"])}
        for row in rows
    ]


def outputs(
    rows: Sequence[Row],
    *,
    layers: bool,
    depth: int = LAYERS,
    jobs: int = 1,
    limit: int = LARGEST,
) -> list[str]:
    """Return lines for a job's outputs: all stacks, or each layer and the removed stacks.

    Each is dealt into a matrix for each job, in order, of at most `limit` stacks. Raises
    StackyardError for more stacks than the jobs take, or more layers than the workflow has.
    """
    if not layers:
        return list(_dealt("stacks", rows, jobs, limit))
    kept = [row for row in rows if row["operation"] != "destroy"]
    removed = [row for row in rows if row["operation"] == "destroy"]
    if late := [row["stack"] for row in kept if row["layer"] >= depth]:
        message = f"{late[0]} is applied after {depth} layers of others; the workflow has no more"
        raise StackyardError(message, hint="render it again with `stackyard ci render --write`")
    of_layers = {f"layer-{n}": [row for row in kept if row["layer"] == n] for n in range(depth)}
    return [
        line
        for name, chosen in {**of_layers, "removed": removed}.items()
        for line in _dealt(name, chosen, jobs, limit)
    ]


def _dealt(name: str, rows: Sequence[Row], jobs: int, limit: int) -> Iterator[str]:
    if len(rows) > jobs * limit:
        message = f"{len(rows)} stacks are affected; the workflow has jobs for {jobs * limit}"
        hint = "render it again with `stackyard ci render --write`, or merge the change in parts"
        raise StackyardError(message, hint=hint)
    every = entries(rows)
    for number, suffix in enumerate(parts(jobs)):
        part = every[number * limit : (number + 1) * limit]
        yield f"{name}{suffix}={json.dumps(part, separators=(',', ':'))}"
