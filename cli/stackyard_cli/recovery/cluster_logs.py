"""Removes the log group that EKS writes again after its cluster, and its log group, are deleted.

The control plane sends its last lines late, and EKS creates the group again for them: without key,
retention and tags. The next apply would stop with `ResourceAlreadyExistsException`. Source:
https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2763.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from stackyard.blueprints.foundation.config import FoundationConfig
from stackyard.estate.loaded import Loaded
from stackyard.naming import StackId, cluster_name
from stackyard.tags import stack_tags
from stackyard_cli.clients.aws import Aws

Clients = Callable[[str], Any]
"""Function that returns a client of a service in the stack's account and region."""


def written_again(stack: StackId, clients: Clients) -> dict[str, Any] | None:
    """Return the log group of a foundation that has no cluster, if the group has no tags."""
    from botocore.exceptions import ClientError

    cluster, logs = cluster_name(stack), clients("logs")
    name = f"/aws/eks/{cluster}/cluster"
    groups = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    group = next((one for one in groups if one["logGroupName"] == name), None)
    if group is None or logs.list_tags_for_resource(resourceArn=_arn(group))["tags"]:
        return None
    try:
        clients("eks").describe_cluster(name=cluster)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return dict(group)
    return None


def removed(
    environment: Mapping[str, str], loaded: Mapping[StackId, Loaded], stacks: Iterable[StackId]
) -> Iterator[str]:
    """Remove such groups of foundations among the stacks; yield each removal or refusal.

    `environment` is what the estate's backend location adds to that of the process.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    for stack in stacks:
        config = loaded[stack].config
        if not isinstance(config, FoundationConfig):
            continue
        try:
            if done := remove(stack, config.owner, Aws(environment, config.region).client):
                yield f"{stack}: {done}"
        except (BotoCoreError, ClientError) as error:
            yield f"{stack}: cannot check whether EKS wrote its log group again: {error}"


def remove(stack: StackId, owner: str, clients: Clients) -> str | None:
    """Delete such a group and return a message; None if there was none.

    The group first gets the stack's tags: an apply role may delete only resources with these tags.
    """
    group = written_again(stack, clients)
    if group is None:
        return None
    logs = clients("logs")
    logs.tag_resource(resourceArn=_arn(group), tags=stack_tags(stack, owner, {}))
    logs.delete_log_group(logGroupName=group["logGroupName"])
    return f"deleted {group['logGroupName']}: EKS wrote it again after its cluster was deleted"


def _arn(group: dict[str, Any]) -> str:
    """Return the ARN in the form of the tagging calls, without the `:*` of its streams."""
    return str(group["arn"]).removesuffix(":*")
