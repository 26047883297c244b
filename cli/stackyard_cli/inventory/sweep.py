"""Finds a stack's resources that the tagging API misses: IAM, EKS, ECR, cluster controllers.

The census covers the resources that a crash can leave. A sweep also lists IAM, EKS and ECR one by
one, and the load balancers and volumes of cluster controllers, whose tags have the cluster's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from stackyard.naming import StackId, namespace_name
from stackyard_cli.backend.checkpoint import Resource
from stackyard_cli.inventory.census import (
    RESOURCE_TAG,
    STACK_TAG,
    AwsCensus,
    TaggedResource,
    plain_tags,
)

UNSEEN = frozenset(
    {
        "aws:amp/ruleGroupNamespace:RuleGroupNamespace",
        "aws:amp/workspace:Workspace",
        "aws:budgets/budget:Budget",
        "aws:cloudtrail/trail:Trail",
        "aws:cloudwatch/eventRule:EventRule",
        "aws:codebuild/project:Project",
        "aws:lambda/function:Function",
        "aws:rds/parameterGroup:ParameterGroup",
        "aws:rds/subnetGroup:SubnetGroup",
        "aws:sfn/stateMachine:StateMachine",
        "aws:signer/signingProfile:SigningProfile",
    }
)
"""Types with tags that no search here finds in the sandbox, measured on the reference estate.

On AWS the tagging API may find more of them; this has not been measured."""

IMPLIED = frozenset(
    {
        "aws:eks/accessEntry:AccessEntry",
        "aws:eks/addon:Addon",
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "aws:s3/accessPoint:AccessPoint",
    }
)
"""Types that no search here finds either, but that cannot outlive their cluster or bucket, which is
found (S3 answers `BucketHasAccessPointsAttached` to the deletion of such a bucket)."""

CLUSTER_TAGS = ("kubernetes.io/cluster/{}", "elbv2.k8s.aws/cluster")
"""Keys of tags on the resources of controllers; the cluster's name is in the key of the first, in
the value of the second. Sources:
https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/tagging.md and
https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/configurations/."""

ROLE_PART = 50
"""Number of characters of a stack's name in its role names, which have at most 64."""


def swept(stack: StackId, census: AwsCensus, clusters: Iterable[str]) -> list[TaggedResource]:
    """Return every resource with the stack's tag, or with the name of one of its clusters."""
    resources = {one.arn: one for one in census.tagged()}
    for search in (_roles, _identity_providers, _clusters, _repositories):
        resources |= {one.arn: one for one in search(stack, census)}
    for cluster in clusters:
        for one in _of_cluster(cluster, census):
            resources.setdefault(one.arn, one)
    return [one for one in resources.values() if not _leaving(one, census)]


def unseen(resources: Iterable[Resource]) -> list[str]:
    """Return the types among these that no search finds."""
    return sorted({resource["type"] for resource in resources} & UNSEEN)


def in_cluster(stack: StackId, ask: Callable[[str], Any]) -> Iterator[TaggedResource]:
    """Yield a project's orphaned objects in a cluster: its namespace, and its volumes.

    `ask` returns an object of the cluster's API by its path, None if it does not exist.
    """
    name = namespace_name(stack)
    if ask(f"/api/v1/namespaces/{name}") is not None:
        yield TaggedResource(f"namespace/{name}", f"kubernetes:core/v1:Namespace::{name}")
    for item in (ask("/api/v1/persistentvolumes") or {}).get("items", []):
        if (item["spec"].get("claimRef") or {}).get("namespace") == name:
            volume = item["metadata"]["name"]
            yield TaggedResource(
                f"volume/{volume}", f"kubernetes:core/v1:PersistentVolume::{volume}"
            )


def _roles(stack: StackId, census: AwsCensus) -> Iterator[TaggedResource]:
    """Yield the stack's roles: `list_roles` returns no tags, so roles are matched by name first.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html
    """
    iam = census.client("iam")
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            if stack.slug[:ROLE_PART] not in role["RoleName"]:
                continue
            tags = plain_tags(iam.list_role_tags(RoleName=role["RoleName"])["Tags"])
            yield from _tagged(stack, role["Arn"], tags)
            yield from _profiles(stack, iam, role["RoleName"])


def _profiles(stack: StackId, iam: Any, role: str) -> Iterator[TaggedResource]:
    """Yield the instance profiles of a role; IAM deletes no role that is still in one.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html
    """
    for item in iam.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"]:
        answer = iam.get_instance_profile(InstanceProfileName=item["InstanceProfileName"])
        tags = plain_tags(answer["InstanceProfile"].get("Tags", []))
        yield from _tagged(stack, item["Arn"], tags)


def _identity_providers(stack: StackId, census: AwsCensus) -> Iterator[TaggedResource]:
    """Yield the stack's OIDC providers, with which external identities assume its roles."""
    iam = census.client("iam")
    for item in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        answer = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=item["Arn"])
        yield from _tagged(stack, item["Arn"], plain_tags(answer.get("Tags", [])))


def _leaving(one: TaggedResource, census: AwsCensus) -> bool:
    """Return whether a secret is marked for deletion: it is not billed, and is deleted later.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html
    """
    if ":secretsmanager:" not in one.arn:
        return False
    return "DeletedDate" in census.client("secretsmanager").describe_secret(SecretId=one.arn)


def _clusters(stack: StackId, census: AwsCensus) -> Iterator[TaggedResource]:
    """Yield the stack's clusters and their node groups."""
    eks = census.client("eks")
    for name in eks.list_clusters()["clusters"]:
        cluster = eks.describe_cluster(name=name)["cluster"]
        yield from _tagged(stack, cluster["arn"], cluster.get("tags"))
        for group in eks.list_nodegroups(clusterName=name)["nodegroups"]:
            answer = eks.describe_nodegroup(clusterName=name, nodegroupName=group)["nodegroup"]
            yield from _tagged(stack, answer["nodegroupArn"], answer.get("tags"))


def _repositories(stack: StackId, census: AwsCensus) -> Iterator[TaggedResource]:
    """Yield the stack's image repositories; their names begin with its path."""
    ecr = census.client("ecr")
    for page in ecr.get_paginator("describe_repositories").paginate():
        for item in page["repositories"]:
            if item["repositoryName"].startswith(f"{stack}/"):
                arn = item["repositoryArn"]
                answer = ecr.list_tags_for_resource(resourceArn=arn)["tags"]
                yield from _tagged(stack, arn, plain_tags(answer))


def _tagged(stack: StackId, arn: str, tags: Mapping[str, str] | None) -> Iterator[TaggedResource]:
    if tags and tags.get(STACK_TAG) == str(stack):
        yield TaggedResource(arn, tags.get(RESOURCE_TAG))


def _of_cluster(cluster: str, census: AwsCensus) -> Iterator[TaggedResource]:
    """Yield the resources of a cluster's controllers, without those with a stack's tags."""
    owned, balanced = CLUSTER_TAGS
    filters = ({"Key": owned.format(cluster)}, {"Key": balanced, "Values": [cluster]})
    for tag_filter in filters:
        for arn, tags in census.search(tag_filter):
            if STACK_TAG not in tags:
                yield TaggedResource(arn, None)
