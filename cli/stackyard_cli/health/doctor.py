"""The checks of `doctor` in their order: the machine, the estate, its backend and account."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

from stackyard.estate.errors import EstateError
from stackyard.estate.estate import Estate
from stackyard_cli.backend.location import location_of_estate
from stackyard_cli.clients.aws import Aws
from stackyard_cli.errors import StackyardError
from stackyard_cli.health import account, machine
from stackyard_cli.health.check import Check, attempt
from stackyard_cli.health.cluster_api import cluster_apis

MACHINE = {
    "python": machine.python,
    "engine": machine.engine,
    "toolchain": machine.toolchain,
    "disk": machine.disk,
}


def checks(estate_dir: Path | None) -> list[Check]:
    """Check everything that this machine needs to run the stacks of an estate."""
    of_machine = [attempt(name, check) for name, check in MACHINE.items()]
    try:
        estate = Estate.find(Path.cwd(), estate_dir)
        target = estate.settings.target
    except EstateError as error:
        skipped = ("sandbox", "backend", "identity")
        return [
            *of_machine,
            Check("estate", "problem", error.message, error.hint),
            *(Check(name, "not checked", "no estate") for name in skipped),
        ]
    of_estate = [attempt("estate", lambda name: _files(name, estate))]
    if target == "sandbox":
        of_estate.append(attempt("sandbox", machine.sandbox))
    of_estate += _backend(estate)
    if target == "aws":
        # Without a valid estate and an identity, every preflight check would repeat the same error.
        ready = all(check.state == "ok" for check in of_estate)
        of_estate += _preflight(estate) if ready else [_skipped_preflight()]
    return [*of_machine, *of_estate]


def _files(name: str, estate: Estate) -> Check:
    """Check that every stack file is valid."""
    stacks = estate.stacks()
    if problems := estate.check(stacks):
        detail = f"{len(problems)} problems; the first: {problems[0]}".splitlines()[0]
        return Check(name, "problem", detail, "run `stackyard validate`")
    return Check(name, "ok", f"{len(stacks)} stacks in {estate.root}")


def _backend(estate: Estate) -> Iterator[Check]:
    """Check the backend, its locks, and the owner of the credentials."""
    try:
        location = location_of_estate(estate)
    except StackyardError as error:
        yield Check("backend", "not checked", error.message, error.hint)
        yield Check("identity", "not checked", "no backend")
        return
    backend = attempt("backend", lambda name: account.backend(name, location))
    yield backend
    if not backend.failed:
        yield from account.locks(location, estate)
    identity = attempt("identity", lambda name: account.identity(name, estate, location))
    yield identity
    if backend.state == identity.state == "ok":
        yield from cluster_apis(location, estate)


def _preflight(estate: Estate) -> list[Check]:
    """Check, with the caller's own credentials, everything that can stop an apply on AWS."""
    from stackyard_cli.health import preflight

    aws = Aws({})
    number = aws.client("sts").get_caller_identity()["Account"]
    today = datetime.datetime.now(tz=datetime.UTC).date()
    return list(preflight.checks(estate, number, aws.client, today))


def _skipped_preflight() -> Check:
    return Check("preflight", "not checked", "the checks above must be ok first")
