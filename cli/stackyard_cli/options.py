"""The arguments and options that commands share, so that they read and behave the same."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Selection = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[STACK]...",
        help="Stacks by path or glob, for example 'ranking/*/dev'; all of them by default.",
        show_default=False,
    ),
]
"""Any number of stacks; None or an empty list means every stack of the estate."""

Stacks = Annotated[
    list[str],
    typer.Argument(metavar="STACK...", help="Stacks by path or glob, for example 'ranking/*/dev'."),
]
"""At least one stack: for commands that change something, nothing is ever meant by default."""

Stack = Annotated[str, typer.Argument(metavar="STACK", help="One stack: TEAM/PROJECT/STAGE.")]
"""Exactly one stack."""

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
"""Machine-readable answer on stdout; errors too."""

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Skip the question and go ahead.")]
"""No prompt; without it and without a terminal, a command that would ask refuses."""

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
]
"""The only spelling of "show only"; a verb that prints by default and saves has `--write`."""

GitHost = Literal["github", "gitlab"]

GitHostOption = Annotated[
    GitHost, typer.Option("--git-host", help="Git host of the repository: `github` or `gitlab`.")
]
"""Where the repository is hosted; its pipelines, comments and identities differ."""

EstateDir = Annotated[
    Path | None,
    typer.Option(
        "--estate",
        envvar="STACKYARD_ESTATE",
        metavar="DIR",
        help="The estate: the folder that holds stacks/. Found from here upwards by default.",
        show_default=False,
    ),
]
"""Where the estate is; given to `Estate.find(Path.cwd(), explicit)`."""

PoliciesOf = Annotated[
    str | None,
    typer.Option(
        "--policies-of",
        metavar="REV",
        help="Judge by the policy settings of this branch or commit, not by the files' own.",
        show_default=False,
    ),
]
"""The protected branch, in a pipeline: a change must not choose the rules it is judged by."""
