"""`doctor`: check what this machine needs to run stacks: ok, a problem, or not checked."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from stackyard.estate.errors import EstateError
from stackyard.estate.estate import Estate
from stackyard_cli import render
from stackyard_cli.backend import pulumi_binary
from stackyard_cli.backend.location import Location, location_of_estate
from stackyard_cli.errors import StackyardError
from stackyard_cli.health.check import Finding
from stackyard_cli.options import EstateDir, Json
from stackyard_cli.recovery.lock import Held, held

Install = Annotated[
    bool,
    typer.Option("--install-engine", help="Get the engine by Pulumi's own installer (network)."),
]


RUN_BYTES = 1_000_000_000
"""Free disk below which a run may end in the middle of writing a state."""

BUILD_BYTES = 8_000_000_000
"""What the first build of the toolchain takes."""


def doctor(install_engine: Install = False, json: Json = False, estate: EstateDir = None) -> None:
    """Check what this machine needs to run stacks."""
    if install_engine:
        engine = pulumi_binary.install()
        render.narrate(f"installed the engine {engine.version}: {engine.path}")
    findings = [_python(), _checked("engine", _engine), _checked("toolchain", _toolchain), disk()]
    findings += _estate(estate)
    rows = [vars(finding) for finding in findings]
    render.table(["check", "verdict", "detail", "hint"], rows, json=json)
    problems = [finding for finding in findings if finding.verdict == "problem"]
    if problems:
        raise typer.Exit(1)


def _python() -> Finding:
    """Name the interpreter; an older one than the package needs does not get here."""
    found = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", "ok", found)


def _engine() -> Finding:
    engine = pulumi_binary.find()
    detail = f"{engine.version} at {engine.path}; SDK {pulumi_binary.sdk_version()}"
    return Finding("engine", "ok", detail)


def _toolchain() -> Finding:
    from stackyard_sandbox.toolchain import CORE, missing

    if lacking := missing(CORE):
        hint = "run `stackyard sandbox build`"
        return Finding("toolchain", "problem", f"not built: {', '.join(lacking)}", hint)
    return Finding("toolchain", "ok", "built")


def disk(free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free) -> Finding:
    """Check the room for states, journals and the sandbox: a full disk cuts states off.

    `free` gives the bytes that are left where a path is.
    """
    from stackyard_sandbox.paths import sandbox_home
    from stackyard_sandbox.toolchain import CORE, missing

    wanted = BUILD_BYTES if missing(CORE) else RUN_BYTES
    left = free(sandbox_home())
    detail = f"{left / 1e9:.1f} GB are free at {sandbox_home()}"
    if left < wanted:
        hint = f"free some disk: {wanted / 1e9:.0f} GB are needed"
        return Finding("disk", "problem", detail, hint)
    return Finding("disk", "ok", detail)


def _estate(folder: Path | None) -> list[Finding]:
    """Check the estate, and what its settings lead to."""
    try:
        found = Estate.find(Path.cwd(), folder)
        target = found.settings.target
    except EstateError as error:
        rest = ("sandbox", "backend", "identity")
        return [
            Finding("estate", "problem", error.message, error.hint),
            *(Finding(name, "not checked", "no estate") for name in rest),
        ]
    findings = [_checked("estate", lambda: _files(found))]
    if target == "sandbox":
        findings.append(_checked("sandbox", _sandbox))
    try:
        location = location_of_estate(found)
    except StackyardError as error:
        findings.append(Finding("backend", "not checked", error.message, error.hint))
        findings.append(Finding("identity", "not checked", "no backend"))
        return findings
    findings.append(_checked("backend", lambda: _backend(location)))
    if findings[-1].verdict == "ok":
        findings += _locks(location, found)
    findings.append(_checked("identity", lambda: _identity(found, location, target)))
    if target == "aws":
        findings += _preflight(found, ready=all(one.verdict == "ok" for one in findings))
    return findings


def _preflight(estate: Estate, *, ready: bool) -> list[Finding]:
    """Check what can stop an apply on AWS, once estate, backend and identity are as they should."""
    if not ready:
        return [Finding("preflight", "not checked", "the checks above come first")]
    import datetime

    import boto3

    from stackyard_cli.health import preflight

    account = boto3.client("sts").get_caller_identity()["Account"]

    def clients(service: str, region: str) -> Any:
        return boto3.client(service, region_name=region)

    today = datetime.datetime.now(tz=datetime.UTC).date()
    return list(preflight.findings(estate, account, clients, today))


def _files(estate: Estate) -> Finding:
    stacks = estate.stacks()
    problems = estate.check(stacks)
    if problems:
        detail = f"{len(problems)} problems; the first: {problems[0]}".splitlines()[0]
        return Finding("estate", "problem", detail, "run `stackyard validate`")
    return Finding("estate", "ok", f"{len(stacks)} stacks in {estate.root}")


def _sandbox() -> Finding:
    from stackyard_sandbox import daemon

    members = daemon.status()
    if not members:
        hint = "run `stackyard sandbox start`"
        return Finding("sandbox", "problem", "not running", hint)
    dead = [member.name for member in members if not member.alive]
    if dead:
        hint = "run `stackyard sandbox start`"
        return Finding("sandbox", "problem", f"has died: {', '.join(dead)}", hint)
    return Finding("sandbox", "ok", f"{len(members)} processes run")


def _backend(location: Location) -> Finding:
    stacks = [k for k in location.store.keys(".pulumi/stacks/") if k.endswith(".json")]
    return Finding("backend", "ok", f"{len(stacks)} stacks in {location.backend_url}")


def _locks(location: Location, estate: Estate) -> list[Finding]:
    if not location.store.sees_locks:
        return [
            Finding("locks", "not checked", f"only the engine sees them in {location.backend_url}")
        ]
    return [_lock(one) for one in held(location, estate.stacks())]


def _lock(one: Held) -> Finding:
    """Say who holds a stack; that somebody works is no problem, that a dead run does is one."""
    name, stack = f"lock {one.stack}", one.stack
    if one.life == "alive":
        return Finding(name, "ok", str(one))
    if one.life == "dead":
        hint = f"run `stackyard recover {stack}`, or `stackyard unlock {stack}` before it"
        return Finding(name, "problem", str(one), hint)
    hint = f"ask whether it still runs; if not, run `stackyard recover {stack}`"
    return Finding(name, "not checked", str(one), hint)


def _identity(estate: Estate, location: Location, target: str) -> Finding:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    known = {**os.environ, **location.environment}
    session = boto3.Session(
        aws_access_key_id=location.environment.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=location.environment.get("AWS_SECRET_ACCESS_KEY"),
    )
    if session.get_credentials() is None:
        return Finding("identity", "not checked", "no AWS credentials here")
    region = known.get("AWS_REGION") or "us-east-1"
    endpoint = known.get("AWS_ENDPOINT_URL") or None
    try:
        sts = session.client("sts", region_name=region, endpoint_url=endpoint)
        answer: dict[str, Any] = sts.get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        return Finding("identity", "problem", f"AWS does not answer: {error}")
    accounts = sorted({estate.load(stack).config.account for stack in estate.stacks()})
    detail = f"account {answer['Account']} as {answer['Arn'].rpartition(':')[2]} ({target})"
    if answer["Account"] not in accounts:
        wanted = ", ".join(accounts) or "none"
        return Finding("identity", "problem", f"{detail}; the stacks name {wanted}")
    return Finding("identity", "ok", detail)


def _checked(name: str, check: Callable[[], Finding]) -> Finding:
    """Run a check; an expected error is a problem, with its hint."""
    try:
        return check()
    except StackyardError as error:
        return Finding(name, "problem", error.message, error.hint)
    except EstateError as error:
        return Finding(name, "problem", error.message.splitlines()[0], error.hint)
