"""`leftovers`: what is left in the account of stacks, kept on purpose or not, and its cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.inventory.orphans import Leftover, Stay, leftover, total
from stackyard_cli.options import EstateDir, Json, Selection

if TYPE_CHECKING:
    from stackyard.estate.estate import Estate
    from stackyard.naming import StackId
    from stackyard_cli.backend.checkpoint import Checkpoint
    from stackyard_cli.backend.location import Location
    from stackyard_cli.inventory.census import Found

CLUSTER = "aws:eks/cluster:Cluster"

COLUMNS = ("stack", "verdict", "data_class", "type", "name", "cost", "id")


@dataclass
class Sweep:
    """What was looked for, what was found, and what could not be looked at."""

    rows: list[Leftover] = field(default_factory=list)
    not_seen: list[str] = field(default_factory=list)

    @property
    def unexpected(self) -> list[Leftover]:
        """What nobody meant to keep."""
        return [row for row in self.rows if row.verdict == "unexpected"]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"leftovers": [row.to_dict() for row in self.rows], "not_seen": self.not_seen}

    def lines(self) -> Iterable[str]:
        """Yield what it comes to, for people."""
        for verdict in ("retained", "unexpected"):
            if rows := [row for row in self.rows if row.verdict == verdict]:
                yield f"{len(rows)} {verdict}: {total(rows)}"
        yield from (f"not seen: {text}" for text in self.not_seen)


def leftovers(stacks: Selection = None, json: Json = False, estate: EstateDir = None) -> None:
    """List what exists with the tags of stacks and is in no state; exit code 4 if unexpected.

    The tag search of AWS may still show what was deleted some minutes ago.
    """
    from stackyard.estate.estate import Estate
    from stackyard_cli.deploy.deployment import location_of_estate

    found = Estate.find(Path.cwd(), estate)
    sweep = sweep_of(location_of_estate(found), found, found.select(stacks))
    if json:
        render.answer(sweep.to_dict(), json=True)
    else:
        if sweep.rows:
            render.table(COLUMNS, [row.to_dict() for row in sweep.rows], json=False)
        for line in sweep.lines() or ["nothing is left"]:
            render.narrate(line)
    if sweep.unexpected:
        raise typer.Exit(ExitCode.CHANGES_PENDING)


def sweep_of(location: Location, estate: Estate, stacks: Sequence[StackId]) -> Sweep:
    """Look for what is left of stacks; raises StackyardError where AWS does not answer."""
    from botocore.exceptions import BotoCoreError, ClientError

    sweep = Sweep()
    for stack in stacks:
        try:
            _sweep_one(location, estate, stack, sweep)
        except (BotoCoreError, ClientError) as error:
            raise StackyardError(
                f"{stack}: the account cannot be searched: {error}",
                hint="credentials that may read tags, EC2, EKS and IAM roles are needed",
            ) from error
    sweep.rows.sort(key=lambda row: (row.stack, row.verdict, row.type, row.name))
    return sweep


def _sweep_one(location: Location, estate: Estate, stack: StackId, sweep: Sweep) -> None:
    from stackyard_cli.inventory.census import AwsCensus
    from stackyard_cli.inventory.sweep import swept, unseen
    from stackyard_cli.recovery.recover import held_by
    from stackyard_cli.review import price_list

    config = estate.load(stack).config
    now, before = location.state(stack).read(), _last_good(location, stack)
    held = held_by(now) if now else set()
    earlier = before.resources if before else []
    gone = {one["id"] for one in earlier if one["type"] == CLUSTER and one["id"] not in held}
    found = swept(stack, AwsCensus(stack, config.region, location.environment), sorted(gone))
    if earlier and not held - {""}:
        # Nothing is applied any more: what only lives beside a state is looked for as well.
        found += _in_cluster(location, estate, stack, sweep)
        if kinds := unseen(earlier):
            sweep.not_seen.append(f"{stack}: {', '.join(kinds)}")
    stay = Stay(config.protection.retain, earlier)
    prices = price_list.prices(location.home, config.region)
    sweep.rows += [
        leftover(str(stack), one, stay, prices)
        for one in found
        if one.arn not in held and one.last not in held
    ]


def _in_cluster(location: Location, estate: Estate, stack: StackId, sweep: Sweep) -> list[Found]:
    """Ask the cluster of a project that is gone, if the cluster is still there."""
    from stackyard.contracts import FoundationContract
    from stackyard_cli.backend import preconditions
    from stackyard_cli.backend.contracts import contract_of
    from stackyard_cli.health.concerns.subject import Clients
    from stackyard_cli.inventory.sweep import in_cluster

    foundation = estate.upstreams(stack).get("foundation")
    if foundation is None or not preconditions.applied(location, foundation):
        return []
    contract = contract_of(location, FoundationContract, foundation)
    try:
        return list(in_cluster(stack, Clients(location.environment, contract).kube))
    except OSError as error:
        sweep.not_seen.append(f"{stack}: its namespace in {contract.cluster_name}: {error}")
        return []


def _last_good(location: Location, stack: StackId) -> Checkpoint | None:
    """Return the copy of the state from before the last apply or destroy."""
    from stackyard_cli.backend.checkpoint import Checkpoint

    data = location.records(stack).good_state()
    return Checkpoint(data, str(stack)) if data else None
