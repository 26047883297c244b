"""Arguments and options that several subcommands share: one spelling and one meaning for each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stackyard_cli.ci.hosts import GitHostName

Selection = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[STACK]...",
        help="Stacks by path, glob or condition, for example 'ranking/*/dev' or 'stage:dev'; "
        "all of them by default.",
        show_default=False,
    ),
]
"""Any number of stacks; None or an empty list means every stack of the estate."""

Stacks = Annotated[
    list[str],
    typer.Argument(
        metavar="STACK...",
        help="Stacks by path, glob or condition, for example 'ranking/*/dev' or 'stage:dev'.",
    ),
]
"""At least one stack: a subcommand that changes something has no default selection."""

Stack = Annotated[str, typer.Argument(metavar="STACK", help="One stack: TEAM/PROJECT/STAGE.")]
"""Exactly one stack."""

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, errors included.")]
"""Machine-readable result on stdout."""

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
"""Answers `render.confirm`; without it and without a terminal, the subcommand refuses."""

YesToAll = Annotated[
    bool,
    typer.Option(
        "--yes-to-all", help="Like --yes, also for changes that become known only during the run."
    ),
]

Parallel = Annotated[
    int | None,
    typer.Option(
        "--parallel",
        metavar="N",
        min=1,
        help="Number of stacks that run at once; one for each core by default, if memory allows.",
        show_default=False,
    ),
]

FailFast = Annotated[
    bool,
    typer.Option(
        "--fail-fast", help="Start no further stack after a failure, not even independent ones."
    ),
]

JUnit = Annotated[
    Path | None,
    typer.Option(
        "--junit",
        metavar="FILE",
        help="Write the result of every stack as JUnit XML.",
        show_default=False,
    ),
]

All = Annotated[
    bool,
    typer.Option(
        "--all",
        envvar="STACKYARD_ALL",
        help="Preview also stacks of which nothing changed since their last successful run.",
        show_envvar=False,
    ),
]
"""Without it a stack with the fingerprint of its last success is reported as unchanged."""

Project = Annotated[
    str, typer.Argument(metavar="TEAM/PROJECT", help="The project, for example ranking/clicks.")
]
"""One project, in no stage."""

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
]
"""The only option for "show only"; a subcommand that prints by default has `--write` to save."""

GitHostOption = Annotated[
    GitHostName,
    typer.Option("--git-host", help="Git host of the repository."),
]
"""Pipelines, comments and OIDC identities differ by Git host."""

EstateDir = Annotated[
    Path | None,
    typer.Option(
        "--estate",
        envvar="STACKYARD_ESTATE",
        metavar="DIR",
        help="Folder that contains stacks/; by default the nearest one from here upwards.",
        show_default=False,
    ),
]
"""The estate's folder; passed to `Estate.find(Path.cwd(), estate)`."""

PoliciesOf = Annotated[
    str | None,
    typer.Option(
        "--policies-of",
        metavar="REV",
        help="Enforce the policy settings of this branch or commit instead of the working tree's.",
        show_default=False,
    ),
]
"""In a pipeline the target branch: a change must not relax the rules for itself."""
