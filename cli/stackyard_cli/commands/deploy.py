"""`preview` and `up`: show the changes, confirm, apply in dependency order."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode
from stackyard_cli.options import (
    All,
    EstateDir,
    FailFast,
    Json,
    JUnit,
    Parallel,
    PoliciesOf,
    Selection,
    Stacks,
    Yes,
    YesToAll,
)

Refresh = Annotated[
    bool,
    typer.Option(
        "--refresh/--no-refresh", help="Compare with the cloud instead of the last recorded state."
    ),
]
Diff = Annotated[bool, typer.Option("--diff", help="Show old and new values; secrets are hidden.")]
Expect = Annotated[
    bool, typer.Option("--expect-no-changes", help="Exit with code 4 if anything would change.")
]
WriteReceipt = Annotated[
    Path | None,
    typer.Option(
        "--receipt",
        help="Write the reviewed change to FILE.json, or one file per stack to a folder.",
    ),
]
ApplyReceipt = Annotated[
    Path | None,
    typer.Option("--receipt", help="Apply exactly this reviewed change, without confirmation."),
]
Digest = Annotated[
    str | None, typer.Option("--digest", help="The digest that was approved with the receipt.")
]


def preview(
    stacks: Selection = None,
    refresh: Refresh = False,
    expect_no_changes: Expect = False,
    diff: Diff = False,
    receipt: WriteReceipt = None,
    policies_of: PoliciesOf = None,
    all_: All = False,
    parallel: Parallel = None,
    fail_fast: FailFast = False,
    junit: JUnit = None,
    json: Json = False,
    estate_dir: EstateDir = None,
) -> None:
    """Show what `up` would change; changes nothing."""
    from stackyard_cli.deploy.deployment import Deployment
    from stackyard_cli.deploy.flow import preview_stacks
    from stackyard_cli.deploy.options import FlowOptions, pace_of
    from stackyard_cli.reports.junit import write as write_junit
    from stackyard_cli.review import approval, gate

    deployment = Deployment.open(estate_dir)
    layers = deployment.select(stacks)
    deployment.enforce_policies_of(policies_of)
    deployment.check_immutables(layers)
    every, pace = all_ or refresh or receipt, pace_of(parallel, fail_fast=fail_fast)
    options = FlowOptions(values=diff, skip_unchanged=not every, pace=pace)
    previews = preview_stacks(deployment, layers, options, refresh=refresh)
    text = "\n".join(previews.lines(values=diff))
    render.answer({"stacks": previews.to_dict()}, json=json, text=text)
    write_junit(junit, previews.reports, layers)
    reviews = list(previews.reviews.values())
    if receipt is not None:
        approval.keep(deployment.context, receipt, reviews, refresh=refresh)
    previews.end(json_printed=json)
    gate.stop(reviews, json=json)
    if expect_no_changes and previews.changing:
        raise typer.Exit(ExitCode.CHANGES_PENDING)


def up(
    stacks: Stacks,
    yes: Yes = False,
    yes_to_all: YesToAll = False,
    refresh: Refresh = False,
    diff: Diff = False,
    receipt: ApplyReceipt = None,
    digest: Digest = None,
    policies_of: PoliciesOf = None,
    all_: All = False,
    parallel: Parallel = None,
    fail_fast: FailFast = False,
    junit: JUnit = None,
    json: Json = False,
    estate_dir: EstateDir = None,
) -> None:
    """Apply stacks in dependency order: preview, confirm, apply.

    A stack whose upstream is new is previewed and confirmed after that upstream is applied. With
    --yes the run ends before such a stack (exit code 4): nobody has seen its changes.
    """
    from stackyard_cli.deploy.apply import ApplyOptions, apply_stacks
    from stackyard_cli.deploy.deployment import Deployment
    from stackyard_cli.deploy.options import pace_of
    from stackyard_cli.reports.junit import write as write_junit

    pace = pace_of(parallel, fail_fast=fail_fast)
    options = ApplyOptions(yes, yes_to_all, refresh, diff, receipt, digest, policies_of, all_, pace)
    applied = apply_stacks(Deployment.open(estate_dir), stacks, options)
    if json:
        render.answer({"stacks": applied.to_dict()}, json=True)
    write_junit(junit, applied.reports, applied.layers)
    applied.end(json_printed=json)
