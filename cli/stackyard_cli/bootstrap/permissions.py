"""The IAM actions that each resource type needs, and the types that the blueprints create.

One line per type: `service: create | change and delete | read`. Source: the actions of each service
at https://docs.aws.amazon.com/service-authorization/latest/reference/, for the calls that the AWS
provider makes. A type without a line is an error, not a permission left out quietly.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import stackyard
from stackyard.blueprints.catalogue import BLUEPRINTS

TABLE = {
    "amp.AlertManagerDefinition": "aps: CreateAlertManagerDefinition | PutAlertManagerDefinition "
    "DeleteAlertManagerDefinition | DescribeAlertManagerDefinition",
    "amp.RuleGroupNamespace": "aps: CreateRuleGroupsNamespace | PutRuleGroupsNamespace "
    "DeleteRuleGroupsNamespace | DescribeRuleGroupsNamespace",
    "amp.Workspace": "aps: CreateWorkspace | UpdateWorkspaceAlias DeleteWorkspace "
    "UpdateWorkspaceConfiguration CreateLoggingConfiguration UpdateLoggingConfiguration "
    "DeleteLoggingConfiguration TagResource UntagResource | DescribeWorkspace "
    "DescribeLoggingConfiguration DescribeWorkspaceConfiguration ListTagsForResource",
    "budgets.Budget": "budgets: ModifyBudget | TagResource UntagResource | ViewBudget "
    "ListTagsForResource",
    "cloudtrail.Trail": "cloudtrail: CreateTrail | UpdateTrail DeleteTrail StartLogging "
    "StopLogging PutEventSelectors AddTags RemoveTags | DescribeTrails GetTrail GetTrailStatus "
    "GetEventSelectors GetInsightSelectors ListTags",
    "cloudwatch.Dashboard": "cloudwatch: PutDashboard | DeleteDashboards | GetDashboard",
    "cloudwatch.EventRule": "events: PutRule | DeleteRule EnableRule DisableRule TagResource "
    "UntagResource | DescribeRule ListTagsForResource",
    "cloudwatch.EventTarget": "events: PutTargets | RemoveTargets | ListTargetsByRule",
    "cloudwatch.LogGroup": "logs: CreateLogGroup | DeleteLogGroup PutRetentionPolicy "
    "DeleteRetentionPolicy AssociateKmsKey DisassociateKmsKey TagResource UntagResource "
    "| DescribeLogGroups ListTagsForResource",
    "cloudwatch.LogMetricFilter": "logs: PutMetricFilter | DeleteMetricFilter "
    "| DescribeMetricFilters",
    "cloudwatch.MetricAlarm": "cloudwatch: PutMetricAlarm | DeleteAlarms TagResource "
    "UntagResource | DescribeAlarms ListTagsForResource",
    "codebuild.Project": "codebuild: CreateProject | UpdateProject DeleteProject "
    "| BatchGetProjects",
    "ec2.DefaultSecurityGroup": "ec2: - | AuthorizeSecurityGroupEgress "
    "AuthorizeSecurityGroupIngress RevokeSecurityGroupEgress RevokeSecurityGroupIngress "
    "| DescribeSecurityGroups DescribeSecurityGroupRules",
    "ec2.Eip": "ec2: AllocateAddress | ReleaseAddress AssociateAddress DisassociateAddress "
    "| DescribeAddresses DescribeAddressesAttribute",
    "ec2.FlowLog": "ec2: CreateFlowLogs | DeleteFlowLogs | DescribeFlowLogs",
    "ec2.InternetGateway": "ec2: CreateInternetGateway | DeleteInternetGateway "
    "AttachInternetGateway DetachInternetGateway | DescribeInternetGateways",
    "ec2.LaunchTemplate": "ec2: CreateLaunchTemplate | CreateLaunchTemplateVersion "
    "ModifyLaunchTemplate DeleteLaunchTemplate RunInstances | DescribeLaunchTemplates "
    "DescribeLaunchTemplateVersions",
    "ec2.NatGateway": "ec2: CreateNatGateway | DeleteNatGateway | DescribeNatGateways",
    "ec2.Route": "ec2: CreateRoute | ReplaceRoute DeleteRoute | DescribeRouteTables",
    "ec2.RouteTable": "ec2: CreateRouteTable | DeleteRouteTable | DescribeRouteTables",
    "ec2.RouteTableAssociation": "ec2: AssociateRouteTable | ReplaceRouteTableAssociation "
    "DisassociateRouteTable | DescribeRouteTables",
    "ec2.SecurityGroup": "ec2: CreateSecurityGroup | DeleteSecurityGroup "
    "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress RevokeSecurityGroupEgress "
    "RevokeSecurityGroupIngress DetachNetworkInterface DeleteNetworkInterface "
    "| DescribeSecurityGroups DescribeNetworkInterfaces",
    "ec2.Subnet": "ec2: CreateSubnet | DeleteSubnet ModifySubnetAttribute | DescribeSubnets "
    "DescribeAvailabilityZones",
    "ec2.Vpc": "ec2: CreateVpc | DeleteVpc ModifyVpcAttribute | DescribeVpcs DescribeVpcAttribute "
    "DescribeNetworkAcls",
    "ec2.VpcEndpoint": "ec2: CreateVpcEndpoint | DeleteVpcEndpoints ModifyVpcEndpoint "
    "| DescribeVpcEndpoints DescribePrefixLists DescribeVpcEndpointServices",
    "ecr.LifecyclePolicy": "ecr: PutLifecyclePolicy | DeleteLifecyclePolicy | GetLifecyclePolicy",
    "ecr.Repository": "ecr: CreateRepository | DeleteRepository PutImageTagMutability "
    "PutImageScanningConfiguration BatchDeleteImage TagResource UntagResource "
    "| DescribeRepositories ListTagsForResource",
    "ecr.RepositoryPolicy": "ecr: SetRepositoryPolicy | DeleteRepositoryPolicy "
    "| GetRepositoryPolicy",
    "efs.AccessPoint": "elasticfilesystem: CreateAccessPoint | DeleteAccessPoint TagResource "
    "UntagResource | DescribeAccessPoints ListTagsForResource",
    "efs.FileSystem": "elasticfilesystem: CreateFileSystem | DeleteFileSystem UpdateFileSystem "
    "PutLifecycleConfiguration UpdateFileSystemProtection TagResource UntagResource "
    "| DescribeFileSystems DescribeLifecycleConfiguration ListTagsForResource",
    "efs.FileSystemPolicy": "elasticfilesystem: PutFileSystemPolicy | DeleteFileSystemPolicy "
    "| DescribeFileSystemPolicy",
    "efs.MountTarget": "elasticfilesystem: CreateMountTarget | DeleteMountTarget "
    "ModifyMountTargetSecurityGroups | DescribeMountTargets DescribeMountTargetSecurityGroups",
    "eks.AccessEntry": "eks: CreateAccessEntry | UpdateAccessEntry DeleteAccessEntry "
    "| DescribeAccessEntry",
    "eks.AccessPolicyAssociation": "eks: AssociateAccessPolicy | DisassociateAccessPolicy "
    "| ListAssociatedAccessPolicies",
    "eks.Addon": "eks: CreateAddon | UpdateAddon DeleteAddon | DescribeAddon "
    "DescribeAddonVersions DescribeUpdate",
    "eks.Cluster": "eks: CreateCluster | UpdateClusterConfig UpdateClusterVersion DeleteCluster "
    "AssociateEncryptionConfig TagResource UntagResource | DescribeCluster DescribeUpdate "
    "ListTagsForResource",
    "eks.NodeGroup": "eks: CreateNodegroup | UpdateNodegroupConfig UpdateNodegroupVersion "
    "DeleteNodegroup | DescribeNodegroup DescribeUpdate",
    "eks.PodIdentityAssociation": "eks: CreatePodIdentityAssociation "
    "| UpdatePodIdentityAssociation DeletePodIdentityAssociation "
    "| DescribePodIdentityAssociation ListPodIdentityAssociations",
    "iam.InstanceProfile": "iam: CreateInstanceProfile | AddRoleToInstanceProfile "
    "RemoveRoleFromInstanceProfile DeleteInstanceProfile TagInstanceProfile UntagInstanceProfile "
    "| GetInstanceProfile",
    "iam.OpenIdConnectProvider": "iam: CreateOpenIDConnectProvider | "
    "DeleteOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint "
    "AddClientIDToOpenIDConnectProvider RemoveClientIDFromOpenIDConnectProvider "
    "TagOpenIDConnectProvider UntagOpenIDConnectProvider | GetOpenIDConnectProvider",
    "iam.Role": "iam: CreateRole | UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy "
    "PutRolePermissionsBoundary DeleteRole TagRole UntagRole | GetRole ListRolePolicies "
    "ListAttachedRolePolicies ListInstanceProfilesForRole ListRoleTags",
    "iam.RolePolicy": "iam: - | PutRolePolicy DeleteRolePolicy | GetRolePolicy",
    "iam.RolePolicyAttachment": "iam: - | AttachRolePolicy DetachRolePolicy "
    "| ListAttachedRolePolicies",
    "kms.Alias": "kms: CreateAlias | UpdateAlias DeleteAlias | ListAliases",
    "kms.Key": "kms: CreateKey | PutKeyPolicy UpdateKeyDescription EnableKeyRotation "
    "DisableKeyRotation EnableKey DisableKey ScheduleKeyDeletion TagResource UntagResource "
    "CreateGrant RetireGrant | DescribeKey GetKeyPolicy GetKeyRotationStatus ListResourceTags",
    "lambda_.Function": "lambda: CreateFunction | UpdateFunctionCode UpdateFunctionConfiguration "
    "DeleteFunction TagResource UntagResource | GetFunction GetFunctionCodeSigningConfig "
    "ListVersionsByFunction ListTags",
    "rds.Instance": "rds: CreateDBInstance | ModifyDBInstance DeleteDBInstance RebootDBInstance "
    "CreateDBSnapshot AddTagsToResource RemoveTagsFromResource | DescribeDBInstances "
    "ListTagsForResource",
    "rds.ParameterGroup": "rds: CreateDBParameterGroup | ModifyDBParameterGroup "
    "ResetDBParameterGroup DeleteDBParameterGroup AddTagsToResource RemoveTagsFromResource "
    "| DescribeDBParameterGroups DescribeDBParameters ListTagsForResource",
    "rds.SubnetGroup": "rds: CreateDBSubnetGroup | ModifyDBSubnetGroup DeleteDBSubnetGroup "
    "AddTagsToResource RemoveTagsFromResource | DescribeDBSubnetGroups ListTagsForResource",
    "s3.AccessPoint": "s3: CreateAccessPoint PutAccessPointPublicAccessBlock | DeleteAccessPoint "
    "PutAccessPointPolicy DeleteAccessPointPolicy | GetAccessPoint GetAccessPointPolicy "
    "GetAccessPointPolicyStatus",
    "s3.Bucket": "s3: CreateBucket | DeleteBucket PutBucketTagging DeleteObject "
    "DeleteObjectVersion | ListBucket ListBucketVersions GetBucketTagging GetBucketLocation "
    "GetBucketAcl GetBucketCORS GetBucketWebsite GetAccelerateConfiguration "
    "GetBucketRequestPayment GetReplicationConfiguration GetBucketObjectLockConfiguration",
    "s3.BucketLifecycleConfiguration": "s3: - | PutLifecycleConfiguration "
    "| GetLifecycleConfiguration",
    "s3.BucketLogging": "s3: - | PutBucketLogging | GetBucketLogging",
    "s3.BucketNotification": "s3: - | PutBucketNotification | GetBucketNotification",
    "s3.BucketOwnershipControls": "s3: - | PutBucketOwnershipControls | GetBucketOwnershipControls",
    "s3.BucketPolicy": "s3: - | PutBucketPolicy DeleteBucketPolicy | GetBucketPolicy",
    "s3.BucketPublicAccessBlock": "s3: - | PutBucketPublicAccessBlock | GetBucketPublicAccessBlock",
    "s3.BucketServerSideEncryptionConfiguration": "s3: - | PutEncryptionConfiguration "
    "| GetEncryptionConfiguration",
    "s3.BucketVersioning": "s3: - | PutBucketVersioning | GetBucketVersioning",
    "secretsmanager.Secret": "secretsmanager: CreateSecret | UpdateSecret DeleteSecret "
    "RestoreSecret RotateSecret CancelRotateSecret TagResource UntagResource | DescribeSecret "
    "ListSecrets",
    "secretsmanager.SecretPolicy": "secretsmanager: - | PutResourcePolicy DeleteResourcePolicy "
    "ValidateResourcePolicy | GetResourcePolicy",
    "signer.SigningProfile": "signer: PutSigningProfile | CancelSigningProfile TagResource "
    "UntagResource | GetSigningProfile ListTagsForResource",
    "scheduler.Schedule": "scheduler: CreateSchedule | UpdateSchedule DeleteSchedule | GetSchedule",
    "sfn.StateMachine": "states: CreateStateMachine | UpdateStateMachine DeleteStateMachine "
    "TagResource UntagResource | DescribeStateMachine ListStateMachineVersions "
    "ListTagsForResource ValidateStateMachineDefinition",
    "sns.Topic": "sns: CreateTopic | SetTopicAttributes DeleteTopic TagResource UntagResource "
    "| GetTopicAttributes ListTagsForResource",
    "sns.TopicPolicy": "sns: - | SetTopicAttributes | GetTopicAttributes",
    "sns.TopicSubscription": "sns: Subscribe | SetSubscriptionAttributes Unsubscribe "
    "| GetSubscriptionAttributes",
    "sqs.Queue": "sqs: CreateQueue | SetQueueAttributes DeleteQueue TagQueue UntagQueue "
    "| GetQueueAttributes GetQueueUrl ListQueueTags",
    "sqs.QueuePolicy": "sqs: - | SetQueueAttributes | GetQueueAttributes",
    "vpc.SecurityGroupIngressRule": "ec2: AuthorizeSecurityGroupIngress "
    "| RevokeSecurityGroupIngress ModifySecurityGroupRules | DescribeSecurityGroupRules",
}
"""Each type as components write it (`aws.ec2.Vpc`), with the actions it needs."""

BESIDES = {
    "ec2": ("CreateTags", "DeleteTags"),
    "s3": ("TagResource", "UntagResource", "ListTagsForResource"),
}
"""Actions for the tags of all resources of a service."""

SEARCH = frozenset(
    {
        "ec2:DescribeAddresses",
        "ec2:DescribeFlowLogs",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeLaunchTemplates",
        "ec2:DescribeNatGateways",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeVpcs",
        "ecr:DescribeRepositories",
        "ecr:ListTagsForResource",
        "eks:DescribeCluster",
        "eks:DescribeNodegroup",
        "eks:ListClusters",
        "eks:ListNodegroups",
        "iam:GetOpenIDConnectProvider",
        "iam:ListOpenIDConnectProviders",
        "iam:ListRoleTags",
        "iam:ListRoles",
        "kms:DescribeKey",
        "secretsmanager:DescribeSecret",
        "tag:GetResources",
    }
)
"""Actions with which `recover`, `leftovers` and the end of `destroy` search an account."""


@dataclass(frozen=True)
class Actions:
    """The IAM actions of some types."""

    create: frozenset[str]
    change: frozenset[str]
    read: frozenset[str]


def types_of(blueprints: Iterable[str]) -> set[str]:
    """Return the AWS types that the programs of blueprints can create, read from their source."""
    seen: set[str] = set()
    left = [f"stackyard.blueprints.{name}.program" for name in blueprints]
    types: set[str] = set()
    while left:
        module = left.pop()
        if module in seen:
            continue
        seen.add(module)
        made, imported = _read(module)
        types |= made
        left += imported
    return types


def actions_of(types: Iterable[str]) -> Actions:
    """Return the actions that types need; raises KeyError for a type without a line."""
    parts: tuple[set[str], set[str], set[str]] = (set(), set(), set())
    for kind in types:
        service, _, rest = TABLE[kind].partition(": ")
        for part, names in zip(parts, rest.split("|"), strict=True):
            part |= {f"{service}:{name}" for name in names.split() if name != "-"}
        for name in BESIDES.get(service, ()):
            parts[2 if name.startswith("List") else 1].add(f"{service}:{name}")
    create, change, read = parts
    return Actions(frozenset(create), frozenset(change), frozenset(read) | SEARCH)


def known_blueprints(names: Iterable[str]) -> list[str]:
    """Return these blueprints and those whose contracts they read."""
    known: set[str] = set()
    for name in names:
        known |= {name, *BLUEPRINTS[name]}
    return sorted(known)


@cache
def _read(module: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the types that a module creates, and the modules of the package that it imports."""
    path = _file(module)
    if path is None:
        return frozenset(), ()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    made = frozenset(_calls(tree))
    return made, tuple(dict.fromkeys(_imports(tree)))


def _calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        inner = node.func.value
        if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
            name = node.func.attr
            if inner.value.id == "aws" and name[0].isupper() and not name.endswith("Args"):
                yield f"{inner.attr}.{name}"


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("stackyard"):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.startswith("stackyard"))


def _file(module: str) -> Path | None:
    base = Path(str(stackyard.__file__)).parent.joinpath(*module.split(".")[1:])
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None
