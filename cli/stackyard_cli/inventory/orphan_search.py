"""Finds the orphaned resources of stacks: searches the account, and subtracts the state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stackyard_cli.errors import StackyardError
from stackyard_cli.inventory.orphans import Orphans, Retained, classified

if TYPE_CHECKING:
    from stackyard.estate.estate import Estate
    from stackyard.naming import StackId
    from stackyard_cli.backend.checkpoint import Checkpoint
    from stackyard_cli.backend.location import Location
    from stackyard_cli.inventory.census import TaggedResource

CLUSTER = "aws:eks/cluster:Cluster"
NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"


def orphans_of(location: Location, estate: Estate, stacks: Sequence[StackId]) -> Orphans:
    """Search for orphaned resources; raises StackyardError if AWS denies the search."""
    from botocore.exceptions import BotoCoreError, ClientError

    orphans = Orphans()
    for stack in stacks:
        try:
            _search(location, estate, stack, orphans)
        except (BotoCoreError, ClientError) as error:
            raise StackyardError(
                f"{stack}: the account cannot be searched: {error}",
                hint="use credentials that may read tags, EC2, EKS and IAM roles",
            ) from error
    orphans.rows.sort(key=lambda row: (row.stack, row.verdict, row.type, row.name))
    return orphans


def _search(location: Location, estate: Estate, stack: StackId, orphans: Orphans) -> None:
    from stackyard_cli.inventory.census import AwsCensus, held_by
    from stackyard_cli.inventory.sweep import swept, unseen
    from stackyard_cli.review import price_list

    config = estate.load(stack).config
    now, before = location.state(stack).read(), _last_good(location, stack)
    held = held_by(now) if now else set()
    earlier = before.resources if before else []
    destroyed = {one["id"] for one in earlier if one["type"] == CLUSTER and one["id"] not in held}
    census = AwsCensus(stack, config.region, location.environment)
    resources = swept(stack, census, sorted(destroyed))
    if earlier and not held - {""}:
        # The stack is destroyed: namespaces and volumes, which have no AWS tags, count as well.
        resources += _in_cluster(location, estate, stack, orphans)
        if kinds := unseen(earlier):
            orphans.not_seen.append(f"{stack}: {', '.join(kinds)}")
    # While the pools exist, Karpenter owns their nodes; afterwards nobody does.
    pools = any(one["type"] == NODE_POOL for one in now.resources) if now else False
    retained = Retained(config.protection.retain, earlier)
    prices = price_list.prices(location.home, config.region)
    orphans.rows += [
        classified(str(stack), one, retained, prices)
        for one in resources
        if one.arn not in held and one.last not in held and not (pools and one.of_node_pool)
    ]


def _in_cluster(
    location: Location, estate: Estate, stack: StackId, orphans: Orphans
) -> list[TaggedResource]:
    """Search the cluster of a destroyed project, if the cluster still exists."""
    from stackyard.contracts import FoundationContract
    from stackyard_cli.backend import preconditions
    from stackyard_cli.backend.contracts import contract_of
    from stackyard_cli.clients.foundation import Clients
    from stackyard_cli.inventory.sweep import in_cluster

    foundation = estate.upstreams(stack).get("foundation")
    if foundation is None or not preconditions.applied(location, foundation):
        return []
    contract = contract_of(location, FoundationContract, foundation)
    try:
        return list(in_cluster(stack, Clients(location.environment, contract).kube))
    except OSError as error:
        orphans.not_seen.append(f"{stack}: its namespace in {contract.cluster_name}: {error}")
        return []


def _last_good(location: Location, stack: StackId) -> Checkpoint | None:
    """Return the copy of the state before the last apply or destroy."""
    from stackyard_cli.backend.checkpoint import Checkpoint

    data = location.records(stack).good_state()
    return Checkpoint(data, str(stack)) if data else None
