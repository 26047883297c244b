"""Checks of an estate's backend and AWS account: state files, locks, identity."""

from __future__ import annotations

from typing import Any

from stackyard.estate.estate import Estate
from stackyard_cli.backend.location import Location
from stackyard_cli.clients.aws import Aws
from stackyard_cli.health.check import Check
from stackyard_cli.recovery.lock import Held, held


def backend(name: str, location: Location) -> Check:
    """Check that the backend can be read; raises StackyardError if not."""
    keys = location.store.keys(".pulumi/stacks/")
    states = [key for key in keys if key.endswith(".json")]
    return Check(name, "ok", f"{len(states)} stacks in {location.backend_url}")


def locks(location: Location, estate: Estate) -> list[Check]:
    """Check every lock of the estate's stacks."""
    if not location.store.sees_locks:
        detail = f"only the engine sees locks in {location.backend_url}"
        return [Check("locks", "not checked", detail)]
    return [lock(one) for one in held(location, estate.stacks())]


def lock(one: Held) -> Check:
    """Check the holder of a lock: a running apply is no problem, an ended process is one."""
    name, stack = f"lock {one.stack}", one.stack
    if one.life == "alive":
        return Check(name, "ok", str(one))
    if one.life == "dead":
        hint = f"run `stackyard recover {stack}`, or `stackyard unlock {stack}` before it"
        return Check(name, "problem", str(one), hint)
    hint = f"ask its owner whether it still runs; if not, run `stackyard recover {stack}`"
    return Check(name, "not checked", str(one), hint)


def identity(name: str, estate: Estate, location: Location) -> Check:
    """Check that AWS accepts the credentials, and that their account is in the estate."""
    from botocore.exceptions import BotoCoreError, ClientError

    aws = Aws(location.environment)
    if aws.credentials() is None:
        return Check(name, "not checked", "no AWS credentials here")
    try:
        sts = aws.client("sts", aws.region or "us-east-1")
        answer: dict[str, Any] = sts.get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        return Check(name, "problem", f"AWS does not answer: {error}")
    accounts = sorted({estate.load(stack).config.account for stack in estate.stacks()})
    user = answer["Arn"].rpartition(":")[2]
    detail = f"account {answer['Account']} as {user} ({estate.settings.target})"
    if answer["Account"] not in accounts:
        named = ", ".join(accounts) or "none"
        return Check(name, "problem", f"{detail}; the stacks name {named}")
    return Check(name, "ok", detail)
