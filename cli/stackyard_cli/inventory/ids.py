"""Derives a resource's Pulumi ID from its ARN or from its inputs.

Needed only if a second create would fail or create a duplicate. Types with an idempotent create
(settings of a bucket, attached policies, alarms, rules) are simply created again. Formats: the
"Import" sections of https://www.pulumi.com/registry/packages/aws/api-docs/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Client = Callable[[str], Any]
Inputs = Mapping[str, Any]

ARN_IDS = frozenset(
    {
        "aws:codebuild/project:Project",
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "aws:iam/policy:Policy",
        "aws:secretsmanager/secret:Secret",
        "aws:sfn/stateMachine:StateMachine",
        "aws:sns/topic:Topic",
    }
)
"""Types whose id is the ARN."""

TEMPLATES = {
    "aws:eks/accessEntry:AccessEntry": "{clusterName}:{principalArn}",
    "aws:eks/addon:Addon": "{clusterName}:{addonName}",
    "aws:eks/nodeGroup:NodeGroup": "{clusterName}:{nodeGroupName}",
    "aws:iam/rolePolicy:RolePolicy": "{role}:{name}",
    "aws:rds/instance:Instance": "{identifier}",
    "aws:s3/bucket:Bucket": "{bucket}",
    "aws:s3/accessPoint:AccessPoint": "{accountId}:{name}",
    "aws:budgets/budget:Budget": "{accountId}:{name}",
}
"""Ids that consist of inputs."""

BY_NAME = frozenset(
    {
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:dynamodb/table:Table",
        "aws:ecr/repository:Repository",
        "aws:eks/cluster:Cluster",
        "aws:iam/instanceProfile:InstanceProfile",
        "aws:iam/role:Role",
        "aws:kms/alias:Alias",
        "aws:rds/parameterGroup:ParameterGroup",
        "aws:rds/subnetGroup:SubnetGroup",
    }
)
"""Types whose id is their name."""


def id_of_arn(kind: str, arn: str, last: str) -> str:
    """Return the id of a tagged resource."""
    if kind in ARN_IDS:
        return arn
    if kind == "aws:sqs/queue:Queue" and arn.startswith("arn:"):
        _, _, _, region, account, name = arn.split(":", 5)
        return f"https://sqs.{region}.amazonaws.com/{account}/{name}"
    if kind == "aws:eks/nodeGroup:NodeGroup" and arn.count("/") >= 3:
        cluster, group = arn.split("/")[1:3]
        return f"{cluster}:{group}"
    if kind == "aws:cloudwatch/logGroup:LogGroup":
        return arn.partition(":log-group:")[2].removesuffix(":*") or last
    if kind == "aws:ecr/repository:Repository":
        return arn.partition(":repository/")[2] or last
    return last


def aws_id(kind: str, inputs: Inputs, client: Client) -> str | None:
    """Return the id derived from the inputs of a create, None for a type without such a rule."""
    if kind in LOOKUPS:
        return LOOKUPS[kind](inputs, client)
    if kind in BY_NAME:
        return _text(inputs.get("name"))
    if template := TEMPLATES.get(kind):
        try:
            filled_in = template.format_map({key: _needed(value) for key, value in inputs.items()})
        except KeyError:
            return None
        return None if "\0" in filled_in else filled_in
    return None


def kubernetes_id(inputs: Inputs) -> str | None:
    """Return `namespace/name`, or the name alone of an object without a namespace.

    A Helm release has both in its inputs, and no metadata.
    """
    metadata = inputs.get("metadata", inputs)
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or not isinstance(name, str):
        return None
    namespace = metadata.get("namespace")
    return f"{namespace}/{name}" if namespace else name


def _route_table_association(inputs: Inputs, client: Client) -> str | None:
    subnet = _text(inputs.get("subnetId"))
    if subnet is None:
        return None
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    for table in client("ec2").describe_route_tables(Filters=filters)["RouteTables"]:
        for association in table["Associations"]:
            if association.get("SubnetId") == subnet:
                return str(association["RouteTableAssociationId"])
    return None


def _mount_target(inputs: Inputs, client: Client) -> str | None:
    system, subnet = _text(inputs.get("fileSystemId")), _text(inputs.get("subnetId"))
    if system is None or subnet is None:
        return None
    answer = client("efs").describe_mount_targets(FileSystemId=system)
    for target in answer["MountTargets"]:
        if target["SubnetId"] == subnet:
            return str(target["MountTargetId"])
    return None


def _pod_identity(inputs: Inputs, client: Client) -> str | None:
    cluster = _text(inputs.get("clusterName"))
    if cluster is None:
        return None
    answer = client("eks").list_pod_identity_associations(
        clusterName=cluster,
        namespace=inputs.get("namespace"),
        serviceAccount=inputs.get("serviceAccount"),
    )
    for association in answer["associations"]:
        return str(association["associationId"])
    return None


LOOKUPS: dict[str, Callable[[Inputs, Client], str | None]] = {
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _route_table_association,
    "aws:efs/mountTarget:MountTarget": _mount_target,
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": _pod_identity,
}
"""Ids that only the service knows, and that no tag identifies."""


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _needed(value: Any) -> str:
    return _text(value) or "\0"
