"""The state of applied stacks for `status`: record, resources, lock, and a project's concerns."""

from __future__ import annotations

from typing import Any

from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard_cli.backend import preconditions
from stackyard_cli.backend.checkpoint import Resource
from stackyard_cli.backend.contracts import contract_of
from stackyard_cli.backend.location import Location
from stackyard_cli.clients.onprem import onprem_clusters
from stackyard_cli.errors import StackyardError
from stackyard_cli.health.check import Check
from stackyard_cli.recovery.lock import held

COLUMNS = ("stack", "state", "resources", "since", "lock")


def row(location: Location, stack: StackId) -> dict[str, Any]:
    """Return a stack's applied state: its outcome, its time, and the holder of its lock."""
    record = location.records(stack).read()
    state: str = record.outcome if record else "not applied"
    made: list[Resource] = []
    try:
        checkpoint = preconditions.checked_state(location, stack, applies=False)
        made = preconditions.made(checkpoint) if checkpoint else []
        if checkpoint and checkpoint.pending:
            state = "to recover"
    except StackyardError as error:
        # The message begins with the stack, for which the table has a column.
        state = error.message.partition(": ")[2] or error.message
    locks = held(location, [stack])
    return {
        "stack": str(stack),
        "state": state,
        "resources": len(made),
        "since": record.at if record else None,
        "lock": str(locks[0]) if locks else None if location.store.sees_locks else "not checked",
    }


def concerns(location: Location, estate: Estate, stack: StackId) -> list[Check]:
    """Check the concerns of an applied project; other stacks have none."""
    from stackyard import contracts
    from stackyard.blueprints.project.config import ProjectConfig
    from stackyard_cli.clients.foundation import Clients
    from stackyard_cli.health.concerns.checks import concern_checks
    from stackyard_cli.health.concerns.subject import Subject

    config = estate.load(stack).config
    if not isinstance(config, ProjectConfig) or not preconditions.applied(location, stack):
        return []
    upstreams = estate.upstreams(stack)
    foundation = contract_of(location, contracts.FoundationContract, upstreams["foundation"])
    services = contract_of(location, contracts.ServicesContract, upstreams["services"])
    subject = Subject(
        stack=stack,
        config=config,
        project=contract_of(location, contracts.ProjectContract, stack),
        foundation=foundation,
        services=services,
        clients=Clients(location.environment, foundation),
        onprem=onprem_clusters(estate.settings.target, services.onprem),
    )
    return concern_checks(subject)
