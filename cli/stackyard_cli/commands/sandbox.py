"""`sandbox`: the local cloud, from building its programs to deleting its data."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from stackyard_cli import render
from stackyard_cli.errors import StackyardError
from stackyard_cli.options import Json, Yes

if TYPE_CHECKING:
    from stackyard_sandbox.daemon import Member
    from stackyard_sandbox.state import Sandbox

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Run the local cloud: AWS API, Kubernetes clusters and state on this machine.",
)

LOST = "stopped; the account's data was lost before: run `stackyard sandbox reset`"
NOT_KEPT = (
    "stopped; the account could not be saved, so the next start begins with an empty account, "
    "empty clusters and no stacks"
)

MEGABYTE = 1024 * 1024


@app.command()
def build(
    tools: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TOOL]...",
            help="Programs by name; by default all but those that build images in tests.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Build the programs that the sandbox runs; needed again when their versions change."""
    from stackyard_sandbox import toolchain

    with _sandbox_errors():
        paths = toolchain.build(tools or None, progress=render.narrate)
    rows = [{"tool": name, "path": str(path)} for name, path in paths.items()]
    render.table(["tool", "path"], rows, json=json)


@app.command()
def start(json: Json = False) -> None:
    """Start the sandbox's processes that do not run; build missing programs first."""
    from stackyard_sandbox import daemon, toolchain

    with _sandbox_errors():
        toolchain.build(toolchain.missing(toolchain.CORE), progress=render.narrate)
        begun = time.monotonic()
        sandbox = daemon.start(render.narrate)
        members = daemon.status()
    memory = sum(member.rss_bytes for member in members) // MEGABYTE
    render.narrate(f"ready in {time.monotonic() - begun:.1f} s, {memory} MB in use", "green")
    render.narrate("next: `stackyard sandbox status`, `eval $(stackyard sandbox env)`")
    facts = {
        "endpoint": sandbox.aws.endpoint,
        "region": sandbox.aws.region,
        "kubeconfig": str(sandbox.kubeconfig),
    }
    text = "\n".join(f"{key}\t{value}" for key, value in facts.items())
    render.answer(facts, json=json, text=text)


@app.command()
def stop(json: Json = False) -> None:
    """Stop every process; keep the account and the clusters for the next start."""
    from stackyard_sandbox import daemon

    with _sandbox_errors():
        ran = any(member.alive for member in daemon.status())
        kept = daemon.stop()
        lost = bool(daemon.status())
    if lost:
        render.narrate(LOST, "yellow")
    elif ran and not kept:
        render.narrate(NOT_KEPT, "yellow")
    elif ran:
        render.narrate("stopped; `stackyard sandbox start` continues with the same data")
    else:
        render.narrate("the sandbox is not running")
    if json:
        render.answer({"stopped": ran, "kept": kept}, json=True)


@app.command()
def reset(yes: Yes = False, json: Json = False) -> None:
    """Stop every process and delete all data: account, clusters, state of stacks."""
    from stackyard_sandbox import daemon

    render.confirm("Delete everything in the sandbox?", yes=yes, refusal="nothing deleted")
    with _sandbox_errors():
        daemon.reset()
    render.narrate("deleted; `stackyard sandbox start` begins with an empty account")
    if json:
        render.answer({"reset": True}, json=True)


@app.command()
def status(json: Json = False) -> None:
    """Show every process with its memory and address; exit code 1 unless all of them run."""
    from stackyard_sandbox import daemon

    with _sandbox_errors():
        members = daemon.status()
    if not members:
        raise StackyardError("the sandbox is not running", hint="run `stackyard sandbox start`")
    columns = ["member", "alive", "pid", "memory_mb", "endpoint"]
    render.table(columns, [_row(member) for member in members], json=json)
    if dead := [member.name for member in members if not member.alive]:
        raise StackyardError(
            f"not running: {', '.join(dead)}", hint="run `stackyard sandbox start`"
        )


@app.command()
def env(json: Json = False) -> None:
    """Print the variables that point AWS and Kubernetes clients at the sandbox."""
    variables = _running().environment()
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    render.answer(variables, json=json, text="\n".join(lines), with_secrets=True)


@app.command()
def kubeconfig(json: Json = False) -> None:
    """Print the path of the kubeconfig; it has one context per EKS cluster, of the same name."""
    sandbox = _running()
    facts = {"kubeconfig": str(sandbox.kubeconfig), "contexts": list(sandbox.clusters)}
    render.answer(facts, json=json, text=str(sandbox.kubeconfig))


def _running() -> Sandbox:
    from stackyard_sandbox import daemon

    with _sandbox_errors():
        sandbox = daemon.current()
    if sandbox is None:
        raise StackyardError("the sandbox is not running", hint="run `stackyard sandbox start`")
    return sandbox


def _row(member: Member) -> dict[str, object]:
    return {
        "member": member.name,
        "alive": member.alive,
        "pid": member.pid,
        "memory_mb": member.rss_bytes // MEGABYTE,
        "endpoint": member.endpoint,
    }


@contextmanager
def _sandbox_errors() -> Iterator[None]:
    """Convert the sandbox's own errors to StackyardError."""
    from stackyard_sandbox.state import SandboxError
    from stackyard_sandbox.toolchain import ToolchainError

    try:
        yield
    except (SandboxError, ToolchainError) as error:
        raise StackyardError(error.message, hint=error.hint) from error
