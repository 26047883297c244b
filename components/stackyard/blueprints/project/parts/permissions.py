"""Inputs of a project's grants and namespace rules, as its files name them; without Pulumi.

The program and the command `access` both call these functions, so that `access` reports the same
permissions that `up` creates.
"""

from __future__ import annotations

from collections.abc import Mapping

from stackyard.access.grants import GrantContext
from stackyard.blueprints.project.config import ProjectConfig
from stackyard.datasets.names import dataset_buckets, log_bucket_name
from stackyard.namespace.rbac import RULES, Rule
from stackyard.naming import StackId
from stackyard.queueing import objects


def grant_context(
    stack: StackId, config: ProjectConfig, *, cluster: str, key_arns: Mapping[str, str]
) -> GrantContext:
    """Return the account, region, cluster, buckets and keys with which grants are compiled."""
    return GrantContext(
        stack=stack,
        account=config.account,
        region=config.region,
        cluster=cluster,
        buckets=dataset_buckets(config.store, stack, config.account),
        log_bucket=log_bucket_name(stack, config.account),
        key_arns=key_arns,
    )


def namespace_rules(config: ProjectConfig, *, queued: bool) -> dict[str, list[Rule]]:
    """Return each audience's RBAC rules, on every cluster; `queued` if Kueue queues jobs."""
    queues = [objects.LOOK] if queued else []
    return {who: [*RULES[who], *queues] for who in config.access.audiences if who in RULES}
