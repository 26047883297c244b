"""The tree of the command, and the one place where errors become text and an exit code.

A verb's module is imported when the verb is used: `stackyard --help` stays quick and loads neither
pulumi nor boto3.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from importlib import import_module
from traceback import format_exception
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_command

from stackyard.suggestion import did_you_mean
from stackyard_cli import render
from stackyard_cli.errors import ExitCode, StackyardError, explained

VERBS: dict[str, tuple[str, str, str]] = {
    "init": ("estate", "init", "Make a new estate from templates."),
    "new": ("estate", "new", "Stamp out a commented stack file for a project in a stage."),
    "list": ("estate", "list_stacks", "List the stacks of the estate."),
    "show": ("estate", "show", "Show the effective config of a stack."),
    "validate": ("estate", "validate", "Check stack files and name every error at once."),
    "schema": ("schema", "schema", "Print or write the JSON Schema of stack files."),
    "preview": ("deploy", "preview", "Show what `up` would change; changes nothing."),
    "up": ("deploy", "up", "Apply stacks in dependency order."),
    "cost": ("cost", "cost", "Show the monthly cost of stacks, floor to ceiling."),
    "policy": ("policy", "app", "List, explain and test policy rules."),
    "receipts": ("receipts", "app", "Show, compare and verify reviewed changes."),
    "drift": ("drift", "drift", "Show what was changed outside Stackyard, and correct it."),
    "destroy": ("destroy", "destroy", "Destroy stacks in reverse dependency order."),
    "leftovers": ("leftovers", "leftovers", "List what is left of stacks, and what it costs."),
    "recover": ("state", "recover", "Repair a stack's state after a crash."),
    "unlock": ("state", "unlock", "Remove the lock that a dead run left."),
    "status": ("state", "status", "Show what is applied, since when, and who holds a lock."),
    "outputs": ("state", "outputs", "Print the outputs of an applied stack."),
    "affected": ("affected", "affected", "List the stacks that a change in git touches."),
    "models": ("models", "app", "List registered models, and check their lineage."),
    "diff": ("stages", "diff", "Explain how two stacks differ."),
    "promote": ("stages", "promote", "Write the versions of one stage into the next one's file."),
    "rehearse": (
        "rehearse",
        "rehearse",
        "Preview what the installed code would do to every stack, before a release.",
    ),
    "ci": ("ci", "app", "Render pipelines for GitHub or GitLab."),
    "report": ("report", "report", "Write receipts as one bounded comment."),
    "access": ("access", "access", "Show who can do what with a project's data, and why."),
    "retention": ("retention", "retention", "Show how long data lives, and what goes by a day."),
    "train": ("train", "app", "Print the manifests of training jobs, for any cluster."),
    "approvals": ("approvals", "app", "List, approve and reject what the pipeline made."),
    "pipeline": ("approvals", "pipeline", "Start the pipeline, and list its runs."),
    "images": ("images", "app", "List, write and lock the container images of a stack."),
    "bootstrap": (
        "bootstrap",
        "bootstrap",
        "Make what an AWS account needs before the first apply.",
    ),
    "eject": ("eject", "eject", "Write a stack as an ordinary Pulumi project."),
    "sandbox": ("sandbox", "app", "Start, stop and look at the cloud on this machine."),
    "doctor": ("doctor", "doctor", "Check what this machine needs to run stacks."),
}
"""Each verb: its module below `commands`, the function (or Typer) there, and its line in help."""


class Tree(TyperGroup):
    """The verbs by name; knows their lines of help without importing them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the verbs in the order of the table, which is the order of use."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a verb's module and return its command; raises StackyardError for no verb."""
        if cmd_name not in VERBS:
            hint = did_you_mean(cmd_name, VERBS, "`stackyard --help` lists the verbs")
            raise StackyardError(f"no verb {cmd_name!r}", hint=hint, code=ExitCode.INVALID)
        module, attribute, _ = VERBS[cmd_name]
        target = getattr(import_module(f"stackyard_cli.commands.{module}"), attribute)
        command = get_command(target if isinstance(target, typer.Typer) else _alone(target))
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of verbs from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, text) for verb, (_, _, text) in VERBS.items()])


def _alone(function: Callable[..., Any]) -> typer.Typer:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(function)
    return app


def _tree() -> Any:
    app = typer.Typer(cls=Tree, add_completion=False, rich_markup_mode=None)

    @app.callback()
    def stackyard() -> None:
        """Typed YAML in, reviewed Pulumi stacks out: whole MLOps environments."""

    return get_command(app)


def main() -> NoReturn:
    """Run the command; every error ends here, as text on stderr or as JSON on stdout."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Run the command with these words and return its exit code."""
    try:
        # Not `tree.main()`: it turns Ctrl-C and a closed pipe into exits of its own.
        context = _tree().make_context("stackyard", words or ["--help"])
        with context:
            context.command.invoke(context)
        return ExitCode.DONE
    except typer.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, typer.Abort):
        render.narrate("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`stackyard list | head`): nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except Exception as error:
        if _interrupted(error):
            render.narrate("interrupted")
            return ExitCode.INTERRUPTED
        return _told(error, json="--json" in words)


def _interrupted(error: BaseException | None) -> bool:
    """Say whether Ctrl-C is behind an error: Python 3.11 wraps it while it makes a class."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def _told(error: Exception, *, json: bool) -> int:
    expected = _misused(error) or explained(error)
    if expected is None:
        if os.environ.get("STACKYARD_DEBUG"):
            render.narrate("".join(format_exception(error)))
        hint = "run with STACKYARD_DEBUG=1 for the traceback"
        expected = StackyardError(f"unexpected {type(error).__name__}: {error}", hint=hint)
    render.problem(expected, json=json)
    return expected.code


def _misused(error: Exception) -> StackyardError | None:
    if not isinstance(error, typer.TyperException):
        return None
    context = getattr(error, "ctx", None)
    verb = context.command_path if context else "stackyard"
    hint = f"`{verb} --help` explains its use"
    return StackyardError(error.format_message(), hint=hint, code=ExitCode.INVALID)
