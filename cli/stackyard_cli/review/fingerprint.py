"""Computes the fingerprint in a receipt: state, config, program, policies, versions."""

from __future__ import annotations

import hashlib
import json
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from stackyard.naming import StackId
from stackyard_cli.backend.checkpoint import Checkpoint
from stackyard_cli.backend.pulumi_binary import sdk_version
from stackyard_cli.engine.packs import Packs
from stackyard_cli.engine.report import Task
from stackyard_cli.review.context import ReviewContext

Fingerprint = dict[str, Any]

PACKAGES = ("pulumi-aws", "pulumi-kubernetes", "pulumi-policy", "stackyard")
"""SDKs of providers and policies, and Stackyard; a provider has the version of its SDK."""


def fingerprint(
    context: ReviewContext, task: Task, packs: Packs, *, state: str | None = None
) -> Fingerprint:
    """Return the current fingerprint of a stack, without starting the engine.

    `state`: the digest of the state, for a caller that knows that it did not change.
    """
    from stackyard_cli.review import policies

    return {
        "state": state or state_digest(context, task),
        "config": task.digest,
        "program": program_digest(),
        "policies": policies.digest(packs),
        "upstreams": {
            name: _contract_digest(context, stack) for name, stack in sorted(task.upstreams.items())
        },
        "engine": context.engine_version,
        "sdk": sdk_version(),
        **{name: version(name) for name in PACKAGES},
    }


def mismatches(approved: Fingerprint, now: Fingerprint) -> list[str]:
    """Return each difference, with both values."""
    keys = [*now, *(key for key in approved if key not in now)]
    return [
        f"{key}: approved {_shown(approved.get(key))}, now {_shown(now.get(key))}"
        for key in keys
        if approved.get(key) != now.get(key)
    ]


def state_digest(context: ReviewContext, task: Task) -> str:
    """Return SHA-256 over the resources of the state, with their secrets encrypted."""
    checkpoint = context.location.state(task.stack).read()
    return "none" if checkpoint is None else _sha(checkpoint.resources)


@cache
def program_digest() -> str:
    """Return SHA-256 over the files of the package `stackyard`, which contains the programs."""
    spec = find_spec("stackyard")
    folder = Path(str(spec.origin)).parent if spec else Path()
    hashed = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            hashed.update(path.relative_to(folder).as_posix().encode() + b"\0")
            hashed.update(hashlib.sha256(path.read_bytes()).digest())
    return hashed.hexdigest()


def _contract_digest(context: ReviewContext, stack: StackId) -> str:
    data = context.location.state(stack).raw()
    return "none" if data is None else _contract_in(data, str(stack))


@lru_cache(maxsize=16)
def _contract_in(data: bytes, stack: str) -> str:
    """Return the digest of a contract; many stacks read the same one, and states are large."""
    return _sha(Checkpoint(data, stack).outputs.get("contract"))


def _sha(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _shown(value: Any) -> str:
    text = str(value) if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) < 64 else f"{text[:12]}…"
