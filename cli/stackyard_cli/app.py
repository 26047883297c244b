"""The command `stackyard`: its subcommands, and the only handler that prints errors.

A subcommand's module is imported when it is used: `stackyard --help` stays fast and loads neither
pulumi nor boto3.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from importlib import import_module
from traceback import format_exception
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_command

from stackyard.suggestion import did_you_mean
from stackyard_cli import render
from stackyard_cli.errors import ExitCode, StackyardError, explained

GROUPS: dict[str, dict[str, tuple[str, str, str]]] = {
    "Set-up": {
        "init": ("estate", "init", "Create a new estate from templates."),
        "new": ("estate", "new", "Create a commented stack file for a project in a stage."),
        "doctor": ("doctor", "doctor", "Check that this machine can run stacks."),
        "sandbox": ("sandbox", "app", "Run the local cloud: build, start, stop, reset."),
        "bootstrap": ("bootstrap", "bootstrap", "Prepare an AWS account for the first apply."),
        "schema": ("schema", "schema", "Print or write the JSON Schema of stack files."),
    },
    "Stacks": {
        "list": ("estate", "list_stacks", "List the stacks of the estate."),
        "show": ("estate", "show", "Show the effective config of a stack."),
        "validate": ("estate", "validate", "Validate stack files; list all errors at once."),
        "preview": ("deploy", "preview", "Show what `up` would change; change nothing."),
        "up": ("deploy", "up", "Apply stacks in dependency order."),
        "destroy": ("destroy", "destroy", "Destroy stacks in reverse dependency order."),
        "status": ("state", "status", "Show what is applied, since when, and who holds a lock."),
        "outputs": ("state", "outputs", "Print the outputs of an applied stack."),
        "eject": ("eject", "eject", "Write a stack as a plain Pulumi project."),
    },
    "Safety": {
        "receipts": ("receipts", "app", "Show, compare and verify receipts of reviewed changes."),
        "policy": ("policy", "app", "List, explain and test policy rules."),
        "cost": ("cost", "cost", "Show the monthly cost of stacks, from floor to ceiling."),
        "drift": ("drift", "drift", "Detect and correct changes made outside Stackyard."),
        "rehearse": ("rehearse", "rehearse", "Preview an upgrade of Stackyard on every stack."),
        "recover": ("state", "recover", "Repair the state of a stack after a crash."),
        "unlock": ("state", "unlock", "Remove the lock of a run that has ended."),
        "leftovers": ("leftovers", "leftovers", "List orphaned resources and their cost."),
    },
    "Data and models": {
        "access": ("access", "access", "Show who may do what with a project's data, and why."),
        "retention": ("retention", "retention", "Show when data is transitioned and erased."),
        "images": ("images", "app", "List, render and lock the container images of a stack."),
        "models": ("models", "app", "List registered models, and verify their lineage."),
        "train": ("train", "app", "Print manifests of training jobs, for any cluster."),
        "pipeline": ("approvals", "pipeline", "Start a project's pipeline, and list its runs."),
        "approvals": ("approvals", "app", "List, approve and reject candidate models."),
    },
    "Pipelines": {
        "affected": ("affected", "affected", "List the stacks that a change in git affects."),
        "diff": ("stages", "diff", "List and explain the differences of two stacks."),
        "promote": ("stages", "promote", "Write the versions of one stage into the next one."),
        "ci": ("ci", "app", "Render pipelines for GitHub or GitLab."),
        "report": ("report", "report", "Render receipts as a comment, or drift as an issue."),
    },
}
"""The subcommands by group: module below `commands`, function (or Typer) in it, line in
`--help`."""

COMMANDS = {command: entry for group in GROUPS.values() for command, entry in group.items()}

FORMER_OPTIONS = {
    "--forge": "--git-host",
    "--plan": "--dry-run",
    "--preview": "--dry-run",
}
"""Renamed options, with their current names."""


class Tree(TyperGroup):
    """The subcommands by name; shows their help lines without importing them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the subcommands in the order of the groups."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a subcommand's module and return its command; raises StackyardError if unknown."""
        if cmd_name not in COMMANDS:
            hint = did_you_mean(cmd_name, COMMANDS, "`stackyard --help` lists the commands")
            raise StackyardError(f"unknown command {cmd_name!r}", hint=hint, code=ExitCode.INVALID)
        module, attribute, _ = COMMANDS[cmd_name]
        target = getattr(import_module(f"stackyard_cli.commands.{module}"), attribute)
        command = get_command(target if isinstance(target, typer.Typer) else _alone(target))
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each group with its subcommands."""
        for group, commands in GROUPS.items():
            with formatter.section(group):
                formatter.write_dl([(command, text) for command, (_, _, text) in commands.items()])


def _print_version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        render.answer(f"stackyard {version('stackyard')}", json=False)
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option(
        "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
    ),
]


def _alone(function: Callable[..., Any]) -> typer.Typer:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(function)
    return app


def _tree() -> Any:
    app = typer.Typer(cls=Tree, add_completion=False, rich_markup_mode=None)

    @app.callback()
    def stackyard(version: Version = False) -> None:
        """Typed YAML in, reviewed Pulumi stacks out: whole MLOps environments."""

    return get_command(app)


def main() -> NoReturn:
    """Run the command; every error ends here, as text on stderr or as JSON on stdout."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command with these arguments and return its exit code."""
    try:
        # Not `tree.main()`: it converts Ctrl-C and a closed pipe to its own exits.
        context = _tree().make_context("stackyard", arguments or ["--help"])
        with context:
            context.command.invoke(context)
        return ExitCode.DONE
    except typer.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, typer.Abort):
        render.narrate("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader has closed the pipe (`stackyard list | head`): nothing more can be printed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except Exception as error:
        if _interrupted(error):
            render.narrate("interrupted")
            return ExitCode.INTERRUPTED
        return _report(error, json="--json" in arguments)


def _interrupted(error: BaseException | None) -> bool:
    """Return whether Ctrl-C caused an error: Python 3.11 wraps it while it creates a class."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def _report(error: Exception, *, json: bool) -> int:
    expected = _usage_error(error) or explained(error)
    if expected is None:
        if os.environ.get("STACKYARD_DEBUG"):
            render.narrate("".join(format_exception(error)))
        hint = "run with STACKYARD_DEBUG=1 for the traceback"
        expected = StackyardError(f"unexpected {type(error).__name__}: {error}", hint=hint)
    render.problem(expected, json=json)
    return expected.code


def _usage_error(error: Exception) -> StackyardError | None:
    if not isinstance(error, typer.TyperException):
        return None
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "stackyard"
    former = FORMER_OPTIONS.get(getattr(error, "option_name", ""))
    hint = f"the option is `{former}` now" if former else f"`{command} --help` shows its options"
    return StackyardError(error.format_message(), hint=hint, code=ExitCode.INVALID)
