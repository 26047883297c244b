"""Reads the outputs of an applied stack from the backend; secrets by the engine's own CLI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stackyard.datasets.dvc import remote_config
from stackyard.estate.estate import Estate
from stackyard_cli.backend import preconditions, pulumi_binary
from stackyard_cli.backend.location import location_of_estate
from stackyard_cli.engine.parent.session import session
from stackyard_cli.errors import StackyardError


def outputs_of(estate_dir: Path | None, name: str, *, show_secrets: bool = False) -> dict[str, Any]:
    """Return the outputs of a stack; secret ones hidden, unless `show_secrets`."""
    estate = Estate.find(Path.cwd(), estate_dir)
    stack, location = estate.one(name), location_of_estate(estate)
    checkpoint = preconditions.checked_state(location, stack, applies=False)
    if checkpoint is None or not checkpoint.resources:
        raise StackyardError(f"{stack} is not applied", hint=f"run `stackyard up {stack}`")
    if not (show_secrets and checkpoint.secret_outputs):
        return checkpoint.outputs
    with session(location, pulumi_binary.find(), stack) as opened:
        words = ("--json", "--show-secrets", "--stack", stack.reference)
        decrypted: dict[str, Any] = json.loads(opened.cli("stack", "output", *words))
        return decrypted


def dvc_config(estate_dir: Path | None, name: str) -> str:
    """Return the text of `.dvc/config` for the datasets of a stack that are DVC remotes."""
    estate = Estate.find(Path.cwd(), estate_dir)
    config = estate.load(estate.one(name)).config
    buckets = outputs_of(estate_dir, name).get("contract", {}).get("datasets", {})
    declared = getattr(config, "datasets", {})
    remotes = {name: buckets[name] for name in declared if declared[name].dvc and name in buckets}
    if not remotes:
        hint = "`dvc: true` is for datasets of projects; `stackyard list` shows those"
        raise StackyardError("no dataset of this stack is a DVC remote", hint=hint)
    return remote_config(remotes, config.region).rstrip()
